/** A daemon that lacks capabilities. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { missing } from "../../support/requirements.ts";
import { DhcpHost } from "./dhcp_host.ts";

/** Runs a program without capabilities, as setpriv(1) names them. */
function without(...names: readonly string[]): readonly string[] {
  const set = names.map((name) => `-${name}`).join();
  return ["setpriv", "--bounding-set", set, "--inh-caps", "-all"];
}

/** The capabilities that the daemon reports as missing. */
function reported(log: string): string[] {
  return [...log.matchAll(/event=capability-missing capability=(\S+)/g)]
    .map(([, name = ""]) => name);
}

const ROWS: readonly Omit<ParallelRow, "reason">[] = [
  {
    name: "without CAP_NET_RAW ADD fails at once, with the reason",
    run: async () => {
      await using host = new DhcpHost();
      host.daemonRunner = without("net_raw");
      const daemon = await host.daemon();
      const startMs = performance.now();
      const { code, json } = await host.call("ADD", host.container());
      // The default limit of an ADD is a minute.
      assert(performance.now() - startMs < 45_000);
      assertEquals([code, json.code, json.msg], [
        ...[1, 5],
        "error calling DHCP.Allocate: cannot send DHCP messages: socket: operation not permitted",
      ]);
      assert(json.details.includes("CAP_NET_RAW"), json.details);
      assertEquals(reported(daemon.log), ["CAP_NET_RAW"]);
      assertEquals(daemon.count("event=packet-sent"), 0);
      assertEquals(daemon.count("event=send-failed"), 1);
      assertEquals(host.leaseFiles, []);
      const status = await host.call("STATUS", undefined);
      assertEquals([status.code, status.json], [1, {
        cniVersion: "1.1.0",
        code: 50,
        msg:
          "the daemon lacks the capability CAP_NET_RAW: no DHCP message can be sent, so every ADD fails",
      }]);
    },
  },
  {
    name: "without CAP_SYS_ADMIN the daemon does not start, and says why",
    run: async () => {
      await using host = new DhcpHost();
      const [program = "", ...args] = without("sys_admin");
      const { code, stderr } = await new Deno.Command(program, {
        args: [...args, DHCP_BIN, "daemon", "-socketpath", host.socketPath],
        stdin: "null",
        signal: AbortSignal.timeout(60_000),
      }).output();
      const log = new TextDecoder().decode(stderr);
      assertEquals(code, 1, log);
      assert(log.includes("missing capability CAP_SYS_ADMIN"), log);
    },
  },
  {
    name: "CAP_SYS_ADMIN and CAP_NET_RAW suffice for the life of a lease",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq({
        leaseSeconds: 120,
        extra: ["--dhcp-option-force=58,3", "--dhcp-option-force=59,100"],
      });
      host.daemonRunner = without(
        ...["net_admin", "net_bind_service", "net_broadcast", "sys_ptrace"],
      );
      const daemon = await host.daemon();
      assertEquals(reported(daemon.log), [
        "CAP_NET_ADMIN",
        "CAP_NET_BROADCAST",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_PTRACE",
      ]);
      const container = host.container();
      // The daemon may not do it, and the main plugin has done it.
      container.ip("link set eth0 up");
      await host.add(container);
      await daemon.until(
        "renewal",
        () => daemon.count("event=lease-renewed") > 0,
      );
      assertEquals(daemon.count("event=send-failed"), 0, daemon.log);
      assertEquals((await host.call("CHECK", container)).code, 0);
      assertEquals((await host.call("DEL", container)).code, 0);
      await server.untilNoLease();
    },
  },
];

/** Rows with a daemon that lacks capabilities. */
export const CAPABILITY_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  name: `capabilities: ${row.name}`,
  reason: missing("command:dnsmasq", "command:setpriv"),
}));
