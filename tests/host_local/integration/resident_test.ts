/**
 * The resident process as its callers see it: what it refuses, its limits, its end, and its
 * sandbox. The calls are made without the launcher, step by step.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
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
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { readDetachedTrace } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { ResidentScene } from "./resident_scene.ts";

/** Simultaneous calls. */
const MAX_CALLS = 512;
const REQUIREMENTS = [`binary:${OURS}`] as const;

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
    call: (scene: ResidentScene) => ({
      config: scene.config({ dataDir: "data" }),
    }),
    reason: "dataDir is relative",
  },
  {
    name: "with a relative resolvConf",
    call: (scene: ResidentScene) => ({
      config: scene.config({ resolvConf: "r" }),
    }),
    reason: "resolvConf is relative",
  },
  {
    name: "in another version of the protocol",
    call: () => ({ version: 2 }),
    reason: "Cannot decode request: version 2, expected 1",
  },
], async ({ call, reason }) => {
  await using scene = await ResidentScene.start();
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
    await using scene = await ResidentScene.start({ prefix: true });
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

testWith(
  REQUIREMENTS,
  "with -debug, the resident process logs how each call ends, and how long it took",
  async () => {
    await using scene = await ResidentScene.start();
    const { daemon } = scene;
    const call = {
      env: environmentOf({ command: "ADD" }),
      stdin: scene.config(),
    };
    const success = await launch(call, scene.socket);
    const failure = await launch(call, scene.socket);
    const { code } = JSON.parse(failure?.stdout ?? "");
    assertEquals([success?.code, failure?.code], [0, 1]);
    // The line of a success is written after the launcher has confirmed that it printed the result.
    await daemon.until(
      "end of both calls",
      () => daemon.count("event=call-ended") === 2,
    );
    const ends = daemon.log.split("\n")
      .filter((line) => line.includes("event=call-ended"))
      .map((line) =>
        line.replace(/^time=\S+ /, "").replace(/(?<=durationMs=)\d+$/, "N")
      );
    const start = `level=debug event=call-ended command=ADD pid=${Deno.pid}`;
    assertEquals(ends, [
      `${start} code=0 durationMs=N`,
      `${start} code=${code} durationMs=N`,
    ]);
  },
);

testRowsWith(REQUIREMENTS, "after an ADD of the resident process,", [
  { name: "24 reservations have no index", before: 23, hasIndex: false },
  { name: "25 reservations have an index", before: 24, hasIndex: true },
], async ({ before, hasIndex }) => {
  await using scene = await ResidentScene.start();
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
    await using scene = await ResidentScene.start();
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
    await using scene = await ResidentScene.start();
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
    await using scene = await ResidentScene.start();
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
  await using scene = await ResidentScene.start();
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
  [...REQUIREMENTS, "command:strace"],
  "the resident process uses only its socket and its network's directory, and starts no program",
  async () => {
    using trace = new TempDir();
    const file = trace.join("trace");
    let scene: ResidentScene | undefined;
    {
      await using opened = await ResidentScene.start({
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
