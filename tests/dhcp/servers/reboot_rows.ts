/**
 * INIT-REBOOT: a client that may be on another network asks for its old address (RFC 2131 section
 * 3.2).
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { formatMacAddress } from "../../../lib/net/mac_address.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressesOf, addressOf, type TestNetwork } from "./test_network.ts";

/** Hardware addresses of containers; udhcpd identifies its clients by them. */
export const MAC = "02:00:5e:10:00:11";
export const OTHER_MAC = "02:00:5e:10:00:12";

/** Removes the carrier of the first container, and waits until the daemon knows it. */
export async function removeCarrier(
  network: TestNetwork,
  container: TestNetns,
): Promise<void> {
  const { host } = network;
  host.server.ip("link set p1 down");
  await network.until("link without carrier", () => !hasCarrier(container));
  // The kernel's notification arrived before this request, so the daemon handled it first.
  await host.call("STATUS", undefined);
}

/** Restores the carrier. */
export function restoreCarrier({ host }: TestNetwork): void {
  host.server.ip("link set p1 up");
}

/**
 * The fields of a REQUEST in state INIT-REBOOT (RFC 2131 table 4); undefined for any other message.
 */
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

/** The fields of every captured REQUEST in state INIT-REBOOT. */
export function reboots(
  { wire }: TestNetwork,
): Readonly<Record<string, string>>[] {
  return wire.messages.map(rebootOf).filter((fields) => fields !== undefined);
}

/** The value of {@link rebootOf} for a REQUEST that follows the RFC. */
export function rebootFor(
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

/** Creates a container with this hardware address. */
export function containerWith(network: TestNetwork, mac: string): TestNetns {
  const container = network.host.container();
  container.ip(`link set eth0 address ${mac}`);
  return container;
}

/**
 * Repeats an ADD under the same container id in another namespace. @returns Its address and its
 * messages without retransmissions, at least `count`.
 */
export async function recreated(
  network: TestNetwork,
  container: TestNetns,
  count: number,
): Promise<{ readonly address: string; readonly messages: ClientMessage[] }> {
  const before = network.wire.distinct.length;
  const messages = (): ClientMessage[] => network.wire.distinct.slice(before);
  const address = addressOf(await network.host.add(container));
  // The capture may be behind the plugin.
  await network.until("messages of the ADD", () => messages().length >= count);
  return { address, messages: messages() };
}

/** Rows about addresses that are requested again. */
export const REBOOT_ROWS: readonly ServerRow[] = [
  {
    name:
      "the client keeps its address after a loss of carrier if the server confirms it",
    run: async (network) => {
      const { host, wire } = network;
      const daemon = await host.daemon();
      const container = containerWith(network, MAC);
      const address = addressOf(await host.add(container));
      await removeCarrier(network, container);
      restoreCarrier(network);
      await network.until(
        "renewal",
        () => daemon.log.includes("event=lease-renewed"),
      );
      await network.until("REQUEST", () => reboots(network).length > 0);
      assertEquals(reboots(network)[0], rebootFor(address));
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
    name: "a recreated container requests its old address",
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const address = addressOf(await host.add(containerWith(network, MAC)));
      // The first container had no DEL.
      const second = containerWith(network, MAC);
      const { address: again, messages } = await recreated(network, second, 1);
      assertEquals(again, address);
      assertEquals(messages.map(rebootOf), [rebootFor(address)]);
      await network.serverHas([address]);
      assertEquals(host.leaseFiles.length, 1);
      assertEquals((await host.call("CHECK", second)).code, 0);
      assertEquals((await host.call("DEL", second)).code, 0);
      await network.serverHas([]);
    },
  },
  {
    name:
      "a recreated container with another hardware address requests its old address",
    not: { udhcpd: "it identifies clients by hardware address only" },
    run: async (network) => {
      const { host, server } = network;
      await host.daemon();
      const first = containerWith(network, MAC);
      const address = addressOf(await host.add(first));
      first.ip("link del eth0");
      const second = containerWith(network, OTHER_MAC);
      const { address: again, messages } = await recreated(network, second, 1);
      assertEquals(again, address);
      assertEquals(messages.map(rebootOf), [rebootFor(address, OTHER_MAC)]);
      await network.until(
        "hardware address in the server's file",
        () => server.leases.some(({ mac }) => mac === OTHER_MAC),
      );
      await network.serverHas([address]);
    },
  },
];
