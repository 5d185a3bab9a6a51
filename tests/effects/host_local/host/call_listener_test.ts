import { assert, assertEquals } from "@std/assert";
import { OwnListener } from "../../../../lib/host_local/host/call_listener.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { Mailbox } from "../../../support/waiting.ts";
import { rejectionOf } from "../../../unit/base/thrown.ts";
import type { CallerStream } from "../../../../lib/resident/launcher_connection.ts";

const ignore = (stream: CallerStream): void => stream[Symbol.dispose]();

function connect(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

Deno.test("OwnListener makes the socket for root alone, and its directory, and removes the socket", async () => {
  using directory = new TempDir();
  const path = directory.join("run/cni/x.sock");
  {
    using listener = await OwnListener.open(path, ignore);
    const { isSocket, mode } = await Deno.lstat(path);
    assertEquals([isSocket, (mode ?? 0) & 0o777], [true, 0o600]);
    const parent = await Deno.lstat(directory.join("run/cni"));
    assertEquals((parent.mode ?? 0) & 0o777, 0o700);
    assertEquals(listener.path, path);
    assertEquals(namesIn(directory.join("run/cni")), [
      "x.sock",
      "x.sock.lock",
    ]);
  }
  assertEquals(namesIn(directory.join("run/cni")), ["x.sock.lock"]);
});

Deno.test("OwnListener passes the bytes of a connection in both directions", async () => {
  using directory = new TempDir();
  const path = directory.join("x.sock");
  const streams = new Mailbox<CallerStream>();
  using _listener = await OwnListener.open(path, streams.put);
  using client = await connect(path);
  using stream = await streams.take("connection");
  await client.write(new TextEncoder().encode("request"));
  assertEquals(
    new TextDecoder().decode(await stream.readBytes()),
    "request",
  );
  const long = new Uint8Array(1_000_000).fill(7);
  const written = stream.writeBytes(long);
  let received = 0;
  const buffer = new Uint8Array(65_536);
  while (received < long.length) {
    received += await client.read(buffer) ?? long.length;
  }
  assertEquals([await written, received], [true, long.length]);
  client.closeWrite();
  assertEquals(await stream.readBytes(), undefined);
});

Deno.test("a stream whose caller has gone reads nothing, and writes nothing", async () => {
  using directory = new TempDir();
  const path = directory.join("x.sock");
  const streams = new Mailbox<CallerStream>();
  using _listener = await OwnListener.open(path, streams.put);
  (await connect(path)).close();
  using stream = await streams.take("connection");
  assertEquals([
    await stream.readBytes(),
    await stream.writeBytes(Uint8Array.of(1)),
  ], [undefined, false]);
});

Deno.test("a stream that is closed ends its read", async () => {
  using directory = new TempDir();
  const path = directory.join("x.sock");
  const streams = new Mailbox<CallerStream>();
  using _listener = await OwnListener.open(path, streams.put);
  using _client = await connect(path);
  const stream = await streams.take("connection");
  const read = stream.readBytes();
  stream[Symbol.dispose]();
  assertEquals(await read, undefined);
  assertEquals(await stream.writeBytes(Uint8Array.of(1)), false);
});

testRows("OwnListener replaces", [
  {
    name: "the socket of a process that was killed",
    plant: (path: string) => Deno.listen({ transport: "unix", path }).close(),
  },
  {
    name: "a directory that a process left when it was killed",
    plant: (path: string) => {
      Deno.mkdirSync(`${path}.new`);
      Deno.listen({ transport: "unix", path: `${path}.new/socket` }).close();
    },
  },
], async ({ plant }) => {
  using directory = new TempDir();
  const path = directory.join("x.sock");
  plant(path);
  using _listener = await OwnListener.open(path, ignore);
  (await connect(path)).close();
  assertEquals(namesIn(directory.path), ["x.sock", "x.sock.lock"]);
});

testRows("OwnListener refuses to listen where", [
  {
    name: "another process listens",
    open: (path: string): Promise<Disposable> => {
      const listener = Deno.listen({ transport: "unix", path });
      return Promise.resolve(listener);
    },
    advice: () =>
      "another process is listening there; stop it, or choose another path",
  },
  {
    name: "another daemon has the lock, even if its socket is gone",
    open: async (path: string): Promise<Disposable> => {
      const listener = await OwnListener.open(path, ignore);
      await Deno.remove(path);
      return listener;
    },
    advice: (path: string) => `to see by which process: fuser -v ${path}.lock`,
  },
  {
    name: "there is another file",
    open: async (path: string): Promise<Disposable> => {
      await Deno.writeTextFile(path, "");
      return new DisposableStack();
    },
    advice: (path: string) =>
      `${path} is not a socket; remove it, or choose another path`,
  },
], async ({ open, advice }) => {
  using directory = new TempDir();
  const path = directory.join("x.sock");
  using _other = await open(path);
  assertEquals(await rejectionOf(() => OwnListener.open(path, ignore)), {
    name: "SystemError",
    message: `listen unix ${path}: bind: address already in use`,
    advice: advice(path),
  });
});

testRows("OwnListener.restore() listens again if", [
  {
    name: "its socket was removed",
    change: (path: string) => Deno.removeSync(path),
  },
  {
    name: "its socket was replaced",
    change: (path: string) => {
      Deno.removeSync(path);
      Deno.listen({ transport: "unix", path }).close();
    },
  },
  {
    name: "its directory was removed",
    change: (path: string) =>
      Deno.removeSync(path.replace(/\/[^/]*$/, ""), { recursive: true }),
  },
], async ({ change }) => {
  using directory = new TempDir();
  const path = directory.join("run/x.sock");
  const streams = new Mailbox<CallerStream>();
  using listener = await OwnListener.open(path, streams.put);
  assertEquals(listener.restore(), false);
  change(path);
  assertEquals([listener.restore(), listener.restore()], [true, false]);
  using _client = await connect(path);
  (await streams.take("connection"))[Symbol.dispose]();
});

Deno.test("OwnListener leaves the socket of another process alone at its end", async () => {
  using directory = new TempDir();
  const path = directory.join("x.sock");
  const listener = await OwnListener.open(path, ignore);
  await Deno.remove(path);
  using _other = Deno.listen({ transport: "unix", path });
  listener[Symbol.dispose]();
  listener[Symbol.dispose]();
  assertEquals(listener.restore(), false);
  assert((await Deno.lstat(path)).isSocket);
});
