/**
 * The resident process as its callers see it: what it refuses, its limits, its end, and its
 * sandbox. The calls are made without the launcher, step by step. `RESIDENT_CALLS` makes the test
 * of memory longer.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { OURS } from "../../support/binaries.ts";
import {
  addressesInResult,
  environmentOf,
  networkConfig,
} from "../../support/host_local_call.ts";
import {
  encodeRequest,
  GO,
  launch,
  LauncherClient,
  ownRoot,
  PRINTED,
} from "../../support/launcher_client.ts";
import { readNetwork } from "../../support/network_directory.ts";
import { numberFromEnv } from "../../support/random.ts";
import { report } from "../../support/report.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { readDetachedTrace } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** Simultaneous calls. */
const MAX_CALLS = 512;
/** Calls of the test of memory. */
const CALLS = numberFromEnv("RESIDENT_CALLS", 4000);
const REQUIREMENTS = [`binary:${OURS}`] as const;

interface SceneOptions {
  /** A command that starts the resident process, such as strace. */
  readonly runner?: readonly string[];
  /** Whether the file system of the host is below a prefix: the temporary directory. */
  readonly prefix?: boolean;
}

/** A resident process, and a network. */
class Scene implements AsyncDisposable {
  readonly temp = new TempDir();
  readonly socket = this.temp.join("run/host-local.sock");
  readonly dataDir = this.temp.join("data");
  readonly network = `${this.dataDir}/net`;
  readonly daemon: BackgroundProcess;

  private constructor({ runner = [], prefix = false }: SceneOptions) {
    const path = prefix ? "/run/host-local.sock" : this.socket;
    const hostPrefix = prefix ? ["-hostprefix", this.temp.path] : [];
    this.daemon = new BackgroundProcess([
      ...[...runner, OURS, "daemon", "-debug", "-socketpath", path],
      ...hostPrefix,
    ], { logFile: this.temp.join("log"), ready: "event=serving" });
  }

  static async start(options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options);
    await scene.daemon.start();
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    this.temp[Symbol.dispose]();
  }

  config(keys: Readonly<Record<string, unknown>> = {}): string {
    const { dataDir } = this;
    return networkConfig({ dataDir, subnets: ["10.1.0.0/16"], ipam: keys });
  }

  /** Connects and sends a request. */
  async request(
    { command = "ADD", containerId = "c1", config = this.config(), ...more }: {
      readonly command?: string;
      readonly containerId?: string;
      readonly config?: string;
      readonly root?: { readonly device: number; readonly inode: number };
      readonly version?: number;
    } = {},
  ): Promise<LauncherClient> {
    const client = await LauncherClient.connect(this.socket);
    const env = environmentOf({ command, containerId });
    const root = ownRoot();
    await client.send(encodeRequest({ env, stdin: config, root, ...more }));
    return client;
  }
}

const decode = (payload: Uint8Array): string =>
  new TextDecoder().decode(payload);

testRowsWith(REQUIREMENTS, "the resident process refuses a call", [
  {
    name: "from another root directory",
    call: () => ({ root: { ...ownRoot(), inode: 1 } }),
    reason: "the root directory is another",
  },
  {
    name: "from a root directory on another device",
    call: () => ({ root: { ...ownRoot(), device: 1 } }),
    reason: "the root directory is another",
  },
  {
    name: "with a relative dataDir",
    call: (scene: Scene) => ({ config: scene.config({ dataDir: "data" }) }),
    reason: "dataDir is relative",
  },
  {
    name: "with a relative resolvConf",
    call: (scene: Scene) => ({ config: scene.config({ resolvConf: "r" }) }),
    reason: "resolvConf is relative",
  },
  {
    name: "in another version of the protocol",
    call: () => ({ version: 2 }),
    reason: "Cannot decode request: version 2, expected 1",
  },
], async ({ call, reason }) => {
  await using scene = await Scene.start();
  using client = await scene.request(call(scene));
  const frame = await client.receive();
  assertEquals([frame?.type, decode(frame?.payload ?? new Uint8Array())], [
    "N",
    reason,
  ]);
  assertEquals(await client.receive(), undefined);
  assertEquals(scene.daemon.count("event=call-started"), 0);
});

testWith(
  REQUIREMENTS,
  "with -hostprefix, paths are those of the host, and its root directory is the caller's",
  async () => {
    await using scene = await Scene.start({ prefix: true });
    const path = scene.temp.path;
    await Deno.writeTextFile(scene.temp.join("resolv"), "nameserver 192.0.2.1");
    const { dev, ino } = await Deno.stat(`${path}/`);
    const outcome = await launch(
      {
        env: environmentOf({ command: "ADD" }),
        stdin: scene.config({ dataDir: "/data", resolvConf: "/resolv" }),
      },
      scene.socket,
      { device: dev, inode: ino ?? 0 },
    );
    const result = JSON.parse(outcome?.stdout ?? "");
    assertEquals([outcome?.code, result.dns], [0, {
      nameservers: ["192.0.2.1"],
    }]);
    assertEquals([...readNetwork(scene.network).addresses.keys()], [
      "10.1.0.2",
    ]);
    // The root of the process itself is another one now.
    using client = await scene.request();
    assertEquals((await client.receive())?.type, "N");
  },
);

testRowsWith(REQUIREMENTS, "after an ADD of the resident process,", [
  { name: "24 reservations have no index", before: 23, hasIndex: false },
  { name: "25 reservations have an index", before: 24, hasIndex: true },
], async ({ before, hasIndex }) => {
  await using scene = await Scene.start();
  await Deno.mkdir(scene.network, { recursive: true });
  for (let index = 0; index < before; index++) {
    const path = `${scene.network}/10.1.1.${index}`;
    await Deno.writeTextFile(path, `other${index}\r\neth0`);
  }
  const outcome = await launch({
    env: environmentOf({ command: "ADD" }),
    stdin: scene.config(),
  }, scene.socket);
  assertEquals(outcome?.code, 0);
  assertEquals(
    readNetwork(scene.network).others.includes(".index.db"),
    hasIndex,
  );
});

testWith(
  REQUIREMENTS,
  "a call that has to read 20,000 files does not hold up a call on another network",
  async () => {
    await using scene = await Scene.start();
    const large = `${scene.dataDir}/large`;
    await Deno.mkdir(large, { recursive: true });
    await Deno.writeTextFile(`${large}/10.2.0.0`, "other\r\neth0");
    for (let index = 1; index < 20_000; index++) {
      const name = `10.2.${index >> 8}.${index & 255}`;
      await Deno.link(`${large}/10.2.0.0`, `${large}/${name}`);
    }
    const { dataDir } = scene;
    const request = (name: string): Promise<LauncherClient> => {
      const subnets = ["10.1.0.0/16"];
      const config = networkConfig({ dataDir, subnets, name });
      return scene.request({ config });
    };
    using largeCall = await request("large");
    using smallCall = await request("small");
    const calls = [largeCall, smallCall];
    for (const call of calls) assertEquals((await call.receive())?.type, "A");
    // At once: on a busy machine this process may run again only after the large call.
    await Promise.all(calls.map((call) => call.send(GO)));
    for (const call of calls) {
      assertEquals((await call.receiveNext())?.type, "O");
    }
    const reservedMs = (network: string): number =>
      Deno.statSync(`${dataDir}/${network}/10.1.0.2`).mtime?.getTime() ?? NaN;
    assert(reservedMs("small") < reservedMs("large"));
    for (const call of calls) {
      await call.send(PRINTED);
      assertEquals((await call.receiveNext())?.type, "X");
    }
  },
);

testWith(
  REQUIREMENTS,
  `the resident process runs ${MAX_CALLS} calls at the same time, and refuses more`,
  async () => {
    await using scene = await Scene.start();
    await using stack = new AsyncDisposableStack();
    const waiting = await Promise.all(
      Array.from({ length: MAX_CALLS }, async (_, index) => {
        const client = await scene.request({
          containerId: `c${index}`,
          config: scene.config({ lockTimeoutSeconds: 600 }),
        });
        assertEquals((await client.receive())?.type, "A");
        return stack.use(client);
      }),
    );
    // It is refused before it sends its request, which might fail.
    using more = await LauncherClient.connect(scene.socket);
    const frame = await more.receive();
    assertEquals(
      [frame?.type, decode(frame?.payload ?? new Uint8Array())],
      ["N", "more than 512 calls"],
    );
    // They are on one network: each waits for the one before it.
    const addresses = await Promise.all(waiting.map(async (client) => {
      await client.send(GO);
      const document = await client.receiveNext();
      await client.send(PRINTED);
      assertEquals((await client.receiveNext())?.type, "X");
      return addressesInResult(
        decode(document?.payload.subarray(1) ?? new Uint8Array()),
      );
    }));
    assertEquals(new Set(addresses.flat()).size, MAX_CALLS);
  },
);

testWith(
  REQUIREMENTS,
  "SIGTERM lets a running call finish, and runs no other",
  async () => {
    await using scene = await Scene.start();
    using running = await scene.request();
    await running.receive();
    await running.send(GO);
    const document = await running.receiveNext();
    using accepted = await scene.request({ containerId: "c2" });
    assertEquals((await accepted.receive())?.type, "A");
    using idle = await LauncherClient.connect(scene.socket);
    // Connections are accepted in order: once a later one is answered, that one is not in the
    // queue.
    const env = { CNI_COMMAND: "VERSION" };
    assertEquals((await launch({ env }, scene.socket))?.code, 0);
    const ended = scene.daemon.end("SIGTERM");
    await scene.daemon.until(
      "stop",
      () => scene.daemon.log.includes("event=stopping"),
    );
    await accepted.send(GO);
    assertEquals(await accepted.receive(), undefined);
    await idle.send(encodeRequest({
      env: environmentOf({ command: "ADD", containerId: "c3" }),
      stdin: scene.config(),
      root: ownRoot(),
    }));
    assertEquals((await idle.receive())?.type, "N");
    await running.send(PRINTED);
    assertEquals((await running.receiveNext())?.type, "X");
    assertEquals([document?.type, await ended], ["O", 0]);
    assertEquals([...readNetwork(scene.network).addresses.keys()], [
      "10.1.0.2",
    ]);
    const left = await Array.fromAsync(Deno.readDir(scene.temp.join("run")));
    assertEquals(left.map(({ name }) => name), ["host-local.sock.lock"]);
  },
);

testRowsWith(REQUIREMENTS, "an ADD is undone if the launcher", [
  {
    name: "disconnects before the document",
    act: async (client: LauncherClient) => {
      await client.send(GO);
      client[Symbol.dispose]();
    },
  },
  {
    name: "disconnects after the document",
    act: async (client: LauncherClient) => {
      await client.send(GO);
      assertEquals((await client.receiveNext())?.type, "O");
      client[Symbol.dispose]();
    },
  },
  {
    name: "never says go",
    act: (client: LauncherClient) => Promise.resolve(client[Symbol.dispose]()),
  },
], async ({ act }) => {
  await using scene = await Scene.start();
  using client = await scene.request();
  assertEquals((await client.receive())?.type, "A");
  await act(client);
  // The lock is free again, and the first address.
  const outcome = await launch({
    env: environmentOf({ command: "ADD", containerId: "c2" }),
    stdin: scene.config(),
  }, scene.socket);
  assertEquals(addressesInResult(outcome?.stdout ?? ""), ["10.1.0.2"]);
  const { addresses, others } = readNetwork(scene.network);
  assertEquals([[...addresses.keys()], others], [["10.1.0.2"], []]);
});

testWith(
  REQUIREMENTS,
  "socket activation works, or the process says why not",
  async () => {
    using temp = new TempDir();
    const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<>/dev/null';
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", OURS, "daemon"],
      cwd: temp.path,
    }).output();
    assertEquals(code, 1);
    assertMatch(
      decode(stderr),
      /event=command-failed reason="listen on descriptor 3: /,
    );
  },
);

testWith(
  REQUIREMENTS,
  `the resident process has less than 128 MiB of memory after ${CALLS} calls`,
  async () => {
    await using scene = await Scene.start();
    const { pid } = scene.daemon;
    const residentKib = async (): Promise<number> => {
      const { stdout } = await new Deno.Command("cat", {
        args: [`/proc/${pid}/status`],
      }).output();
      return Number(/VmRSS:\s+(\d+)/.exec(decode(stdout))?.[1]);
    };
    const run = async (count: number): Promise<void> => {
      const clients = Array.from({ length: 8 }, async (_, client) => {
        for (let call = 0; call < count / 8; call += 2) {
          for (const command of ["ADD", "DEL"]) {
            const outcome = await launch({
              env: environmentOf({ command, containerId: `c${client}` }),
              stdin: scene.config(),
            }, scene.socket);
            assertEquals(outcome?.code, 0, outcome?.stdout);
          }
        }
      });
      await Promise.all(clients);
    };
    await run(CALLS / 4);
    const beforeKib = await residentKib();
    await run(CALLS * 3 / 4);
    const afterKib = await residentKib();
    report(`${CALLS} calls: from ${beforeKib} to ${afterKib} KiB`);
    // It varies by some 30 MiB between two collections of garbage.
    assert(afterKib < 128 * 1024, `${beforeKib} to ${afterKib} KiB`);
    const { stdout } = await new Deno.Command("ls", {
      args: [`/proc/${pid}/fd`],
    }).output();
    assert(decode(stdout).trim().split("\n").length < 30, decode(stdout));
  },
);

testWith(
  [...REQUIREMENTS, "command:strace"],
  "the resident process uses only its socket and its network's directory, and starts no program",
  async () => {
    using trace = new TempDir();
    const file = trace.join("trace");
    let scene: Scene | undefined;
    {
      await using opened = await Scene.start({
        runner: ["strace", "-D", "-f", "-o", file, "--"],
      });
      scene = opened;
      for (const command of ["VERSION", "ADD", "STATUS", "CHECK", "DEL"]) {
        await launch({
          env: environmentOf({ command }),
          stdin: networkConfig({
            dataDir: scene.dataDir,
            subnets: ["10.1.0.0/16"],
            cniVersion: "1.1.0",
            extra: { prevResult: { cniVersion: "1.1.0", ips: [] } },
          }),
        }, scene.socket);
      }
    }
    const { daemon: { pid }, dataDir, socket } = scene;
    const { calls } = await readDetachedTrace(file, pid);
    const unexpected = calls.filter(({ name, args }) => {
      if (/^(execve|fork|vfork)/.test(name)) return !args.includes(OURS);
      if (name.startsWith("clone")) return !args.includes("CLONE_THREAD");
      if (name === "socket" || name === "socketpair") {
        return !args.startsWith("AF_UNIX");
      }
      if (name === "bind" || name === "connect") {
        return !args.includes(`sun_path="${socket}`);
      }
      if (!name.startsWith("open")) return false;
      const [, path = ""] = /"([^"]*)"/.exec(args) ?? [];
      return /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(args) &&
        !path.startsWith(`${dataDir}/`) && !path.startsWith(socket) &&
        path !== "/dev/null";
    });
    assertEquals(unexpected.map(({ name, args }) => `${name}(${args})`), []);
    assert(calls.some(({ name }) => name === "bind"));
  },
);
