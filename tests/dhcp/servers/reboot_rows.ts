/** INIT-REBOOT: a client that may be elsewhere by now asks whether its address still holds (RFC 2131 section 3.2). @module */

import { assertEquals } from "@std/assert";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { formatMacAddress } from "../../../lib/net/mac_address.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressesOf, addressOf, type TestNetwork } from "./test_network.ts";

/** Hardware addresses of the containers here; udhcpd knows its clients by them. */
export const MAC = "02:00:5e:10:00:11";
export const OTHER_MAC = "02:00:5e:10:00:12";

/** Takes the carrier away from the first container; the daemon has heard of it afterwards. */
export async function takeCarrier(
  network: TestNetwork,
  container: TestNetns,
): Promise<void> {
  const { host } = network;
  host.server.ip("link set p1 down");
  await network.until("link without carrier", () => !hasCarrier(container));
  // An answer of the daemon: word of the link was there before the question.
  await host.call("STATUS", undefined);
}

/** Gives it back. */
export function giveCarrier({ host }: TestNetwork): void {
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
export function reboots(
  { wire }: TestNetwork,
): Readonly<Record<string, string>>[] {
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
export function containerWith(network: TestNetwork, mac: string): TestNetns {
  const container = network.host.container();
  container.ip(`link set eth0 address ${mac}`);
  return container;
}

/** ADD under the same name in another namespace, and the `count` messages that it takes. */
export async function madeAnew(
  network: TestNetwork,
  container: TestNetns,
  count: number,
): Promise<{ readonly address: string; readonly said: ClientMessage[] }> {
  const before = network.wire.messages.length;
  const said = (): ClientMessage[] => network.wire.messages.slice(before);
  const address = addressOf(await network.host.add(container));
  // The test may hear of the answer first.
  await network.until("messages of the ADD", () => said().length >= count);
  return { address, said: said() };
}

/** Rows about addresses that are asked for again. */
export const REBOOT_ROWS: readonly ServerRow[] = [
  {
    name: "a link that was away: the address is asked about, and kept",
    run: async (network) => {
      const { host, wire } = network;
      const daemon = await host.daemon();
      const container = containerWith(network, MAC);
      const address = addressOf(await host.add(container));
      await takeCarrier(network, container);
      giveCarrier(network);
      await network.until(
        "answer",
        () => daemon.log.includes("event=lease-renewed"),
      );
      await network.until("REQUEST", () => reboots(network).length > 0);
      assertEquals(reboots(network)[0], asked(address));
      assertEquals(wire.count("DISCOVER"), 1);
      await network.serverHas([address]);
      assertEquals(addressesOf(container), [`${address}/24`]);
      const [route] = container.list("route show default");
      assertEquals(route?.gateway, "192.0.2.1");
      assertEquals((await host.call("CHECK", container)).code, 0);
      await host.call("DEL", container);
      await network.serverHas([]);
    },
  },
  {
    name: "a container made anew under its name asks for its address",
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const address = addressOf(await host.add(containerWith(network, MAC)));
      // The first one is left as it is: its DEL never came.
      const second = containerWith(network, MAC);
      const { address: again, said } = await madeAnew(network, second, 1);
      assertEquals(again, address);
      assertEquals(said.map(rebootOf), [asked(address)]);
      await network.serverHas([address]);
      assertEquals(host.leaseFiles.length, 1);
      assertEquals((await host.call("CHECK", second)).code, 0);
      assertEquals((await host.call("DEL", second)).code, 0);
      await network.serverHas([]);
    },
  },
  {
    name: "a container made anew with another hardware address, too",
    not: { udhcpd: "it knows clients by hardware address only" },
    run: async (network) => {
      const { host, server } = network;
      await host.daemon();
      const first = containerWith(network, MAC);
      const address = addressOf(await host.add(first));
      first.ip("link del eth0");
      const second = containerWith(network, OTHER_MAC);
      const { address: again, said } = await madeAnew(network, second, 1);
      assertEquals(again, address);
      assertEquals(said.map(rebootOf), [asked(address, OTHER_MAC)]);
      await network.until(
        "hardware address in the server's file",
        () => server.leases.some(({ mac }) => mac === OTHER_MAC),
      );
      await network.serverHas([address]);
    },
  },
];
