/**
 * The systemd units of the resident process: systemd-analyze accepts them, and the process does
 * what they expect.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { OURS, REPO_ROOT } from "../../support/binaries.ts";
import { callHostLocal, networkConfig } from "../../support/host_local_call.ts";
import { type Requirement, testWith } from "../../support/requirements.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { Mailbox } from "../../support/waiting.ts";

const SERVICE = "cni-host-local.service";
const UNITS = [SERVICE, "cni-host-local.socket"];
/** Where the service expects the plugin, which is not installed for tests. */
const INSTALLED = "/opt/cni/bin/host-local";
/** "Overall exposure level" of systemd-analyze, times ten; the worst is 100. */
const MAX_EXPOSURE = 20;
const ANALYZE: readonly Requirement[] = [
  "command:systemd-analyze",
  `binary:${OURS}`,
];

const unit = Deno.readTextFileSync(`${REPO_ROOT}/systemd/${SERVICE}`);

/** The values of a key of the service. */
function valuesOf(key: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))]
    .map(([, value = ""]) => value);
}

Deno.test("systemd restarts the resident process after every end, and if it hangs", () => {
  assertEquals(
    ["Type", "Restart", "WatchdogSec"].map(valuesOf),
    [["notify"], ["always"], ["30s"]],
  );
});

Deno.test("the resident process sees the files and the devices of its callers", () => {
  const hiding = [
    "PrivateTmp",
    "ProtectHome",
    "PrivateDevices",
    "TemporaryFileSystem",
  ];
  assertEquals(hiding.flatMap(valuesOf), []);
});

/** Runs systemd-analyze on copies of the units that start the binary under test. */
async function analyze(
  args: readonly string[],
  units: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  using directory = new TempDir();
  for (const name of UNITS) {
    const text = await Deno.readTextFile(`${REPO_ROOT}/systemd/${name}`);
    await Deno.writeTextFile(
      directory.join(name),
      text.replace(`ExecStart=${INSTALLED} `, `ExecStart=${OURS} `),
    );
  }
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args: [...args, ...units.map((name) => directory.join(name))],
    env: { SYSTEMD_COLORS: "0", LC_ALL: "C" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, output: text(stdout) + text(stderr) };
}

testWith(
  ANALYZE,
  "systemd-analyze verify accepts the units of host-local",
  async () => {
    assertEquals(await analyze(["verify", "--man=no"], UNITS), {
      code: 0,
      output: "",
    });
  },
);

testWith(
  ANALYZE,
  `the exposure of ${SERVICE} is at most ${MAX_EXPOSURE / 10}`,
  async () => {
    const options = ["security", "--offline=true"];
    const { code, output } = await analyze(
      [...options, `--threshold=${MAX_EXPOSURE}`],
      [SERVICE],
    );
    assertEquals(code, 0, output);
  },
);

testWith(
  [`binary:${OURS}`],
  "the resident process tells the service manager that it is ready, alive and stopping",
  async () => {
    using directory = new TempDir();
    const path = directory.join("notify");
    const socket = Deno.listenDatagram({ transport: "unixpacket", path });
    const states = new Mailbox<string>();
    const receive = async (): Promise<void> => {
      for await (const [bytes] of socket) {
        states.put(new TextDecoder().decode(bytes));
      }
    };
    const received = receive();
    await using daemon = await BackgroundProcess.start(
      [OURS, "daemon", "-socketpath", directory.join("d.sock")],
      {
        logFile: directory.join("log"),
        env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000" },
      },
    );
    assertEquals(await states.take("READY=1"), "READY=1");
    for (let beat = 0; beat < 3; beat++) {
      assertEquals(await states.take("heartbeat"), "WATCHDOG=1");
    }
    assertEquals(await daemon.end("SIGTERM"), 0);
    await states.take("STOPPING=1", (state) => state === "STOPPING=1");
    socket.close();
    await received;
    const left = await Array.fromAsync(Deno.readDir(directory.path));
    assertEquals(left.map(({ name }) => name).sort(), [
      "d.sock.lock",
      "log",
      "notify",
    ]);
  },
);

testWith(
  [...RESIDENT_REQUIREMENTS, "command:setpriv"],
  "ADD, CHECK and DEL work with the capabilities of the service",
  async () => {
    const kept = [
      "-all",
      ...valuesOf("CapabilityBoundingSet").join(" ").split(" ")
        .map((name) => `+${name.slice("CAP_".length).toLowerCase()}`),
    ].join();
    assertEquals(kept, "-all,+dac_override,+fowner");
    using directory = new TempDir();
    await using resident = await ResidentHostLocal.start({
      runner: [
        ...["setpriv", `--bounding-set=${kept}`, `--inh-caps=${kept}`],
        "--no-new-privs",
      ],
    });
    const dataDir = directory.join("data");
    await Deno.mkdir(dataDir, { mode: 0o700 });
    // Another user's, as root can use it.
    await Deno.chown(dataDir, 65534, 65534);
    const call = async (
      command: string,
      extra: Readonly<Record<string, unknown>> = {},
    ): Promise<string> => {
      const config = networkConfig({
        dataDir,
        subnets: ["10.1.0.0/24"],
        extra,
      });
      const { binary } = resident;
      const { code, stdout } = await callHostLocal({ binary, command, config });
      assertEquals(code, 0, stdout);
      return stdout;
    };
    const prevResult = JSON.parse(await call("ADD"));
    await call("CHECK", { prevResult });
    await call("DEL");
    assertEquals(resident.calls, 3);
    assert(!resident.daemon.log.includes("level=error"));
  },
);
