/** leases, show, renew and release with a real daemon and a real server. @module */

import { assert, assertEquals } from "@std/assert";
import { startDhcpDaemon } from "../../../tools/lab/dhcp_daemon.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { runPlugin } from "../../support/plugin_process.ts";
import { missing } from "../../support/requirements.ts";
import { DhcpHost } from "../servers/dhcp_host.ts";
import { assertIncludes, jsonOf, runOperator } from "./command_process.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;

function socketOf({ socketPath }: DhcpHost): readonly string[] {
  return ["--socket", socketPath];
}

const ROWS: readonly ParallelRow[] = [
  {
    name: "leases and show describe a lease of the daemon",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      await host.daemon();
      const container = host.container();
      const address = await host.add(container);

      const listed = await runOperator(["leases", ...socketOf(host)]);
      assertEquals([listed.code, listed.stderr], [0, ""]);
      assertIncludes(listed.stdout, `BOUND  ${address}`);

      const { code, json } = await jsonOf(["show", "c1", ...socketOf(host)]);
      assertEquals(code, 0);
      assertEquals(json.source, "daemon");
      const [lease] = json.leases;
      assertEquals({
        ...lease,
        ...{ macAddress: "", start: "", t1: "", t2: "", expiry: "" },
        packets: { ...lease.packets, dropped: 0 },
      }, {
        containerId: "c1",
        networkName: "net",
        ifName: "eth0",
        state: "BOUND",
        netns: container.path,
        macAddress: "",
        unanswered: 0,
        address,
        server: "192.0.2.1",
        start: "",
        t1: "",
        t2: "",
        expiry: "",
        isInfinite: false,
        packets: {
          sent: lease.packets.byType.sent_discover +
            lease.packets.byType.sent_request,
          received: lease.packets.byType.received_offer +
            lease.packets.byType.received_ack,
          dropped: 0,
          byType: lease.packets.byType,
        },
        lastError: null,
      });
      const [start, t1, t2, expiry] = ["start", "t1", "t2", "expiry"]
        .map((key) => Date.parse(lease[key]));
      assertEquals(Number(expiry) - Number(start), 3_600_000);
      assert(Number(start) < Number(t1) && Number(t1) < Number(t2));
    },
  },

  {
    name: "leases reads the files of a daemon that does not run, and says so",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      const daemon = await host.daemon();
      const address = await host.add(host.container());
      await daemon.end("SIGKILL");
      const before = host.stateFiles;
      const { code, json, stderr } = await jsonOf([
        "leases",
        ...socketOf(host),
      ]);
      assertEquals(code, 0);
      assertIncludes(stderr, "note: no daemon answers");
      const [lease] = json.leases;
      assertEquals(
        [json.source, lease.state, lease.address, lease.packets],
        ["files", "STORED", address, null],
      );
      assert(Date.parse(lease.expiry) > Date.now());
      assertEquals(host.stateFiles, before);
    },
  },

  {
    name: "show of another container is 1, and of an ambiguous one 2",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      await host.daemon();
      for (const containerId of ["c1", "c2"]) {
        await host.add(host.container(), { containerId });
      }
      const show = async (id: string): Promise<number> =>
        (await runOperator(["show", id, ...socketOf(host)])).code;
      assertEquals([await show("x"), await show("c"), await show("c2")], [
        1,
        2,
        0,
      ]);
    },
  },

  {
    name: "renew sends a DHCPREQUEST now, and the lease begins again",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon();
      const address = await host.add(host.container());
      const expiry = async (): Promise<string> =>
        (await jsonOf(["show", "c1", ...socketOf(host)])).json.leases[0].expiry;
      const before = await expiry();
      const acks = server.process.count("DHCPACK");
      const { code, json } = await jsonOf(["renew", "c1", ...socketOf(host)]);
      const [lease] = json.leases;
      assertEquals(
        [code, lease.isDone, lease.event, lease.address],
        [0, true, "renewed", address],
      );
      assert(server.process.count("DHCPACK") > acks);
      assert(await expiry() > before);
    },
  },

  {
    name: "renew without an answer fails, and the lease stays",
    run: async () => {
      await using host = new DhcpHost();
      const server = await host.dnsmasq();
      await host.daemon();
      const address = await host.add(host.container());
      await server[Symbol.asyncDispose]();
      const { code, json } = await jsonOf(["renew", "c1", ...socketOf(host)]);
      assertEquals([code, json.leases[0].isDone], [1, false]);
      assertIncludes(json.leases[0].text, "no DHCPACK received");
      const shown = await jsonOf(["show", "c1", ...socketOf(host)]);
      const [lease] = shown.json.leases;
      assertEquals(
        [lease.state, lease.address, lease.lastError?.event],
        ["BOUND", address, "renewal-unanswered"],
      );
    },
  },

  {
    name: "release sends a DHCPRELEASE, and warns about a container that lives",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon();
      const address = await host.add(host.container());
      const { code, stdout, stderr } = await runOperator([
        "release",
        "c1",
        ...socketOf(host),
      ]);
      assertEquals(
        [code, stdout],
        [0, `c1/net/eth0: ${address} is released\n`],
      );
      assertIncludes(stderr, `may still have ${address}`);
      await server.untilNoLease();
      assertEquals(host.leaseFiles, []);
      const again = await runOperator(["release", "c1", ...socketOf(host)]);
      assertEquals(
        [again.code, again.stdout],
        [1, 'no lease of container "c1"\n'],
      );
    },
  },

  {
    name: "an answer that cannot be written is an error, not a finding",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const { code, stderr } = await new Deno.Command("sh", {
        args: [
          "-c",
          '"$0" "$@" >/dev/full',
          DHCP_BIN,
          "leases",
          ...socketOf(host),
        ],
        stderr: "piped",
      }).output();
      assertEquals(
        [code, new TextDecoder().decode(stderr)],
        [3, "error: write stdout: no space left on device\n"],
      );
    },
  },

  {
    name: "renew and release need a daemon",
    run: async () => {
      await using host = new DhcpHost();
      for (const command of ["renew", "release"]) {
        const { code, stderr } = await runOperator([
          command,
          "c1",
          ...socketOf(host),
        ]);
        assertEquals(code, 3);
        assertIncludes(stderr, "no such file or directory");
      }
    },
  },

  {
    name: "a user other than root is refused",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      await Deno.chmod(host.directory.path, 0o755);
      await Deno.chmod(host.directory.join("run"), 0o755);
      await Deno.chmod(host.socketPath, 0o777);
      for (const args of [["leases"], ["renew", "c1"], ["watch"]]) {
        const { code, stderr } = await runPlugin({
          binary: "setpriv",
          args: [
            ...["--reuid=65534", "--clear-groups", "--", DHCP_BIN],
            ...args,
            ...socketOf(host),
          ],
          env: {},
        });
        assertEquals(code, 3);
        assertIncludes(stderr, "permission denied: caller has user id 65534");
      }
    },
  },

  {
    name: "upstream's daemon cannot tell",
    reason: missing("command:dnsmasq", `binary:${UPSTREAM}`),
    run: async () => {
      await using host = new DhcpHost();
      await Deno.mkdir(host.directory.join("run"), { recursive: true });
      await using _daemon = await startDhcpDaemon(UPSTREAM, {
        socketPath: host.socketPath,
        logFile: host.daemonLogFile,
      });
      for (
        const args of [["leases"], ["show", "c1"], ["renew", "c1"], [
          "release",
          "c1",
        ], ["watch"]]
      ) {
        const { code, stderr } = await runOperator([
          ...args,
          ...socketOf(host),
        ]);
        assertEquals(code, 3, args.join(" "));
        assertIncludes(stderr, "is upstream's, which cannot tell");
      }
    },
  },

  {
    name: "watch prints a line for each event, and ends with its daemon",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const daemon = await host.daemon();
      const logFile = host.directory.join("watch.log");
      const watching = new Deno.Command("sh", {
        args: ["-c", 'exec "$@" >"$0"', logFile, ...watchArgs(host)],
        clearEnv: true,
        stdin: "null",
      }).spawn();
      const lines = (): readonly Record<string, unknown>[] =>
        textOrEmpty(logFile).split("\n").filter((line) => line.endsWith("}"))
          .map((line) => JSON.parse(line));
      const events = (): unknown[] => lines().map(({ event }) => event);
      // Until the daemon has the watcher, events are lost.
      let address = "";
      await waitUntil("first event", async () => {
        address = await host.add(host.container(), { containerId: "c1" });
        await host.call("DEL", undefined);
        return lines().length > 0;
      });
      assertEquals(
        (await runOperator(["renew", "c1", ...socketOf(host)])).code,
        1,
      );
      address = await host.add(host.container(), { containerId: "c2" });
      await runOperator(["renew", "c2", ...socketOf(host)]);
      await runOperator(["release", "c2", ...socketOf(host)]);
      // Events of c1 may still come.
      const own = (): ReturnType<typeof lines> =>
        lines().filter(({ containerId }) => containerId === "c2");
      await waitUntil("three events", () => own().length >= 3);
      assertEquals(
        own().map(({ event, address, server }) => [event, address, server]),
        [
          ["acquired", address, "192.0.2.1"],
          ["renewed", address, "192.0.2.1"],
          ["released", address, "192.0.2.1"],
        ],
      );
      await server[Symbol.asyncDispose]();
      await daemon.end("SIGTERM");
      assertEquals((await watching.status).code, 3);
      assertEquals(events().at(-1), "watch-ended");
    },
  },

  {
    name: "watch ends when its reader has ended",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      await host.daemon();
      const watching = new Deno.Command("bash", {
        args: [
          "-c",
          'set -o pipefail; "$@" | head -n 1',
          "bash",
          ...watchArgs(host),
        ],
        stdin: "null",
        stdout: "piped",
      }).spawn();
      let hasEnded = false;
      const output = watching.output().finally(() => hasEnded = true);
      let count = 0;
      await waitUntil("end of the watch", async () => {
        count += 1;
        const options = { containerId: `c${count}` };
        await host.add(host.container(), options);
        await host.call("DEL", undefined, options);
        return hasEnded;
      });
      const { code, stdout } = await output;
      assertEquals(code, 0);
      assertEquals(new TextDecoder().decode(stdout).split("\n").length, 2);
    },
  },

  {
    name: "watch ends with SIGINT",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const [binary = "", ...args] = watchArgs(host);
      const watching = new Deno.Command(binary, {
        args,
        clearEnv: true,
        stdin: "null",
        stdout: "null",
      }).spawn();
      await waitUntil(
        "connection",
        () => connectionsOf(host.socketPath) > 0,
      );
      watching.kill("SIGINT");
      assertEquals((await watching.status).signal, "SIGINT");
    },
  },
];

function watchArgs(host: DhcpHost): string[] {
  return [DHCP_BIN, "watch", "--json", "--socket", host.socketPath];
}

function textOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // Not there yet.
  }
}

/** How many connections of a socket are open, by /proc/net/unix. */
function connectionsOf(path: string): number {
  const { stdout } = new Deno.Command("cat", { args: ["/proc/net/unix"] })
    .outputSync();
  return new TextDecoder().decode(stdout).split("\n")
    .filter((line) => line.endsWith(` ${path}`) && / 03 +\d+ /.test(line))
    .length;
}

/** Rows about leases. */
export const LEASE_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  reason: row.reason ?? missing("command:dnsmasq"),
}));
