import { assertEquals } from "@std/assert";
import { serveConnection } from "../../../../lib/dhcp/daemon/server.ts";
import type { ServerContext } from "../../../../lib/dhcp/daemon/server.ts";
import {
  type LauncherContext,
  serveLauncher,
} from "../../../../lib/dhcp/resident/serve_launcher.ts";
import { runPlugin } from "../../../../lib/cni/plugin.ts";
import { formatLogLine } from "../../../../lib/base/log_line.ts";
import { dhcpHandlers } from "../../../../lib/dhcp/plugin/handlers.ts";
import type { DaemonConnection } from "../../../../lib/dhcp/plugin/ports.ts";
import type { Attachment } from "../../../../lib/cni/attachment.ts";
import { testRows } from "../../../support/rows.ts";
import {
  encodeRequest,
  FrameDecoder,
  GO,
  type LauncherCall,
  PRINTED,
} from "../../../support/launcher_client.ts";
import { FakeCaller } from "../daemon/fake_caller.ts";
import { C1, FakeHost, silent } from "../daemon/fake_host.ts";

const SOCKET = "/run/cni/dhcp.sock";
const ROOT = { device: 1, inode: 2 };
const VERSION = "1.2.3";

/** A host whose daemon serves launchers. */
class LauncherHost extends FakeHost {
  readonly notes: Attachment[] = [];
  /** The lines of the daemon's log about calls. */
  readonly lines: string[] = [];
  readonly context: ServerContext;

  constructor() {
    super();
    this.interface();
    const log: ServerContext["log"] = (...line) => {
      this.lines.push(formatLogLine(...line));
    };
    const launchers: LauncherContext = {
      version: VERSION,
      log,
      clock: this.scheduler,
      place: () => ({ socketPath: SOCKET, root: ROOT }),
      serve: (connection) =>
        serveConnection(connection, this.daemon, this.context),
      writeReleaseNote: (attachment) => {
        this.notes.push(attachment);
        return Promise.resolve(true);
      },
    };
    this.context = {
      ownUid: 0,
      version: VERSION,
      log,
      nowMs: () => this.nowMs,
      serveLauncher: (caller) => serveLauncher(caller, launchers),
    };
  }
}

/** A launcher in memory that prints and confirms what it receives, unless a test stops it. */
class FakeLauncher extends FakeCaller {
  readonly frames: string[] = [];
  readonly #decoder = new FrameDecoder();
  /** Called with each message instead of the launcher's own reaction, if it returns true. */
  onFrame: (type: string) => boolean = () => false;

  /** @param call What it sends first. */
  constructor(call: Partial<LauncherCall> | Uint8Array) {
    super([]);
    this.sendBytes(
      call instanceof Uint8Array
        ? call
        : encodeRequest({ env: {}, root: ROOT, ...call }),
    );
  }

  override async writeBytes(bytes: Uint8Array): Promise<boolean> {
    if (!await super.writeBytes(bytes)) return false;
    this.#decoder.push(bytes);
    for (
      let frame = this.#decoder.next();
      frame !== undefined;
      frame = this.#decoder.next()
    ) {
      const { type, payload } = frame;
      const isStatus = type === "O" || type === "X";
      const text = new TextDecoder().decode(
        isStatus ? payload.subarray(1) : payload,
      );
      this.frames.push(`${type}${isStatus ? payload[0] : ""}${text}`);
      if (this.onFrame(type)) continue;
      if (type === "A") this.sendBytes(GO);
      if (type === "O") this.sendBytes(PRINTED);
    }
    return true;
  }

  get types(): string {
    return this.frames.map((frame) => frame[0]).join("");
  }

  get stdout(): string {
    return this.frames.find((frame) => frame.startsWith("O"))?.slice(2) ?? "";
  }

  get stderr(): string {
    return this.frames.filter((frame) => frame.startsWith("E"))
      .map((frame) => frame.slice(1)).join("");
  }

  get exitStatus(): number {
    return Number(this.frames.find((frame) => frame.startsWith("X"))?.[1]);
  }
}

const ADD = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/ns/a",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};
const DEL = { ...ADD, CNI_COMMAND: "DEL" };

function config(keys: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    cniVersion: "1.1.0",
    name: "net",
    type: "macvlan",
    ipam: { type: "dhcp", daemonSocketPath: SOCKET },
    ...keys,
  });
}

async function serve(
  launcher: FakeLauncher,
  host: LauncherHost,
): Promise<FakeLauncher> {
  await host.settle(serveConnection(launcher, host.daemon, host.context));
  assertEquals(launcher.isClosed, true);
  return launcher;
}

/** Runs the plugin on a connection of its own, as the standalone executable does. */
async function standalone(
  { env, stdin = "" }: Pick<LauncherCall, "env" | "stdin">,
  host: LauncherHost,
): Promise<{ stdout: string; stderr: string; exitStatus: number }> {
  let stdout = "";
  let stderr = "";
  const writeStderr = (line: string): void => void (stderr += `${line}\n`);
  const handlers = dhcpHandlers({
    connect: () => Promise.resolve(socketConnection(host)),
    writeReleaseNote: () => Promise.resolve(true),
    workingDirectory: () => "/",
    log: (...line) => writeStderr(formatLogLine(...line)),
  });
  const exitStatus = await host.settle(runPlugin({
    env: (name) => env[name],
    readStdin: () => stdin,
    writeStdout: (text) => void (stdout += text),
    writeStderr,
    pid: 1,
  }, { name: "dhcp", version: VERSION, handlers }));
  return { stdout, stderr, exitStatus };
}

/** The plugin's end of a connection to the daemon that has nothing of lib/dhcp/resident. */
function socketConnection(host: LauncherHost): DaemonConnection {
  const caller = new FakeCaller([]);
  const served = serveConnection(caller, host.daemon, host.context);
  return {
    call: (line) => {
      const answered = Promise.withResolvers<string>();
      caller.onAnswer = answered.resolve;
      caller.send(line);
      return answered.promise;
    },
    exchange: () => Promise.reject(new Error("not upstream's")),
    [Symbol.dispose]: () => {
      caller.hangUp();
      served.catch(() => {});
    },
  };
}

testRows<{
  name: string;
  env: Readonly<Record<string, string>>;
  stdin?: string;
  /** Whether the attachment has a lease. */
  isLeased?: boolean;
}>("a launcher receives what the standalone plugin prints:", [
  { name: "ADD", env: ADD, stdin: config() },
  {
    name: "ADD in version 0.2.0",
    env: ADD,
    stdin: config({ cniVersion: "0.2.0" }),
  },
  {
    name: "ADD of a lease that exists",
    env: ADD,
    stdin: config(),
    isLeased: true,
  },
  {
    name: "ADD in a namespace that does not exist",
    env: { ...ADD, CNI_NETNS: "/nowhere" },
    stdin: config(),
  },
  {
    name: "ADD without an interface name",
    env: { ...ADD, CNI_IFNAME: "" },
    stdin: config(),
  },
  {
    name: "ADD in the namespace of the plugin",
    env: { ...ADD, CNI_NETNS: "/proc/self/ns/net" },
    stdin: config(),
  },
  { name: "ADD without ipam", env: ADD, stdin: '{"name":"net"}' },
  {
    name: "ADD with an unsupported version",
    env: ADD,
    stdin: config({ cniVersion: "9.0.0" }),
  },
  { name: "DEL", env: DEL, stdin: config(), isLeased: true },
  { name: "DEL without a lease", env: DEL, stdin: config() },
  {
    name: "DEL with an invalid configuration",
    env: DEL,
    stdin: config({
      ipam: { type: "dhcp", daemonSocketPath: SOCKET, timeout: "bad" },
    }),
    isLeased: true,
  },
  {
    name: "CHECK",
    env: { ...ADD, CNI_COMMAND: "CHECK" },
    stdin: config({
      prevResult: {
        cniVersion: "1.1.0",
        ips: [{ address: "192.0.2.50/24" }],
      },
    }),
    isLeased: true,
  },
  {
    name: "CHECK without a lease",
    env: { ...ADD, CNI_COMMAND: "CHECK" },
    stdin: config(),
  },
  {
    name: "GC",
    env: { CNI_COMMAND: "GC", CNI_PATH: "/opt/cni/bin" },
    stdin: config({ "cni.dev/valid-attachments": [] }),
    isLeased: true,
  },
  {
    name: "GC without a list",
    env: { CNI_COMMAND: "GC", CNI_PATH: "/opt/cni/bin" },
    stdin: config(),
    isLeased: true,
  },
  {
    name: "STATUS",
    env: { CNI_COMMAND: "STATUS", CNI_PATH: "/opt/cni/bin" },
    stdin: config(),
  },
  { name: "VERSION", env: { CNI_COMMAND: "VERSION" } },
  {
    name: "an unknown command",
    env: { ...ADD, CNI_COMMAND: "FROB" },
    stdin: config(),
  },
  { name: "the about text", env: {} },
  { name: "a configuration that is not JSON", env: ADD, stdin: "{" },
], async ({ env, stdin = "", isLeased = false }) => {
  const [ours, theirs] = [new LauncherHost(), new LauncherHost()];
  if (isLeased) {
    await ours.add();
    await theirs.add();
  }
  const { stdout, stderr, exitStatus } = await serve(
    new FakeLauncher({ env, stdin, pid: 1 }),
    ours,
  );
  assertEquals(
    { stdout, stderr, exitStatus },
    await standalone({ env, stdin }, theirs),
  );
  await ours.advance(0);
  await theirs.advance(0);
  assertEquals(
    [ours.types, ours.daemon.status(), ours.lines],
    [theirs.types, theirs.daemon.status(), theirs.lines],
  );
});

Deno.test("an ADD is confirmed once the launcher has printed the result", async () => {
  const host = new LauncherHost();
  const launcher = new FakeLauncher({ env: ADD, stdin: config() });
  launcher.onFrame = (type) => {
    if (type !== "O") return false;
    host.scheduler.after(9000, () => {
      launcher.sendBytes(PRINTED);
    });
    return true;
  };
  await serve(launcher, host);
  assertEquals(launcher.exitStatus, 0);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("an ADD that the launcher does not confirm within 10 s fails and releases its lease", async () => {
  const host = new LauncherHost();
  const launcher = new FakeLauncher({ env: ADD, stdin: config() });
  launcher.onFrame = (type) => type === "O";
  const startMs = host.nowMs;
  await serve(launcher, host);
  assertEquals(launcher.exitStatus, 1);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.daemon.status()["leases"], {});
  // The deadline is checked once a second.
  assertEquals(Math.round((host.nowMs - startMs) / 1000), 11);
});

Deno.test("nothing runs if the launcher disconnects instead of saying go", async () => {
  const host = new LauncherHost();
  const launcher = new FakeLauncher({ env: ADD, stdin: config() });
  launcher.onFrame = () => {
    launcher.hangUp();
    return true;
  };
  await serve(launcher, host);
  assertEquals([launcher.types, host.types, host.lines], ["A", [], []]);
});

const UNCONFIRMED =
  'level=warn event=request-failed pid=1 reason="write stdout: the launcher does not confirm the document"';

testRows<{
  name: string;
  at: string;
  want: readonly string[];
  lines: readonly string[];
}>(
  "a lease ends if the launcher disconnects",
  [
    {
      name: "while the ADD waits",
      at: "B",
      want: ["DISCOVER"],
      lines: [
        'level=warn event=request-failed pid=1 code=11 reason="cancelled: DEL received for this attachment, caller disconnected, or daemon shutting down"',
        UNCONFIRMED,
      ],
    },
    {
      name: "before it has printed the result",
      at: "O",
      want: ["DISCOVER", "REQUEST", "RELEASE"],
      lines: [
        UNCONFIRMED,
        'level=warn event=request-failed pid=1 code=5 reason="caller disconnected without confirmation"',
      ],
    },
  ],
  async ({ at, want, lines }) => {
    const host = new LauncherHost();
    if (at === "B") host.server = silent;
    const launcher = new FakeLauncher({ env: ADD, stdin: config() });
    launcher.onFrame = (type) => {
      if (type === at) launcher.hangUp();
      return type === at;
    };
    await serve(launcher, host);
    assertEquals([...new Set(host.types)], want);
    assertEquals(host.daemon.status()["leases"], {});
    assertEquals(host.lines, lines);
  },
);

Deno.test("a launcher receives beats while its ADD waits", async () => {
  const host = new LauncherHost();
  host.server = silent;
  const ipam = { type: "dhcp", daemonSocketPath: SOCKET, timeout: "9s" };
  const launcher = await serve(
    new FakeLauncher({ env: ADD, stdin: config({ ipam }) }),
    host,
  );
  assertEquals(launcher.types, "ABBBBOX");
  assertEquals(JSON.parse(launcher.stdout).code, 11);
});

testRows<{ name: string; call: Partial<LauncherCall>; reason: string }>(
  "the standalone executable runs a call with",
  [
    {
      name: "another root",
      call: { env: ADD, stdin: config(), root: { device: 1, inode: 3 } },
      reason: "the caller has another root directory",
    },
    {
      name: "the socket of another daemon",
      call: {
        env: ADD,
        stdin: config({ ipam: { daemonSocketPath: "/d.sock" } }),
      },
      reason: 'daemonSocketPath is "/d.sock"',
    },
    {
      name: "a relative CNI_NETNS",
      call: { env: { ...ADD, CNI_NETNS: "a" }, stdin: config() },
      reason: "CNI_NETNS is relative",
    },
  ],
  async ({ call, reason }) => {
    const host = new LauncherHost();
    const launcher = await serve(new FakeLauncher(call), host);
    assertEquals(launcher.frames, [`N${reason}`]);
    assertEquals(host.lines, [
      formatLogLine("info", "call-refused", { pid: 1, reason }),
    ]);
  },
);

testRows<{ name: string; bytes: Uint8Array; reason: string }>(
  "a request costs one line of the log:",
  [
    {
      name: "another version of the protocol",
      bytes: encodeRequest({ env: ADD, root: ROOT, version: 2 }),
      reason: "Cannot decode request: version 2, expected 1",
    },
    {
      name: "a NUL byte and something else",
      bytes: new Uint8Array(64),
      reason: "Cannot decode request: not a launcher's",
    },
    {
      name: "bytes after its end",
      bytes: Uint8Array.from([
        ...encodeRequest({ env: ADD, stdin: config(), root: ROOT }),
        0x67,
      ]),
      reason: "Cannot decode request: bytes after its end",
    },
    {
      name: "a part of it, and then silence",
      bytes: encodeRequest({ env: ADD, root: ROOT }).subarray(0, 39),
      reason: "launcher: no request within 5000 ms",
    },
  ],
  async ({ bytes, reason }) => {
    const host = new LauncherHost();
    const launcher = await serve(new FakeLauncher(bytes), host);
    const line = `level=warn event=request-failed pid=1 reason="${reason}"`;
    assertEquals([host.lines, launcher.answers], [[line], []]);
    assertEquals(/^N?$/.test(launcher.types), true, launcher.types);
  },
);

Deno.test("DEL leaves a release note if the daemon does not release the lease in time", async () => {
  const host = new LauncherHost();
  host.daemon.release = () => new Promise(() => {});
  const launcher = new FakeLauncher({ env: DEL, stdin: config() });
  const served = serveConnection(launcher, host.daemon, host.context);
  await host.advance(30_000);
  assertEquals(launcher.exitStatus, 0);
  assertEquals(host.notes, [C1]);
  assertEquals(
    launcher.stderr,
    'level=warn event=daemon-unreachable command=DEL reason="error calling DHCP.Release: unix /run/cni/dhcp.sock: no answer within 10 s"\n',
  );
  served.catch(() => {});
});
