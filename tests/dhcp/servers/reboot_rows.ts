/** INIT-REBOOT: a client that may be elsewhere by now asks whether its address still holds (RFC 2131 section 3.2). @module */

import { assertEquals } from "@std/assert";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { formatMacAddress } from "../../../lib/net/mac_address.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressesOf, bare, type Stage } from "./stage.ts";

/** Hardware addresses of the containers here; udhcpd knows its clients by them. */
export const MAC = "02:00:5e:10:00:11";
export const OTHER_MAC = "02:00:5e:10:00:12";

/** Takes the carrier away from the first container; the daemon has heard of it afterwards. */
export async function takeCarrier(
  stage: Stage,
  container: TestNetns,
): Promise<void> {
  const { host } = stage;
  host.server.ip("link set p1 down");
  await stage.until("link without carrier", () => !hasCarrier(container));
  // An answer of the daemon: word of the link was there before the question.
  await host.call("STATUS", undefined);
}

/** Gives it back. */
export function giveCarrier({ host }: Stage): void {
  host.server.ip("link set p1 up");
}

/** What a client that reboots says, in the terms of RFC 2131 table 4; undefined for any other message. */
export function rebootOf(
  { type, source, destination, message }: ClientMessage,
): Readonly<Record<string, string>> | undefined {
  const requested = message.options.get(50);
  const isReboot = type === "REQUEST" && requested !== undefined &&
    !message.options.has(54);
  return isReboot
    ? {
      source,
      destination,
      ciaddr: formatIpAddress(message.ciaddr),
      requested: requested.join("."),
      chaddr: formatMacAddress(message.chaddr),
    }
    : undefined;
}

/** The messages that ask for an address again. */
export function reboots({ wire }: Stage): Readonly<Record<string, string>>[] {
  return wire.messages.map(rebootOf).filter((asked) => asked !== undefined);
}

/** {@link rebootOf} of a client that does as the RFC says. */
export function asked(
  requested: string,
  chaddr = MAC,
): Readonly<Record<string, string>> {
  return {
    source: "0.0.0.0",
    destination: "255.255.255.255",
    ciaddr: "0.0.0.0",
    requested,
    chaddr,
  };
}

function hasCarrier(netns: TestNetns): boolean {
  const [link] = netns.list("link show dev eth0");
  return link.flags.includes("LOWER_UP");
}

/** A container with this hardware address. */
export function containerWith(stage: Stage, mac: string): TestNetns {
  const container = stage.host.container();
  container.ip(`link set eth0 address ${mac}`);
  return container;
}

/** ADD under the same name in another namespace, and the `count` messages that it takes. */
export async function madeAnew(
  stage: Stage,
  container: TestNetns,
  count: number,
): Promise<{ readonly address: string; readonly said: ClientMessage[] }> {
  const before = stage.wire.messages.length;
  const said = (): ClientMessage[] => stage.wire.messages.slice(before);
  const address = bare(await stage.host.add(container));
  // The test may hear of the answer first.
  await stage.until("messages of the ADD", () => said().length >= count);
  return { address, said: said() };
}

/** Rows about addresses that are asked for again. */
export const REBOOT_ROWS: readonly ServerRow[] = [
  {
    name: "a link that was away: the address is asked about, and kept",
    run: async (stage) => {
      const { host, wire } = stage;
      const daemon = await host.daemon();
      const container = containerWith(stage, MAC);
      const address = bare(await host.add(container));
      await takeCarrier(stage, container);
      giveCarrier(stage);
      await stage.until(
        "answer",
        () => daemon.log.includes("event=lease-renewed"),
      );
      await stage.until("REQUEST", () => reboots(stage).length > 0);
      assertEquals(reboots(stage)[0], asked(address));
      assertEquals(wire.count("DISCOVER"), 1);
      await stage.serverHas([address]);
      assertEquals(addressesOf(container), [`${address}/24`]);
      const [route] = container.list("route show default");
      assertEquals(route?.gateway, "192.0.2.1");
      assertEquals((await host.call("CHECK", container)).code, 0);
      await host.call("DEL", container);
      await stage.serverHas([]);
    },
  },
  {
    name: "a container made anew under its name asks for its address",
    run: async (stage) => {
      const { host } = stage;
      await host.daemon();
      const address = bare(await host.add(containerWith(stage, MAC)));
      // The first one is left as it is: its DEL never came.
      const second = containerWith(stage, MAC);
      const { address: again, said } = await madeAnew(stage, second, 1);
      assertEquals(again, address);
      assertEquals(said.map(rebootOf), [asked(address)]);
      await stage.serverHas([address]);
      assertEquals(host.leaseFiles.length, 1);
      assertEquals((await host.call("CHECK", second)).code, 0);
      assertEquals((await host.call("DEL", second)).code, 0);
      await stage.serverHas([]);
    },
  },
  {
    name: "a container made anew with another hardware address, too",
    not: { udhcpd: "it knows clients by hardware address only" },
    run: async (stage) => {
      const { host, server } = stage;
      await host.daemon();
      const first = containerWith(stage, MAC);
      const address = bare(await host.add(first));
      first.ip("link del eth0");
      const second = containerWith(stage, OTHER_MAC);
      const { address: again, said } = await madeAnew(stage, second, 1);
      assertEquals(again, address);
      assertEquals(said.map(rebootOf), [asked(address, OTHER_MAC)]);
      await stage.until(
        "hardware address in the server's file",
        () => server.leases().some(({ mac }) => mac === OTHER_MAC),
      );
      await stage.serverHas([address]);
    },
  },
];
