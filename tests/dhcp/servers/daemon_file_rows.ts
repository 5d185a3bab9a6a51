/** The daemon's files when other programs remove, lock or protect them. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { capture } from "../../../tools/process.ts";
import type { Dnsmasq } from "../../../tools/lab/dnsmasq.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { BadServer, grantScript } from "../../support/dhcp_bad_server.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { missing } from "../../support/requirements.ts";
import { DhcpHost } from "./dhcp_host.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;
const UNPRIVILEGED_ID = "65534";
const ONE_SECOND_T1 = { 51: "00000e10", 58: "00000001", 59: "00000e00" };

/** Runs a daemon that does not start. @returns Its exit status and its log. */
async function failToStart(
  ...flags: readonly string[]
): Promise<{ readonly code: number; readonly stderr: string }> {
  const { code, stderr } = await new Deno.Command("timeout", {
    args: ["60", DHCP_BIN, "daemon", ...flags],
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

async function reachable(host: DhcpHost): Promise<boolean> {
  return (await host.call("STATUS", undefined)).code === 0;
}

/** The reason of a plugin that was compiled with an older runtime. */
const NO_ABSTRACT_SOCKETS = "this runtime has no abstract sockets";

/** @returns Why the plugin under test cannot call an abstract socket; undefined if it can. */
async function refusesAbstractSockets(): Promise<string | undefined> {
  const reason = missing(`binary:${DHCP_BIN}`);
  if (reason !== undefined) return reason;
  const { stdout } = await runPlugin({
    binary: DHCP_BIN,
    env: cniEnv("STATUS"),
    stdin: JSON.stringify({
      cniVersion: "1.1.0",
      name: "net",
      ipam: { type: "dhcp", daemonSocketPath: "@cni-ipam-none" },
    }),
  });
  return stdout.includes(NO_ABSTRACT_SOCKETS) ? NO_ABSTRACT_SOCKETS : undefined;
}

/** Calls ADD and DEL of a plugin. */
async function callOnAbstractSocket(
  host: DhcpHost,
  server: Dnsmasq,
  binary: string,
): Promise<void> {
  const daemonSocketPath = `@cni-ipam${host.directory.path}`;
  await host.daemon(
    ...["-socketpath", daemonSocketPath],
    ...["-statedir", host.directory.join("leases")],
  );
  const container = host.container();
  const options = {
    binary,
    ipam: { daemonSocketPath },
    config: { cniVersion: "1.0.0" },
  };
  const { code, json } = await host.call("ADD", container, options);
  assertEquals(code, 0, JSON.stringify(json));
  await server.onlyLease();
  assertEquals((await host.call("DEL", container, options)).code, 0);
  await server.untilNoLease();
}

/** Allows every user to enter the directory of the socket. */
async function openDirectories({ directory }: DhcpHost): Promise<void> {
  for (const path of [directory.path, directory.join("run")]) {
    await Deno.chmod(path, 0o755);
  }
}

const ROWS: readonly ParallelRow[] = [
  {
    name:
      "the daemon recreates a removed socket file, and executes a DEL that came before",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const daemon = await host.daemon();
      const container = host.container();
      await host.add(container);
      await Deno.remove(host.socketPath);
      assertEquals((await host.call("DEL", container)).code, 0);
      await waitUntil("socket", () => reachable(host));
      await server.untilNoLease();
      await waitUntil("release", () => host.stateFiles.length === 0);
      assert(
        daemon.log.includes(`event=file-restored path=${host.socketPath}`),
        daemon.log,
      );
    },
  },

  {
    name:
      "a second daemon that starts after the removal of the socket fails, and names the first process",
    run: async () => {
      await using host = new DhcpHost();
      const first = await host.daemon();
      await Deno.remove(host.socketPath);
      const { code, stderr } = await failToStart(
        ...["-socketpath", host.socketPath],
      );
      assertEquals(code, 1);
      // Which of the two reasons depends on whether the first daemon has noticed the removal.
      assert(/another daemon uses it|address already in use/.test(stderr));
      assert(
        new RegExp(`advice="[^"]*process ${first.pid}\\b[^"]*stop`).test(
          stderr,
        ) || stderr.includes(`advice="stop process ${first.pid}, or`),
        stderr,
      );
      await waitUntil("socket", () => reachable(host));
    },
  },

  {
    name: "the daemon recreates a removed state directory with all leases",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const daemon = await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      const lease = async (): Promise<Record<string, unknown>> => {
        const path = `${host.stateDir}/${host.leaseFiles[0]}`;
        // Each write computes the dates for operators again, and they differ by a millisecond.
        const { info: _, ...lease } = JSON.parse(await Deno.readTextFile(path));
        return lease;
      };
      await waitUntil(
        "lease file with the address",
        async () => (await lease())["wasSeen"] === true,
      );
      const before = await lease();
      await Deno.remove(host.directory.join("run"), { recursive: true });
      await waitUntil("socket", () => reachable(host));
      assertEquals([host.leaseFiles.length, await lease()], [1, before]);
      await daemon.end("SIGKILL");
      const next = await host.daemon();
      assert(next.log.includes("event=lease-resumed"), next.log);
      const prevResult = { cniVersion: "1.1.0", ips: [{ address }] };
      const config = { prevResult };
      assertEquals((await host.call("CHECK", container, { config })).code, 0);
      assertEquals((await host.call("DEL", container)).code, 0);
      await server.untilNoLease();
    },
  },

  {
    name: "an ADD right after the removal of the state directory succeeds",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      await host.daemon();
      await Deno.remove(host.stateDir, { recursive: true });
      await host.add(host.container());
      assertEquals(host.leaseFiles.length, 1);
    },
  },

  {
    name:
      "a daemon with a read-only state directory starts, renews, logs errors, and releases once",
    run: async () => {
      await using host = new DhcpHost();
      const fields = { options: ONE_SECOND_T1 };
      await using server = new BadServer(
        host.server,
        grantScript({ offer: fields, ack: fields }),
      );
      const first = await host.daemon();
      const container = host.container();
      await host.add(container);
      await first.end("SIGKILL");
      const leftover = `${host.stateDir}/.${"0".repeat(32)}.lease.tmp`;
      await Deno.writeTextFile(leftover, "{");
      const count = (type: string): number =>
        server.wire.messages.filter((sent) => sent.type === type).length;
      const before = count("REQUEST");
      await using daemon = await BackgroundProcess.start([
        ...["unshare", "--mount", "--propagation", "slave", "sh", "-c"],
        'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
        ...[host.stateDir, DHCP_BIN, "daemon", "-socketpath", host.socketPath],
      ], { logFile: host.directory.join("ro.log"), ready: "event=serving" });
      for (const event of ["state-not-writable", "file-ignored"]) {
        assert(daemon.log.includes(`event=${event} path=`), daemon.log);
      }
      const status = await host.call("STATUS", undefined);
      assertEquals([status.code, status.json?.["code"]], [1, 50]);
      assertMatch(
        String(status.json?.["msg"]),
        /^no lease can be stored: create a file in \S+: read-only file system$/i,
      );
      await daemon.until("renewals", () => count("REQUEST") > before + 1);
      await daemon.until(
        "error",
        () => daemon.log.includes("event=lease-not-stored"),
      );
      for (let call = 0; call < 3; call++) {
        const { code, json } = await host.call("DEL", container);
        assertEquals([code, json], [0, undefined]);
      }
      await waitUntil("RELEASE", () => count("RELEASE") > 0);
      assertEquals(count("RELEASE"), 1);
      assert(daemon.log.includes("event=lease-not-removed"), daemon.log);
    },
  },

  {
    name:
      "the daemon starts despite another user's lock on the directory of its socket",
    run: async () => {
      await using host = new DhcpHost();
      await (await host.daemon()).end("SIGTERM");
      await openDirectories(host);
      const held = host.directory.join("held");
      await using stranger = await BackgroundProcess.start([
        ...[
          "setpriv",
          `--reuid=${UNPRIVILEGED_ID}`,
          `--regid=${UNPRIVILEGED_ID}`,
        ],
        ...["--clear-groups", "flock", host.directory.join("run")],
        ...["sh", "-c", "echo held; exec sleep 600"],
      ], { logFile: held, ready: "held" });
      await host.daemon();
      await stranger.end("SIGKILL");
    },
  },

  {
    name: "daemons with different sockets can share a directory",
    run: async () => {
      await using host = new DhcpHost();
      await using stack = new AsyncDisposableStack();
      const daemons = await Promise.all(
        [1, 2, 3, 4].map((number) =>
          BackgroundProcess.start([
            ...[DHCP_BIN, "daemon", "-socketpath"],
            host.directory.join(`run/${number}.sock`),
          ], {
            logFile: host.directory.join(`${number}.log`),
            ready: "event=serving",
          })
        ),
      );
      for (const daemon of daemons) stack.use(daemon);
    },
  },

  {
    name: "an abstract socket needs a state directory, and serves one daemon",
    run: async () => {
      await using host = new DhcpHost();
      const name = `@cni-ipam${host.directory.path}`;
      const bare = await failToStart("-socketpath", name);
      assertEquals(bare.code, 1);
      assert(
        bare.stderr.includes('advice="an abstract socket needs -statedir"'),
        bare.stderr,
      );
      const daemon = await host.daemon(
        ...["-socketpath", name, "-statedir", host.directory.join("leases")],
      );
      const second = await failToStart(
        ...["-socketpath", name, "-statedir", host.directory.join("other")],
      );
      assertEquals(second.code, 1);
      assert(
        second.stderr.includes(`process ${daemon.pid} is listening there`),
        second.stderr,
      );
      const names = (await Array.fromAsync(Deno.readDir(host.directory.path)))
        .map((entry) => entry.name).filter((entry) => !entry.includes("."));
      assertEquals(names, ["leases"]);
    },
  },

  {
    name: "upstream's plugin calls the daemon on an abstract socket",
    reason: missing(`binary:${UPSTREAM}`),
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await callOnAbstractSocket(host, server, UPSTREAM);
    },
  },

  {
    name: "the plugin calls the daemon on an abstract socket",
    reason: await refusesAbstractSockets(),
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await callOnAbstractSocket(host, server, DHCP_BIN);
    },
  },

  {
    name:
      "DEL without a daemon on an abstract socket fails with upstream's error",
    run: async () => {
      await using host = new DhcpHost();
      const name = `@cni-ipam${host.directory.path}`;
      const ipam = { daemonSocketPath: name };
      const { code, json } = await host.call("DEL", undefined, { ipam });
      assertEquals([code, json.code], [1, 11]);
      const prefix = `error dialing DHCP daemon: dial unix ${name}: connect: `;
      const reasons = ["connection refused", NO_ABSTRACT_SOCKETS];
      assert(reasons.includes(json.msg.replace(prefix, "")), json.msg);
    },
  },

  {
    name: "the daemon limits the log lines about connections from other users",
    run: async () => {
      await using host = new DhcpHost();
      const daemon = await host.daemon();
      await openDirectories(host);
      await Deno.chmod(host.socketPath, 0o666);
      const connections = 2000;
      await capture([
        ...[
          "setpriv",
          `--reuid=${UNPRIVILEGED_ID}`,
          `--regid=${UNPRIVILEGED_ID}`,
        ] as const,
        ...["--clear-groups", "perl", "-MIO::Socket::UNIX", "-e"],
        'for (1..$ARGV[1]) { my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!"; sysread($s, my $answer, 1000) or die; }',
        ...[host.socketPath, String(connections)],
      ]);
      assertEquals(await reachable(host), true);
      const suppressed = (): number =>
        [...daemon.log.matchAll(
          /event=lines-suppressed of=caller-refused lines=(\d+)/g,
        )].reduce((sum, [, lines]) => sum + Number(lines), 0);
      const logged = (): number => daemon.count("event=caller-refused");
      await daemon.until(
        "report",
        () => logged() + suppressed() === connections,
      );
      assert(logged() < connections / 10, String(logged()));
    },
  },

  {
    name: "the daemon logs signals that are not faults, and SIGQUIT stops it",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      const daemon = await host.daemon();
      await host.add(host.container());
      const signals = [
        ...["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM"],
        ...["SIGPROF", "SIGIO", "SIGPWR", "SIGSTKFLT", "SIGXCPU", "SIGXFSZ"],
      ] as const;
      for (const signal of signals) {
        daemon.signal(signal);
        await daemon.until(
          signal,
          () =>
            daemon.log.includes(
              `event=status-reported signal=${signal} leases=1 BOUND=1 leases_acquired=1`,
            ),
        );
      }
      daemon.signal("SIGPIPE");
      assertEquals(await reachable(host), true);
      assertEquals(await daemon.end("SIGQUIT"), 0);
      assert(daemon.log.includes("event=stopping signal=SIGQUIT"), daemon.log);
      assertEquals(host.leaseFiles.length, 1);
    },
  },
];

/** Rows about the files, the socket and the signals of the daemon. */
export const DAEMON_FILE_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  name: `daemon files: ${row.name}`,
  reason: row.reason ??
    missing("command:dnsmasq", "command:setpriv", "command:flock"),
}));
