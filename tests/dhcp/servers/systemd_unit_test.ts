/**
 * The systemd units: systemd-analyze accepts them, and the daemon works with the capabilities that
 * they grant.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN, REPO_ROOT } from "../../support/binaries.ts";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import type { Descriptor } from "../../../lib/linux/descriptor.ts";
import { libc, pinnedBytes } from "../../../lib/linux/libc.ts";
import { bindSocket, openSocket, SOCK } from "../../../lib/linux/socket.ts";
import { AF, unixAddress } from "../../../lib/linux/socket_address.ts";
import { startDhcpDaemon } from "../../../tools/lab/dhcp_daemon.ts";
import {
  missing,
  type Requirement,
  skipped,
  testWith,
} from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { DhcpHost } from "./dhcp_host.ts";

const UNIT = `${REPO_ROOT}/systemd/cni-dhcp.service`;
const UNITS = ["cni-dhcp.service", "cni-dhcp.socket"];
/** Where the service expects the plugin, which is not installed for tests. */
const INSTALLED = "/opt/cni/bin/dhcp";
/** "Overall exposure level" of systemd-analyze, times ten; the worst is 100. */
const MAX_EXPOSURE = 35;
const ANALYZE: readonly Requirement[] = [
  "command:systemd-analyze",
  `binary:${DHCP_BIN}`,
];

/** The service's capabilities, as arguments of setpriv(1). */
function capabilities(): string {
  const [, names = ""] = /^CapabilityBoundingSet=(.*)$/m.exec(
    Deno.readTextFileSync(UNIT),
  ) ?? [];
  const kept = names.split(" ").map((name) =>
    `+${name.slice("CAP_".length).toLowerCase()}`
  );
  return ["-all", ...kept].join();
}

testWith(
  ["root", "command:dnsmasq", "command:setpriv", `binary:${DHCP_BIN}`],
  "ADD, CHECK and DEL work with the capabilities of the systemd service",
  async () => {
    await using host = new DhcpHost();
    await using server = await host.dnsmasq();
    const kept = capabilities();
    assertEquals(kept.split(",").length > 1, true, kept);
    await using _daemon = await startDhcpDaemon(DHCP_BIN, {
      socketPath: host.socketPath,
      logFile: host.daemonLogFile,
      runner: [
        ...["setpriv", `--bounding-set=${kept}`, `--inh-caps=${kept}`],
        "--no-new-privs",
      ],
    });
    const container = host.container();
    await host.add(container);
    assertEquals((await host.call("CHECK", container)).code, 0);
    assertEquals((await host.call("DEL", container)).code, 0);
    await server.untilNoLease();
  },
);

/** The values of a key of the service. */
function valuesOf(key: string): readonly string[] {
  return [
    ...Deno.readTextFileSync(UNIT).matchAll(new RegExp(`^${key}=(.*)$`, "gm")),
  ].map(([, value = ""]) => value);
}

Deno.test("systemd restarts the daemon after every end, and if it hangs", () => {
  assertEquals(
    ["Type", "Restart", "StartLimitIntervalSec", "WatchdogSec"].map(valuesOf),
    [["notify"], ["always"], ["0"], ["30s"]],
  );
});

for (const kind of ["socket file", "abstract socket"]) {
  testWith(
    ["root", `binary:${DHCP_BIN}`],
    `the daemon tells the service manager that it is ready, alive and stopping, through the ${kind}`,
    async () => {
      using directory = new TempDir();
      const path = directory.join("notify");
      const name = kind === "socket file" ? path : `@${path}`;
      using socket = openSocket(AF.UNIX, SOCK.DGRAM);
      bindSocket(socket, unixAddress(name), name);
      const states: string[] = [];
      const hasReported = (state: string): boolean => {
        states.push(...received(socket));
        return states.includes(state);
      };
      await using daemon = await BackgroundProcess.start([
        ...[DHCP_BIN, "daemon", "-socketpath", directory.join("d.sock")],
      ], {
        logFile: directory.join("log"),
        env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: "100000" },
      });
      await daemon.until("READY=1", () => hasReported("READY=1"));
      assert(daemon.log.includes("event=serving"), daemon.log);
      assertEquals(states[0], "READY=1");
      for (let beat = 1; beat <= 3; beat++) {
        states.splice(0);
        await daemon.until("heartbeat", () => hasReported("WATCHDOG=1"));
      }
      assertEquals(await daemon.end("SIGTERM"), 0);
      assertEquals(hasReported("STOPPING=1"), true);
    },
  );
}

/** Returns the datagrams that wait. */
function received({ fd }: Descriptor): string[] {
  const found: string[] = [];
  const buffer = pinnedBytes(100);
  for (;;) {
    const length = Number(libc().read(fd, buffer, BigInt(buffer.length)));
    if (length <= 0) return found;
    found.push(new TextDecoder().decode(buffer.subarray(0, length)));
  }
}

/** Runs systemd-analyze on copies of the units that start the binary under test. */
async function analyze(
  args: readonly string[],
  {
    units = UNITS,
    edit = (text: string): string => text,
  }: {
    readonly units?: readonly string[];
    readonly edit?: (text: string) => string;
  } = {},
): Promise<{ readonly code: number; readonly output: string }> {
  using directory = new TempDir();
  for (const unit of UNITS) {
    const text = await Deno.readTextFile(`${REPO_ROOT}/systemd/${unit}`);
    await Deno.writeTextFile(
      directory.join(unit),
      edit(text).replace(`ExecStart=${INSTALLED} `, `ExecStart=${DHCP_BIN} `),
    );
  }
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args: [...args, ...units.map((unit) => directory.join(unit))],
    env: { SYSTEMD_COLORS: "0", LC_ALL: "C" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, output: text(stdout) + text(stderr) };
}

testWith(ANALYZE, "systemd-analyze verify accepts the units", async () => {
  assertEquals(await analyze(["verify", "--man=no"]), { code: 0, output: "" });
});

testWith(
  ANALYZE,
  "systemd-analyze verify reports an unknown key",
  async () => {
    const { output } = await analyze(["verify", "--man=no"], {
      edit: (text) => text.replace("Restart=", "Restrat="),
    });
    assert(output.includes("Restrat"), output);
  },
);

const SECURITY = `the exposure of the service is at most ${MAX_EXPOSURE / 10}`;
const OFFLINE = ["security", "--offline=true"];
const reason = missing(...ANALYZE) ?? await withoutOffline();
if (reason !== undefined) skipped(SECURITY, reason);
else {
  Deno.test(SECURITY, async () => {
    const units = ["cni-dhcp.service"];
    const threshold = `--threshold=${MAX_EXPOSURE}`;
    const { code, output } = await analyze([...OFFLINE, threshold], { units });
    assertEquals(code, 0, output);
    const addressOf = await analyze([...OFFLINE, threshold], {
      units,
      edit: (text) => text.replaceAll(/^(?:Protect|Restrict).*$/gm, ""),
    });
    assertEquals(addressOf.code, 1, addressOf.output);
  });
}

/** Before release 250, systemd-analyze only checks running units. */
async function withoutOffline(): Promise<string | undefined> {
  const { stdout } = await new Deno.Command("systemd-analyze", {
    args: ["--help"],
  }).output();
  return new TextDecoder().decode(stdout).includes("--offline")
    ? undefined
    : "systemd-analyze has no --offline";
}
