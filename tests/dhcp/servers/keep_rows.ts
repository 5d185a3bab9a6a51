/** Keeping a lease: renewals, daemon restarts, changed hardware addresses. @module */

import { assertEquals } from "@std/assert";
import { readTextOrEmpty } from "../../../tools/lab/background_process.ts";
import { addressesOf, addressOf, type TestNetwork } from "./test_network.ts";
import type { ServerLease } from "../../support/dhcp_server.ts";
import type { ServerRow } from "./server_rows.ts";

/** The earliest renewals that every server accepts; no lease expires during a test. */
const RENEWS_OFTEN = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 100 };
const REBINDS_OFTEN = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 5 };

/** How many renewals and rebinds the server accepted. */
function acks({ host }: TestNetwork): number {
  return readTextOrEmpty(host.daemonLogFile)
    .split(/event=lease-(?:renewed|changed)/).length - 1;
}

/** How many REQUESTs renew the lease: from its address, to one server. */
function renewals(network: TestNetwork, address: string): number {
  return network.wire.messages.filter((
    { type, source, destination, message },
  ) =>
    type === "REQUEST" && source === address && destination !==
      "255.255.255.255" &&
    // RFC 2131 table 4: neither server identifier nor requested address.
    !message.options.has(54) && !message.options.has(50)
  ).length;
}

/** How many REQUESTs rebind the lease: from its address, by broadcast. */
function rebinds(network: TestNetwork, address: string): number {
  return network.wire.messages.filter((
    { type, source, destination, message },
  ) =>
    type === "REQUEST" && destination === "255.255.255.255" &&
    source === address && !message.options.has(54) && !message.options.has(50)
  ).length;
}

/** Rows about the time between ADD and DEL. */
export const KEEP_ROWS: readonly ServerRow[] = [
  {
    name: "the client renews a lease by unicast from its address",
    service: RENEWS_OFTEN,
    run: async (network) => {
      const { host, wire } = network;
      await host.daemon();
      const container = host.container();
      const address = addressOf(await host.add(container));
      await network.until("two renewals", () => acks(network) >= 2);
      await network.until(
        "REQUESTs of renewals",
        () => renewals(network, address) >= 2,
      );
      assertEquals(wire.count("DISCOVER"), 1);
      await network.serverHas([address]);
      await host.call("DEL", container);
      await network.serverHas([]);
    },
  },
  {
    name: "the client rebinds a lease by broadcast when unicast gets no reply",
    service: REBINDS_OFTEN,
    run: async (network) => {
      const { host, wire } = network;
      await host.daemon();
      const container = host.container();
      const address = addressOf(await host.add(container));
      container.ip(
        "neigh replace 192.0.2.1 lladdr 02:00:5e:00:00:99 dev eth0 nud permanent",
      );
      await network.until("rebinding", () => acks(network) >= 1);
      await network.until(
        "REQUEST of rebinding",
        () => rebinds(network, address) >= 1,
      );
      assertEquals(wire.count("DISCOVER"), 1);
      await network.serverHas([address]);
    },
  },
  {
    name: "the client rebinds a lease after its server changes its address",
    service: REBINDS_OFTEN,
    run: async (network) => {
      const { host, wire, server } = network;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.end();
      // The server may have accepted a renewal at its old address.
      const before = acks(network);
      host.server.ip("addr del 192.0.2.1/24 dev eth0");
      host.server.ip("addr add 192.0.2.2/24 dev eth0");
      await server.process.start();
      await network.until("rebinding", () => acks(network) > before);
      assertEquals(wire.count("DISCOVER"), 1);
      await host.call("DEL", container);
      await network.releasedTo("192.0.2.2");
      await network.serverHas([]);
    },
  },
  {
    name:
      "the next daemon resumes the lease of a killed daemon without a DISCOVER",
    service: RENEWS_OFTEN,
    run: async (network) => {
      const { host, wire } = network;
      const first = await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      await first.end("SIGKILL");
      const second = await host.daemon();
      const { json } = await host.call("ADD", container);
      assertEquals(json.ips[0].address, address);
      await network.until("renewal", () => acks(network) >= 1);
      assertEquals(wire.count("DISCOVER"), 1);
      await network.serverHas([addressOf(address)]);
      assertEquals((await host.call("CHECK", container)).code, 0);
      await host.call("DEL", container);
      await network.serverHas([]);
      assertEquals(await second.end("SIGTERM"), 0);
    },
  },
  {
    name: "the next daemon releases a lease whose DEL came while no daemon ran",
    run: async (network) => {
      const { host } = network;
      const first = await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      await first.end("SIGKILL");
      const { code } = await host.call("DEL", container);
      assertEquals(code, 0);
      await network.serverHas([addressOf(address)]);
      await host.daemon();
      await network.serverHas([]);
      assertEquals(host.stateFiles, []);
    },
  },
  {
    name: "a container keeps its lease when its hardware address changes",
    service: RENEWS_OFTEN,
    not: {
      udhcpd: "it identifies clients by hardware address only",
    },
    run: async (network) => {
      const { host, server } = network;
      await host.daemon();
      const container = host.container();
      const address = addressOf(await host.add(container));
      const mac = "02:00:5e:10:00:77";
      container.ip(`link set eth0 address ${mac}`);
      let leases: readonly ServerLease[] = [];
      await network.until("lease of the new hardware address", () => {
        leases = server.leases;
        return leases.some((lease) => lease.mac === mac);
      });
      assertEquals(
        leases.map((lease) => [lease.address, lease.mac]),
        [[address, mac]],
      );
      assertEquals(addressesOf(container), [`${address}/24`]);
    },
  },
];
