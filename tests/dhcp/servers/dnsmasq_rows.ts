/** Tests that need any real server; they use dnsmasq. @module */

import { assert, assertEquals } from "@std/assert";
import { DhcpHost } from "./dhcp_host.ts";
import { missing } from "../../support/requirements.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";

const ROWS: readonly Omit<ParallelRow, "reason">[] = [
  {
    name: "a container acquires a lease, and DEL releases it",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq({
        extra: ["--dhcp-option=6,192.0.2.53", "--dhcp-option=15,a.example"],
      });
      await host.daemon();
      const container = host.container();

      const { code, json } = await host.call("ADD", container, {
        cniArgs: "IgnoreUnknown=1;K8S_POD_NAME=web-0",
      });

      assertEquals(code, 0);
      const lease = await server.onlyLease();
      assertEquals(lease.hostName, "web-0");
      assertEquals(lease.clientId, "00:63:31:2f:6e:65:74:2f:65:74:68:30");
      assertEquals(json, {
        cniVersion: "1.1.0",
        dns: { domain: "a.example", nameservers: ["192.0.2.53"] },
        ips: [{ address: `${lease.address}/24`, gateway: "192.0.2.1" }],
        routes: [{ dst: "0.0.0.0/0", gw: "192.0.2.1" }],
      });
      container.ip(`addr add ${lease.address}/24 dev eth0`);
      assertEquals((await host.call("CHECK", container)).code, 0);

      assertEquals((await host.call("DEL", container)).code, 0);
      await server.untilNoLease();
      assertEquals(host.leaseFiles, []);
    },
  },

  {
    name:
      "the daemon renews a lease by unicast, and a new daemon resumes it after a kill",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq({
        // The minimum of dnsmasq is two minutes for a lease and three seconds for T1.
        leaseSeconds: 120,
        extra: ["--dhcp-option=58,3", "--dhcp-option=59,100"],
      });
      const first = await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      const renewal = new RegExp(
        `type=DHCPREQUEST xid=[0-9a-f]{8} source=${
          address.replace("/24", "")
        } destination=192.0.2.1`,
      );
      await first.until("REQUEST", () => renewal.test(first.log));
      await first.until(
        "renewal",
        () => first.log.includes("event=lease-renewed"),
      );

      await first.end("SIGKILL");
      const discovers = server.process.count("DHCPDISCOVER");
      const second = await host.daemon();
      const acks = server.process.count("DHCPACK");
      await waitUntil(
        "renewal after the restart",
        () => server.process.count("DHCPACK") > acks,
      );
      assert(second.log.includes("event=lease-resumed"));
      assertEquals(server.process.count("DHCPDISCOVER"), discovers);
      assertEquals(`${(await server.onlyLease()).address}/24`, address);
      assertEquals(
        (await host.call("ADD", container)).json.ips[0].address,
        address,
      );
      assertEquals((await host.call("DEL", undefined)).code, 0);
      await server.untilNoLease();
    },
  },

  {
    name: "the next daemon releases a lease whose DEL came while no daemon ran",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const first = await host.daemon();
      const container = host.container();
      await host.add(container);
      assertEquals(await first.end("SIGTERM"), 0);
      await server.onlyLease();

      const status = await host.call("STATUS", undefined);
      assertEquals([status.code, status.json.code], [1, 50]);
      const add = await host.call("ADD", container);
      assertEquals(add.json.code, 11);
      assertEquals(
        add.json.msg,
        `error dialing DHCP daemon: dial unix ${host.socketPath}: connect: no such file or directory`,
      );
      const del = await host.call("DEL", undefined);
      assertEquals([del.code, del.json], [0, undefined]);
      await server.onlyLease();

      await host.daemon();
      await server.untilNoLease();
      assertEquals(host.stateFiles, []);
      assertEquals((await host.call("STATUS", undefined)).code, 0);
    },
  },

  {
    name:
      "the daemon drops the lease of a removed namespace that was the only way to the server",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon();
      const container = host.container();
      await host.add(container);
      container.remove();
      await waitUntil("end of the lease", () => host.leaseFiles.length === 0);
      await server.onlyLease();
    },
  },

  {
    name: "ADD declines an address that another machine uses, and gets another",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq({
        extra: ["--dhcp-host=02:00:5e:00:00:07,192.0.2.77"],
      });
      const daemon = await host.daemon();
      // The server's bridge answers probes for the reserved address.
      host.server.ip("addr add 192.0.2.77/32 dev eth0");
      const container = host.container();
      container.ip("link set eth0 address 02:00:5e:00:00:07");
      // Longer than a busy machine keeps the daemon waiting.
      const ipam = { conflictProbeMs: 2000, timeout: "60s" };
      const { code, json } = await host.call("ADD", container, { ipam });
      assertEquals(code, 0, JSON.stringify(json));
      assert(json.ips[0].address !== "192.0.2.77/24");
      assert(daemon.log.includes("type=DHCPDECLINE"));
      assertEquals(server.process.count("DHCPDECLINE"), 1);
    },
  },

  {
    name: "ADD completes after a probe without a conflict",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      const daemon = await host.daemon();
      const ipam = { conflictProbeMs: 300 };
      const { code } = await host.call("ADD", host.container(), { ipam });
      assertEquals(code, 0);
      assert(daemon.log.includes("from=REQUESTING to=PROBING"));
      assert(daemon.log.includes("from=PROBING to=BOUND"));
    },
  },

  {
    name:
      "the network configuration sets client identifier, gateway and host name, a daemon flag the broadcast flag",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon("-broadcast");
      const container = host.container();
      container.ip("link set eth0 address 02:00:5e:00:00:08");
      const { json } = await host.call("ADD", container, {
        ipam: {
          clientId: "mac",
          suppress: ["gateway"],
          provide: { option: "host-name", fromArg: "NAME" },
        },
        cniArgs: "NAME=db-1",
      });
      assertEquals(json.routes, undefined);
      assertEquals(json.ips[0].gateway, undefined);
      const { clientId, hostName } = await server.onlyLease();
      assertEquals([clientId, hostName], ["01:02:00:5e:00:00:08", "db-1"]);
      // dnsmasq logs how it sends its replies: with the flag, by broadcast.
      assert(
        server.process.count("broadcast response") > 0,
        server.process.log,
      );
    },
  },
];

/** Rows with dnsmasq. */
export const DNSMASQ_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  name: `dnsmasq: ${row.name}`,
  reason: missing("command:dnsmasq"),
}));
