/** Keeping a lease: renewals, restarts, other hardware addresses. @module */

import { assertEquals } from "@std/assert";
import { addressesOf, addressOf, type TestNetwork } from "./test_network.ts";
import type { ServerRow } from "./server_rows.ts";

/** Renewals soon; no server accepts less than these, and a lease is never over within the test. */
const OFTEN = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 100 };
const OFTEN_BY_BROADCAST = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 5 };

function acks(network: TestNetwork): number {
  const log = network.host.directory.join("daemon.log");
  return Deno.readTextFileSync(log).split(/lease-(?:renewed|changed)/).length -
    1;
}

/** REQUESTs as a lease is renewed by: to one server, from the address. */
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

/** REQUESTs as a lease is rebound by. */
function rebinds(network: TestNetwork, address: string): number {
  return network.wire.messages.filter((
    { type, source, destination, message },
  ) =>
    type === "REQUEST" && destination === "255.255.255.255" &&
    source === address && !message.options.has(54) && !message.options.has(50)
  ).length;
}

/** Rows about what happens between ADD and DEL. */
export const KEEP_ROWS: readonly ServerRow[] = [
  {
    name: "a lease is renewed by unicast from its address, and accepted",
    service: OFTEN,
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
    name: "a lease whose unicasts are lost is rebound by broadcast",
    service: OFTEN_BY_BROADCAST,
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
    name: "a lease is rebound when the server has another address",
    service: OFTEN_BY_BROADCAST,
    run: async (network) => {
      const { host, wire, server } = network;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.end();
      host.server.ip("addr del 192.0.2.1/24 dev eth0");
      host.server.ip("addr add 192.0.2.2/24 dev eth0");
      await server.process.start();
      await network.until("rebinding", () => acks(network) >= 1);
      assertEquals(wire.count("DISCOVER"), 1);
      await host.call("DEL", container);
      await network.releasedTo("192.0.2.2");
      await network.serverHas([]);
    },
  },
  {
    name: "a killed daemon's lease goes on in the next, without a DISCOVER",
    service: OFTEN,
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
    name: "a DEL while no daemon runs is made good by the next one",
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
    name: "a container with another hardware address keeps its lease",
    service: OFTEN,
    not: {
      udhcpd: "it knows clients by hardware address only",
    },
    run: async (network) => {
      const { host, server } = network;
      await host.daemon();
      const container = host.container();
      const address = addressOf(await host.add(container));
      const mac = "02:00:5e:10:00:77";
      container.ip(`link set eth0 address ${mac}`);
      await network.until(
        "lease of the new hardware address",
        () => server.leases.some((lease) => lease.mac === mac),
      );
      assertEquals(server.leases, [{ address, mac }]);
      assertEquals(addressesOf(container), [`${address}/24`]);
    },
  },
];
