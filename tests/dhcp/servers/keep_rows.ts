/** Keeping a lease: renewals, restarts, other hardware addresses. @module */

import { assertEquals } from "@std/assert";
import type { GivenLease } from "../../support/dhcp_server.ts";
import { addressesOf, bare, type Stage } from "./stage.ts";
import type { ServerRow } from "./server_rows.ts";

/** Renewals soon; no server accepts less than these, and a lease is never over within the test. */
const OFTEN = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 100 };
const OFTEN_BY_BROADCAST = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 5 };

function acks(stage: Stage): number {
  const log = stage.host.directory.join("daemon.log");
  return Deno.readTextFileSync(log).split(/lease-(?:renewed|changed)/).length -
    1;
}

/** REQUESTs as a lease is renewed by: to one server, from the address. */
function renewals(stage: Stage, address: string): number {
  return stage.wire.messages.filter(({ type, source, destination, message }) =>
    type === "REQUEST" && source === address && destination !==
      "255.255.255.255" &&
    // RFC 2131 table 4: neither server identifier nor requested address.
    !message.options.has(54) && !message.options.has(50)
  ).length;
}

/** REQUESTs as a lease is rebound by. */
function rebinds(stage: Stage, address: string): number {
  return stage.wire.messages.filter(({ type, source, destination, message }) =>
    type === "REQUEST" && destination === "255.255.255.255" &&
    source === address && !message.options.has(54) && !message.options.has(50)
  ).length;
}

/** Rows about what happens between ADD and DEL. */
export const KEEP_ROWS: readonly ServerRow[] = [
  {
    name: "a lease is renewed by unicast from its address, and accepted",
    service: OFTEN,
    run: async (stage) => {
      const { host, wire } = stage;
      await host.daemon();
      const container = host.container();
      const address = bare(await host.add(container));
      await stage.until("two renewals", () => acks(stage) >= 2);
      await stage.until(
        "REQUESTs of renewals",
        () => renewals(stage, address) >= 2,
      );
      assertEquals(wire.count("DISCOVER"), 1);
      await stage.serverHas([address]);
      await host.call("DEL", container);
      await stage.serverHas([]);
    },
  },
  {
    name: "a lease whose unicasts are lost is rebound by broadcast",
    service: OFTEN_BY_BROADCAST,
    run: async (stage) => {
      const { host, wire } = stage;
      await host.daemon();
      const container = host.container();
      const address = bare(await host.add(container));
      container.ip(
        "neigh replace 192.0.2.1 lladdr 02:00:5e:00:00:99 dev eth0 nud permanent",
      );
      await stage.until("rebinding", () => acks(stage) >= 1);
      await stage.until(
        "REQUEST of rebinding",
        () => rebinds(stage, address) >= 1,
      );
      assertEquals(wire.count("DISCOVER"), 1);
      await stage.serverHas([address]);
    },
  },
  {
    name: "a lease is rebound when the server has another address",
    service: OFTEN_BY_BROADCAST,
    run: async (stage) => {
      const { host, wire, server } = stage;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.stop();
      host.server.ip("addr del 192.0.2.1/24 dev eth0");
      host.server.ip("addr add 192.0.2.2/24 dev eth0");
      await server.process.start();
      await stage.until("rebinding", () => acks(stage) >= 1);
      assertEquals(wire.count("DISCOVER"), 1);
      await host.call("DEL", container);
      await stage.releasedTo("192.0.2.2");
      await stage.serverHas([]);
    },
  },
  {
    name: "a killed daemon's lease goes on in the next, without a DISCOVER",
    service: OFTEN,
    run: async (stage) => {
      const { host, wire } = stage;
      const first = await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      await first.end("SIGKILL");
      const second = await host.daemon();
      const { json } = await host.call("ADD", container);
      assertEquals(json.ips[0].address, address);
      await stage.until("renewal", () => acks(stage) >= 1);
      assertEquals(wire.count("DISCOVER"), 1);
      await stage.serverHas([bare(address)]);
      assertEquals((await host.call("CHECK", container)).code, 0);
      await host.call("DEL", container);
      await stage.serverHas([]);
      assertEquals(await second.end("SIGTERM"), 0);
    },
  },
  {
    name: "a DEL while no daemon runs is made good by the next one",
    run: async (stage) => {
      const { host } = stage;
      const first = await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      await first.end("SIGKILL");
      const { code } = await host.call("DEL", container);
      assertEquals(code, 0);
      await stage.serverHas([bare(address)]);
      await host.daemon();
      await stage.serverHas([]);
      assertEquals(host.stateFiles, []);
    },
  },
  {
    name: "a container with another hardware address keeps its lease",
    service: OFTEN,
    not: {
      udhcpd: "it knows clients by hardware address only",
    },
    run: async (stage) => {
      const { host, server } = stage;
      await host.daemon();
      const container = host.container();
      const address = bare(await host.add(container));
      const mac = "02:00:5e:10:00:77";
      container.ip(`link set eth0 address ${mac}`);
      // Read once: some servers write their file anew, and it is empty meanwhile.
      let leases: readonly GivenLease[] = [];
      await stage.until("lease of the new hardware address", () => {
        leases = server.leases();
        return leases.some((lease) => lease.mac === mac);
      });
      assertEquals(leases, [{ address, mac }]);
      assertEquals(addressesOf(container), [`${address}/24`]);
    },
  },
];
