import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  AddressHistory,
  type HistorySettings,
  type Moment,
} from "../../../lib/host_local/address_history.ts";
import { AddressPreferences } from "../../../lib/host_local/address_preferences.ts";
import type { Reservation } from "../../../lib/host_local/ports.ts";
import { parseOwner } from "../../../lib/host_local/reservation_format.ts";
import { usableAddresses } from "../../../lib/host_local/range_set.ts";
import { formatIpAddress, sameAddress } from "../../../lib/net/ip_address.ts";
import { checkProperty } from "../../support/property.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, ip, rangeSet, tableOf } from "./builders.ts";

const NOW: Moment = { bootId: 7, uptimeSeconds: 1_000, atMs: 5_000_000 };

/** `.2` to `.6`. */
const SET = rangeSet("10.0.0.0/29");

interface Input {
  readonly lines?: readonly string[];
  readonly taken?: readonly string[];
  readonly cursor?: string;
  readonly settings?: Partial<HistorySettings>;
  readonly set?: typeof SET;
}

function preferences(
  { lines = [], settings = {} }: Pick<Input, "lines" | "settings">,
): AddressPreferences {
  return new AddressPreferences({
    history: AddressHistory.parse(lines.map((line) => `${line}\n`).join("")),
    settings: {
      cooldownSeconds: 60,
      isSticky: true,
      recordsOwners: true,
      pod: { namespace: "shop", name: "web-0" },
      ...settings,
    },
    attachment: attachment({ containerId: "new" }),
    now: NOW,
  });
}

function choose({ taken = [], cursor, set = SET, ...input }: Input): string {
  const address = preferences(input).choose(set, {
    cursor: cursor === undefined ? undefined : ip(cursor),
    free: tableOf(taken),
  });
  return address === undefined ? "none" : formatIpAddress(address);
}

/** Released long ago, or just now. */
const LONG_AGO = "1000 7 100 1000";
const JUST_NOW = "1000 7 990 1000";
const ALL_BUT_5_AND_6 = ["10.0.0.2", "10.0.0.3", "10.0.0.4"];

testRows("an ADD of pod shop/web-0 prefers", [
  { name: "the next address without a history", input: {}, want: "10.0.0.2" },
  {
    name: "the address that the pod had last",
    input: { lines: [`10.0.0.5 eth0 c1 shop/web-0 ${LONG_AGO}`] },
    want: "10.0.0.5",
  },
  {
    name: "the last of several that it had",
    input: {
      lines: [
        `10.0.0.5 eth0 c1 shop/web-0 ${LONG_AGO}`,
        `10.0.0.4 eth0 c2 shop/web-0 ${LONG_AGO}`,
      ],
    },
    want: "10.0.0.4",
  },
  {
    name: "the one before that if the last is taken",
    input: {
      lines: [
        `10.0.0.5 eth0 c1 shop/web-0 ${LONG_AGO}`,
        `10.0.0.4 eth0 c2 shop/web-0 ${LONG_AGO}`,
      ],
      taken: ["10.0.0.4"],
    },
    want: "10.0.0.5",
  },
  {
    name: "its address although it was released just now",
    input: { lines: [`10.0.0.5 eth0 c1 shop/web-0 ${JUST_NOW}`] },
    want: "10.0.0.5",
  },
  {
    name: "its address although no release was recorded",
    input: { lines: ["10.0.0.5 eth0 c1 shop/web-0 1000"] },
    want: "10.0.0.5",
  },
  {
    name: "no address of its other interface",
    input: { lines: [`10.0.0.2 net1 c1 shop/web-0 ${LONG_AGO}`] },
    want: "10.0.0.3",
  },
  {
    name: "no address of a pod of the same name elsewhere",
    input: { lines: [`10.0.0.2 eth0 c1 test/web-0 ${LONG_AGO}`] },
    want: "10.0.0.3",
  },
  {
    name: "no address outside the set",
    input: { lines: [`10.1.0.5 eth0 c1 shop/web-0 ${LONG_AGO}`] },
    want: "10.0.0.2",
  },
  {
    name: "no address that is a gateway now",
    input: { lines: [`10.0.0.1 eth0 c1 shop/web-0 ${LONG_AGO}`] },
    want: "10.0.0.2",
  },
  {
    name: "no address that is excluded now",
    input: {
      lines: [`10.0.0.5 eth0 c1 shop/web-0 ${LONG_AGO}`],
      set: rangeSet({ subnet: "10.0.0.0/29", exclude: ["10.0.0.5"] }),
    },
    want: "10.0.0.2",
  },
  {
    name: "no address that is kept for another pod",
    input: {
      lines: [
        `10.0.0.2 eth0 c1 shop/db-0 ${LONG_AGO}`,
        `10.0.0.3 eth0 c1 shop/db-1 ${LONG_AGO}`,
      ],
    },
    want: "10.0.0.4",
  },
  {
    name: "of those that are kept the one that was released first",
    input: {
      lines: [
        `10.0.0.6 eth0 c1 shop/db-0 ${LONG_AGO}`,
        `10.0.0.5 eth0 c1 shop/db-1 ${LONG_AGO}`,
      ],
      taken: ALL_BUT_5_AND_6,
    },
    want: "10.0.0.6",
  },
  {
    name: "one that is kept and has cooled down",
    input: {
      lines: [
        `10.0.0.6 eth0 c1 shop/db-0 ${JUST_NOW}`,
        `10.0.0.5 eth0 c1 shop/db-1 ${LONG_AGO}`,
      ],
      taken: ALL_BUT_5_AND_6,
    },
    want: "10.0.0.5",
  },
  {
    name: "none if all that are free cool down",
    input: {
      lines: [
        `10.0.0.6 eth0 c1 shop/db-0 ${JUST_NOW}`,
        `10.0.0.5 eth0 c1 - ${JUST_NOW}`,
      ],
      taken: ALL_BUT_5_AND_6,
    },
    want: "none",
  },
  {
    name: "an address that upstream released without a record",
    input: {
      lines: ["10.0.0.5 eth0 c1 - 1000", "10.0.0.6 eth0 c1 - 1000"],
      taken: ALL_BUT_5_AND_6,
    },
    want: "10.0.0.5",
  },
  {
    name: "what comes after the cursor and does not cool down",
    input: {
      lines: [`10.0.0.5 eth0 c1 - ${JUST_NOW}`],
      cursor: "10.0.0.4",
    },
    want: "10.0.0.6",
  },
], ({ input, want }) => {
  assertEquals(choose(input), want);
});

testRows("without sticky an ADD prefers", [
  {
    name: "the next address",
    input: { lines: [`10.0.0.5 eth0 c1 shop/web-0 ${LONG_AGO}`] },
    want: "10.0.0.2",
  },
  {
    name: "an address of another pod",
    input: { lines: [`10.0.0.2 eth0 c1 shop/db-0 ${LONG_AGO}`] },
    want: "10.0.0.2",
  },
  {
    name: "no address that cools down",
    input: { lines: [`10.0.0.2 eth0 c1 shop/db-0 ${JUST_NOW}`] },
    want: "10.0.0.3",
  },
  {
    name: "an address that its own pod released just now",
    input: { lines: [`10.0.0.2 eth0 c1 shop/web-0 ${JUST_NOW}`] },
    want: "10.0.0.2",
  },
  {
    name: "an address that its own container released just now",
    input: { lines: [`10.0.0.2 eth0 new - ${JUST_NOW}`] },
    want: "10.0.0.2",
  },
], ({ input, want }) => {
  assertEquals(choose({ ...input, settings: { isSticky: false } }), want);
});

Deno.test("coolingIn() returns what becomes free first at the front", () => {
  const some = preferences({
    lines: [
      "10.0.0.4 eth0 c1 - 1000 7 990 1000",
      "10.0.0.5 eth0 c1 - 1000 7 960 1000",
      "10.0.0.6 eth0 c1 - 1000 7 980 1000",
      "10.0.0.2 eth0 c1 - 1000 7 100 1000",
      "10.1.0.4 eth0 c1 - 1000 7 990 1000",
    ],
  }).coolingIn(SET, tableOf(["10.0.0.6"]));
  assertEquals(
    some.map(({ use, seconds }) => [formatIpAddress(use.address), seconds]),
    [["10.0.0.5", 21], ["10.0.0.4", 51]],
  );
});

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
    line: "10.0.0.5 eth0 c1 shop/web-1 1000",
    want: [],
  },
  {
    name: "no address outside the range sets",
    line: "10.1.0.5 eth0 c1 shop/web-0 1000",
    want: [],
  },
  { name: "nothing without sticky", isSticky: false, want: [] },
], ({
  line = "10.0.0.5 eth0 c1 shop/web-0 1000",
  owner = "c1\r\neth0",
  fromEarlierBoot = true,
  isSticky = true,
  want,
}) => {
  const released: string[] = [];
  const some = preferences({
    lines: [line],
    settings: { isSticky },
  });
  some.releaseFromEarlierBoot({
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
  }, [SET]);
  assertEquals(released, want);
});

const anyLine = fc.record({
  host: fc.nat({ max: 7 }),
  pod: fc.constantFrom("-", "shop/web-0", "shop/db-0", "shop/db-1"),
  when: fc.constantFrom(LONG_AGO, JUST_NOW, "1000"),
}).map(({ host, pod, when }) => `10.0.0.${host} eth0 c1 ${pod} ${when}`);

Deno.test("choose() finds an address exactly if one is free and does not cool down", () => {
  checkProperty(
    fc.property(
      fc.record({
        lines: fc.array(anyLine, { maxLength: 9 }),
        taken: fc.uniqueArray(fc.integer({ min: 2, max: 6 })),
        cursor: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
        isSticky: fc.boolean(),
      }),
      ({ lines, taken, cursor, isSticky }) => {
        const set = rangeSet({ subnet: "10.0.0.0/29", exclude: ["10.0.0.3"] });
        const table = tableOf(taken.map((host) => `10.0.0.${host}`));
        const some = preferences({ lines, settings: { isSticky } });
        const chosen = some.choose(set, {
          cursor: cursor === undefined ? undefined : ip(`10.0.0.${cursor}`),
          free: table,
        });
        const possible = usableAddresses(set).toArray().filter((address) =>
          table.firstFree(address, address) !== undefined &&
          some.cooling(address) === undefined
        );
        assertEquals(chosen !== undefined, possible.length > 0);
        if (chosen === undefined) return;
        assert(possible.some((address) => sameAddress(address, chosen)));
        const isKept = some.keptFor(chosen) !== undefined;
        const areAllKept = possible.every((address) =>
          some.keptFor(address) !== undefined
        );
        assert(!isKept || areAllKept);
      },
    ),
  );
});
