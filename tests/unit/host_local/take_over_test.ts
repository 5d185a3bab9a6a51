import { assertEquals } from "@std/assert";
import { AddressHistory } from "../../../lib/host_local/address_history.ts";
import { AddressPreferences } from "../../../lib/host_local/address_preferences.ts";
import type { Reservation } from "../../../lib/host_local/ports.ts";
import { parseOwner } from "../../../lib/host_local/reservation_format.ts";
import { releaseFromEarlierBoot } from "../../../lib/host_local/take_over.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, rangeSet } from "./builders.ts";

const HELD = "10.0.0.5 eth0 c1 shop/web-0 1000\n";

function preferences(text: string, isSticky: boolean): AddressPreferences {
  return new AddressPreferences({
    history: AddressHistory.parse(text),
    settings: {
      cooldownSeconds: 0,
      isSticky,
      recordsOwners: true,
      pod: { namespace: "shop", name: "web-0" },
    },
    attachment: attachment({ containerId: "new" }),
    now: { bootId: 7, uptimeSeconds: 1_000, atMs: 5_000_000 },
  });
}

testRows("ADD takes over, from before the boot,", [
  { name: "the address of its pod", want: ["10.0.0.5"] },
  {
    name: "no address that was reserved in this boot",
    fromEarlierBoot: false,
    want: [],
  },
  {
    name: "no address that another container has got since",
    owner: "c9\r\neth0",
    want: [],
  },
  { name: "no address without an owner", owner: "a note", want: [] },
  {
    name: "no address of another pod",
    text: "10.0.0.5 eth0 c1 shop/web-1 1000\n",
    want: [],
  },
  {
    name: "no address outside the range sets",
    text: "10.1.0.5 eth0 c1 shop/web-0 1000\n",
    want: [],
  },
  { name: "nothing without sticky", isSticky: false, want: [] },
], ({
  text = HELD,
  owner = "c1\r\neth0",
  fromEarlierBoot = true,
  isSticky = true,
  want,
}) => {
  const released: string[] = [];
  releaseFromEarlierBoot({
    find: (address): Reservation => ({
      address,
      owner: parseOwner(owner),
      reservedAtMs: 1_000,
      fromEarlierBoot,
      location: `/d/net/${formatIpAddress(address)}`,
    }),
    reclaim: (reservations) =>
      void released.push(
        ...reservations.map(({ address }) => formatIpAddress(address)),
      ),
  }, {
    preferences: preferences(text, isSticky),
    rangeSets: [rangeSet("10.0.0.0/29")],
  });
  assertEquals(released, want);
});

Deno.test("ADD takes over nothing without preferences", () => {
  releaseFromEarlierBoot({
    find: () => {
      throw new Error("not reached");
    },
    reclaim: () => {
      throw new Error("not reached");
    },
  }, { preferences: undefined, rangeSets: [rangeSet("10.0.0.0/29")] });
});
