/** The daemon as a process: flags, files, signals, and callers that disconnect. @module */

import { assert, assertEquals } from "@std/assert";
import { TempDir } from "../../support/temp_dir.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { DhcpHost } from "./dhcp_host.ts";
import { runPlugin } from "../../support/plugin_process.ts";
import { missing } from "../../support/requirements.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { waitFor, waitUntil } from "../../../tools/lab/waiting.ts";

const DISCOVER = "type=DHCPDISCOVER";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the binary to its end. */
async function run(...args: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(DHCP_BIN, {
    args: [...args],
    clearEnv: true,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

function count(log: string, text: string): number {
  return log.split(text).length - 1;
}

const ROWS: readonly Omit<ParallelRow, "reason">[] = [
  {
    name: "dhcp without arguments runs as the plugin",
    run: async () => {
      const { code, stdout, stderr } = await run();
      assertEquals([code, stdout], [0, ""]);
      assert(stderr.startsWith("CNI dhcp plugin v"), stderr);
    },
  },

  {
    name:
      "dhcp runs as the plugin if CNI_COMMAND is set, unless its first argument is daemon",
    run: async () => {
      const env = { CNI_COMMAND: "VERSION" };
      for (const args of [[], ["-h"], ["foo"], ["leases"], ["-x", "daemon"]]) {
        const { code, stdout } = await runPlugin({
          binary: DHCP_BIN,
          args,
          env,
        });
        assertEquals([code, JSON.parse(stdout).cniVersion], [0, "1.1.0"]);
      }
    },
  },

  {
    name: "dhcp with other arguments than daemon runs a command for operators",
    run: async () => {
      const help = await run("-h");
      assertEquals([help.code, help.stderr], [0, ""]);
      assert(help.stdout.includes("Usage: dhcp COMMAND"), help.stdout);
      for (const args of [["foo"], ["-debug", "daemon"]]) {
        const { code, stdout, stderr } = await run(...args);
        assertEquals([code, stdout], [2, ""]);
        assert(stderr.startsWith("error: "), stderr);
      }
    },
  },

  {
    name: "dhcp daemon -h prints the usage to stderr, and exits with status 0",
    run: async () => {
      const { code, stdout, stderr } = await run("daemon", "-h");
      assertEquals([code, stdout], [0, ""]);
      assert(stderr.startsWith("Usage of daemon:\n"), stderr);
    },
  },

  {
    name:
      "dhcp daemon prints an invalid flag and the usage, and exits with status 2",
    run: async () => {
      const { code, stderr } = await run("daemon", "-timeout", "5");
      assertEquals(code, 2);
      assert(
        stderr.startsWith(
          'invalid value "5" for flag -timeout: parse error\nUsage of daemon:\n',
        ),
        stderr,
      );
    },
  },

  {
    name: "dhcp daemon refuses a time with which no ADD can succeed",
    run: async () => {
      const { code, stderr } = await run("daemon", "-timeout", "1ms");
      assertEquals(code, 2);
      assert(
        stderr.startsWith(
          'invalid value "1ms" for flag -timeout: must be at least 100ms\nUsage of daemon:\n',
        ),
        stderr,
      );
    },
  },

  {
    name: "dhcp daemon refuses a relative path for its pid file",
    run: async () => {
      using directory = new TempDir();
      const { code, stderr } = await run(
        ...["daemon", "-pidfile", "rel.pid"],
        ...["-socketpath", directory.join("s.sock")],
      );
      assertEquals(code, 1);
      assert(
        stderr.includes(
          'Error writing pidfile \\"rel.pid\\": path not absolute',
        ),
        stderr,
      );
    },
  },

  {
    name: "SIGTERM keeps the leases, and removes pid file and socket",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const pidFile = host.directory.join("dhcp.pid");
      const daemon = await host.daemon("-pidfile", pidFile);
      assertEquals(await Deno.readTextFile(pidFile), String(daemon.pid));
      assertEquals(await modeOf(host.socketPath), 0o660);
      assertEquals(await modeOf(host.stateDir), 0o700);
      await host.add(host.container());
      assertEquals(await daemon.end("SIGTERM"), 0);
      for (const path of [pidFile, host.socketPath]) {
        assertEquals(await Deno.lstat(path).catch(() => "gone"), "gone");
      }
      const [file] = host.leaseFiles;
      assert(file !== undefined);
      assertEquals(await modeOf(`${host.stateDir}/${file}`), 0o600);
      await server.onlyLease();
    },
  },

  {
    name: "SIGTERM lets a pending ADD complete",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const daemon = await host.daemon();
      const container = host.container();
      // A server that starts after the signal may not be ready for the last DISCOVER.
      server.process.signal("SIGSTOP");
      const pending = host.call("ADD", container, { ipam: { timeout: "1m" } });
      await waitUntil(
        "DISCOVER",
        () => daemon.log.includes(DISCOVER),
      );
      const ended = daemon.end("SIGTERM");
      await waitUntil(
        "end of the daemon's service",
        () => daemon.log.includes("event=stopping"),
      );
      server.process.signal("SIGCONT");
      const { code, json } = await pending;
      assertEquals(code, 0, JSON.stringify(json));
      assertEquals(await ended, 0);
      assertEquals(host.leaseFiles.length, 1);
    },
  },

  {
    name: "a second daemon refuses the socket of a running one",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const { code, stderr } = await run(
        "daemon",
        "-socketpath",
        host.socketPath,
      );
      assertEquals(code, 1);
      assert(
        stderr.includes(
          `Error getting listener: listen unix ${host.socketPath}: bind: address already in use`,
        ),
        stderr,
      );
      assertEquals((await host.call("STATUS", undefined)).code, 0);
    },
  },

  {
    name: "a second daemon refuses the state directory of a running one",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const { code, stderr } = await run(
        ...["daemon", "-statedir", host.stateDir],
        ...["-socketpath", host.directory.join("other.sock")],
      );
      assertEquals(code, 1);
      assert(stderr.includes("another daemon uses it"), stderr);
    },
  },

  {
    name: "the daemon refuses a symbolic link as its state directory",
    run: async () => {
      await using host = new DhcpHost();
      await Deno.mkdir(host.directory.join("elsewhere"));
      const link = host.directory.join("link");
      await Deno.symlink(host.directory.join("elsewhere"), link);
      const { code, stderr } = await run(
        ...["daemon", "-statedir", link],
        ...["-socketpath", host.socketPath],
      );
      assertEquals(code, 1);
      assert(stderr.includes("not a directory"), stderr);
    },
  },

  {
    name:
      "the daemon ignores unusable files in its state directory, and logs their names",
    run: async () => {
      await using host = new DhcpHost();
      await Deno.mkdir(host.stateDir, { recursive: true, mode: 0o700 });
      const partial = `${"0".repeat(32)}.lease`;
      const link = `${"1".repeat(32)}.lease`;
      const temporary = `.${"2".repeat(32)}.lease.tmp`;
      for (const name of ["notes.txt", partial, temporary]) {
        await Deno.writeTextFile(`${host.stateDir}/${name}`, '{"format":1');
      }
      await Deno.symlink("/etc/passwd", `${host.stateDir}/${link}`);
      const daemon = await host.daemon();
      assertEquals(
        [...host.stateFiles].sort(),
        [partial, link, "notes.txt"].sort(),
      );
      assertEquals(count(daemon.log, "event=file-ignored"), 3);
    },
  },

  {
    name: "the daemon cancels the ADD of a killed plugin",
    run: async () => {
      await using host = new DhcpHost();
      const daemon = await host.daemon();
      const killer = new AbortController();
      const pending = host.call("ADD", host.container(), {
        signal: killer.signal,
      });
      await waitUntil(
        "DISCOVER",
        () => daemon.log.includes(DISCOVER),
      );
      killer.abort();
      await pending;
      await waitUntil(
        "release",
        () => daemon.log.includes("event=release-started"),
      );
      const sent = count(daemon.log, DISCOVER);
      await using server = await host.dnsmasq();
      assertEquals((await host.call("STATUS", undefined)).code, 0);
      assertEquals([server.leases, host.leaseFiles], [[], []]);
      assertEquals(count(daemon.log, DISCOVER), sent);
    },
  },

  {
    name: "an ADD that cannot print its result releases the lease",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon();
      const container = host.container();
      const config = JSON.stringify({
        cniVersion: "1.1.0",
        name: "net",
        ipam: { type: "dhcp", daemonSocketPath: host.socketPath },
      });
      const { code } = await new Deno.Command("/bin/sh", {
        args: ["-c", 'printf %s "$CONFIG" | "$0" >/dev/full', DHCP_BIN],
        env: {
          CONFIG: config,
          CNI_COMMAND: "ADD",
          CNI_CONTAINERID: "c1",
          CNI_NETNS: container.path,
          CNI_IFNAME: "eth0",
        },
        stderr: "null",
      }).output();
      assertEquals(code, 1);
      await waitUntil(
        "release",
        () => server.process.count("DHCPRELEASE") > 0,
      );
      await waitUntil("end of the lease", () => host.leaseFiles.length === 0);
      await server.untilNoLease();
    },
  },

  {
    name: "DEL cancels a pending ADD, which fails at once",
    run: async () => {
      await using host = new DhcpHost();
      const daemon = await host.daemon();
      const container = host.container();
      const pending = host.call("ADD", container);
      await waitUntil(
        "DISCOVER",
        () => daemon.log.includes(DISCOVER),
      );
      assertEquals((await host.call("DEL", container)).code, 0);
      const { code, json } = await pending;
      assertEquals([code, json.code], [1, 11]);
      assert(json.msg.startsWith("error calling DHCP.Allocate: cancelled"));
    },
  },

  {
    name: "simultaneous ADDs of one container get one lease",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon();
      const container = host.container();
      const outcomes = await Promise.all(
        [1, 2, 3, 4].map(() => host.call("ADD", container)),
      );
      const addresses = outcomes.map(({ json }) => json.ips[0].address);
      assertEquals(new Set(addresses).size, 1);
      await server.onlyLease();
      assertEquals(server.exchangesWith("DHCPACK"), 1);
    },
  },

  {
    name: "an ADD without a server fails at its timeout with the reason",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const startMs = performance.now();
      const { code, json } = await host.call("ADD", host.container(), {
        ipam: { timeout: "1500ms" },
      });
      // Without a timeout of its own it would take a minute.
      assert(performance.now() - startMs < 45_000);
      assertEquals([code, json.code], [1, 11]);
      assert(
        /^error calling DHCP\.Allocate: no DHCPOFFER received: [0-9]+ DHCPDISCOVERs unanswered$/
          .test(json.msg),
        json.msg,
      );
    },
  },

  {
    name: "ADD reports a missing namespace or interface in upstream's words",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const container = host.container();
      container.ip("link set eth0 name eth1");
      const missing = await host.call("ADD", container);
      assertEquals(
        missing.json.msg,
        'error calling DHCP.Allocate: error looking up "eth0": Link not found',
      );
      const file = host.directory.join("file");
      await Deno.writeTextFile(file, "");
      for (
        const [path, text] of [
          [
            "/nowhere",
            'failed to Statfs "/nowhere": no such file or directory',
          ],
          [file, `unknown FS magic on "${file}": `],
        ] as const
      ) {
        const { json } = await host.call("ADD", { path });
        assert(
          json.msg.startsWith(`error calling DHCP.Allocate: ${text}`),
          json.msg,
        );
      }
    },
  },

  {
    name: "ADD refuses the daemon's own namespace in upstream's words",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const netns = { path: `/proc/${Deno.pid}/ns/net` };
      const { json } = await host.call("ADD", netns, { ifName: "lo" });
      assertEquals([json.code, json.msg], [
        8,
        "plugin's netns and netns from CNI_NETNS should not be the same",
      ]);
    },
  },

  {
    name:
      "-hostprefix is prepended to the paths of socket, state directory and namespaces",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const prefix = host.directory.join("host");
      await Deno.mkdir(prefix);
      await Deno.symlink("/var", `${prefix}/var`);
      await host.daemon(
        ...["-hostprefix", prefix, "-socketpath", "/run/cni/dhcp.sock"],
      );
      const daemonSocketPath = `${prefix}/run/cni/dhcp.sock`;
      const container = host.container();
      const ipam = { daemonSocketPath };
      const { code, json } = await host.call("ADD", container, { ipam });
      assertEquals(code, 0, JSON.stringify(json));
      const files = await Array.fromAsync(
        Deno.readDir(`${prefix}/run/cni/dhcp`),
      );
      const leases = files.filter((file) => file.name.endsWith(".lease"));
      assertEquals(leases.length, 1);
      assertEquals((await host.call("DEL", container, { ipam })).code, 0);
      await server.untilNoLease();
    },
  },

  {
    name:
      "the daemon serves on the socket that systemd passes, and keeps the socket file",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await Deno.mkdir(host.directory.join("run"));
      // As systemd does: opens the socket as descriptor 3, names the process, and becomes it.
      const perl =
        `use Socket; use POSIX (); $^F = 9; socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die $!;
    bind($s, sockaddr_un($ENV{SOCKET})) or die $!; listen($s, 5) or die $!;
    POSIX::dup2(fileno($s), 3) if fileno($s) != 3;
    $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV or die $!;`;
      const child = new Deno.Command("perl", {
        args: ["-e", perl, DHCP_BIN, "daemon", "-socketpath", host.socketPath],
        env: { SOCKET: host.socketPath },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const container = host.container();
      // The file is there before perl listens.
      await waitFor(
        "socket",
        () =>
          Deno.connect({ transport: "unix", path: host.socketPath })
            .then((connection) => connection.close() ?? true, () => undefined),
      );
      const { code, json } = await host.call("ADD", container);
      assertEquals(code, 0, JSON.stringify(json));
      await server.onlyLease();
      assertEquals((await host.call("DEL", container)).code, 0);
      child.kill("SIGTERM");
      assertEquals((await child.status).code, 0);
      assertEquals((await Deno.lstat(host.socketPath)).isSocket, true);
    },
  },
];

/** Rows about the process. */
export const PROCESS_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  name: `process: ${row.name}`,
  reason: missing("command:dnsmasq"),
}));
