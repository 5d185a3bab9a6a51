import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DecodeError, SystemError } from "../../../lib/base/errors.ts";
import { Descriptor } from "../../../lib/linux/descriptor.ts";
import { libc } from "../../../lib/linux/libc.ts";
import { bindSocket, openSocket, SOCK } from "../../../lib/linux/socket.ts";
import { AF, unixAddress } from "../../../lib/linux/socket_address.ts";
import { EventLoop } from "../../../lib/linux/event_loop.ts";
import { connectUnix } from "../../../lib/sys/unix_client.ts";
import type { UnixConnection } from "../../../lib/linux/unix_connection.ts";
import {
  listenUnix,
  refuseListening,
  type UnixListener,
} from "../../../lib/linux/unix_listener.ts";
import { UnixServer } from "../../../lib/linux/unix_server.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { Mailbox, soon } from "../../support/waiting.ts";

const LIMITS = { timeoutMs: 60_000, maxLineBytes: 1_000_000 };
const SHORT_MS = 5;
const LONG_MS = 60_000;

/** A server in its own directory; a test takes its connections. */
class TestServer implements AsyncDisposable {
  readonly directory = new TempDir();
  readonly path = this.directory.join("run/cni/dhcp.sock");
  readonly errors = new Mailbox<unknown>();
  readonly loop = new EventLoop(this.errors.put);
  readonly listener: UnixListener = listenUnix(this.path);
  readonly connections = new Mailbox<UnixConnection>();
  readonly server: UnixServer;

  constructor(maxLineBytes = 1_000) {
    this.server = new UnixServer(this.loop, this.listener, {
      maxLineBytes,
      onConnection: this.connections.put,
    });
  }

  async accept(): Promise<UnixConnection> {
    return await this.connections.take("connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server[Symbol.dispose]();
    this.listener[Symbol.dispose]();
    await this.loop[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

/** A connection of the server with a line that its client has not read. */
async function unread(
  server: TestServer,
): Promise<{ client: Deno.UnixConn; connection: UnixConnection }> {
  const client = await connect(server.path);
  const connection = await server.accept();
  assertEquals(await connection.flushed(LONG_MS), true);
  assertEquals(await connection.writeLine("line", LONG_MS), true);
  return { client, connection };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve());
  await soon(promise, "hang-up");
}

async function connect(path: string): Promise<Deno.UnixConn> {
  return await Deno.connect({ transport: "unix", path });
}

const encoder = new TextEncoder();

Deno.test("UnixClient and UnixConnection exchange lines", async () => {
  await using server = new TestServer();
  using client = await connectUnix(server.path);
  const answer = client.call("ping", LIMITS);
  using connection = await server.accept();
  assertEquals(await connection.readLine(LONG_MS), "ping");
  assertEquals(await connection.writeLine("pong", LONG_MS), true);
  assertEquals(await answer, "pong");
});

Deno.test("UnixConnection.peekByte() leaves the byte to the next reader", async () => {
  await using server = new TestServer();
  using client = await connect(server.path);
  using connection = await server.accept();
  await assertRejects(
    () => connection.peekByte(SHORT_MS),
    SystemError,
    "no line received within 5 ms",
  );
  const peeked = connection.peekByte(LONG_MS);
  await client.write(encoder.encode("ab\n"));
  assertEquals(await peeked, 0x61);
  assertEquals(await connection.readLine(LONG_MS), "ab");
});

Deno.test("UnixConnection waits without limit if the time-out is Infinity", async () => {
  await using server = new TestServer();
  using client = await connect(server.path);
  using connection = await server.accept();
  const bytes = connection.readBytes(Infinity);
  await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
  await client.write(encoder.encode("ab"));
  assertEquals(await bytes, encoder.encode("ab"));
  // More than the kernel takes at once, so that the write waits.
  const written = connection.writeBytes(new Uint8Array(4_000_000), Infinity);
  let rest = 4_000_000;
  const buffer = new Uint8Array(65_536);
  while (rest > 0) rest -= await client.read(buffer) ?? rest;
  assertEquals(await written, true);
});

Deno.test("UnixConnection.peer is the process that connected", async () => {
  await using server = new TestServer();
  using _client = await connectUnix(server.path);
  using connection = await server.accept();
  assertEquals(connection.peer, {
    pid: Deno.pid,
    uid: Deno.uid() ?? -1,
  });
});

Deno.test("UnixConnection.hungUp is aborted if the caller disconnects during its call", async () => {
  await using server = new TestServer();
  const client = await connectUnix(server.path);
  const answer = client.call("work", LIMITS).catch(() => "gone");
  using connection = await server.accept();
  assertEquals(await connection.readLine(LONG_MS), "work");
  assertEquals(connection.hungUp.aborted, false);
  client[Symbol.dispose]();
  assertEquals(await answer, "gone");
  await aborted(connection.hungUp);
  assertEquals(await connection.writeLine("done", LONG_MS), false);
});

Deno.test("UnixConnection reads the line of a caller that disconnects at once", async () => {
  await using server = new TestServer();
  const client = await connect(server.path);
  await client.write(encoder.encode("release\n"));
  client.close();
  using connection = await server.accept();
  await aborted(connection.hungUp);
  assertEquals(await connection.readLine(LONG_MS), "release");
  assertEquals(await connection.readLine(LONG_MS), undefined);
});

Deno.test("UnixConnection.hungUp is not aborted by a half-closed connection", async () => {
  await using server = new TestServer();
  const client = await connect(server.path);
  await client.write(encoder.encode("ask\n"));
  await client.closeWrite();
  using connection = await server.accept();
  assertEquals(await connection.readLine(LONG_MS), "ask");
  assertEquals(await connection.readLine(LONG_MS), undefined);
  assertEquals(connection.hungUp.aborted, false);
  assertEquals(await connection.writeLine("answer", LONG_MS), true);
  const buffer = new Uint8Array(100);
  const length = await client.read(buffer);
  assertEquals(buffer.subarray(0, length ?? 0), encoder.encode("answer\n"));
  client.close();
  await aborted(connection.hungUp);
});

Deno.test("UnixConnection.readLine() joins pieces and keeps lines that arrive early", async () => {
  await using server = new TestServer();
  using client = await connect(server.path);
  using connection = await server.accept();
  const first = connection.readLine(LONG_MS);
  for (const piece of ["o", "ne\ntwo\nth", "ree\n"]) {
    await client.write(encoder.encode(piece));
  }
  assertEquals(await first, "one");
  assertEquals(await connection.readLine(LONG_MS), "two");
  assertEquals(await connection.readLine(LONG_MS), "three");
});

Deno.test("UnixConnection.readBytes() loses nothing of many small pieces", async () => {
  await using server = new TestServer();
  const pieces = 2000;
  for (let round = 0; round < 10; round++) {
    const sender = new Deno.Command("perl", {
      args: [
        ...["-MIO::Socket::UNIX", "-e"],
        'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; syswrite($s, "0123456789") for 1..$ARGV[1];',
        ...[server.path, String(pieces)],
      ],
    }).spawn();
    using connection = await server.accept();
    let length = 0;
    for (;;) {
      const bytes = await connection.readBytes(LONG_MS);
      if (bytes === undefined) break;
      length += bytes.length;
    }
    await sender.status;
    assertEquals(length, pieces * 10);
  }
});

Deno.test("UnixConnection.readLine() refuses a line that is too long", async () => {
  await using server = new TestServer(10);
  using client = await connect(server.path);
  using connection = await server.accept();
  await client.write(encoder.encode("12345678901"));
  await assertRejects(() => connection.readLine(LONG_MS), DecodeError);
  assertEquals(await connection.writeLine("too long", LONG_MS), true);
});

Deno.test("UnixConnection.readLine() refuses a truncated line", async () => {
  await using server = new TestServer();
  const client = await connect(server.path);
  using connection = await server.accept();
  await client.write(encoder.encode("half"));
  client.close();
  await assertRejects(() => connection.readLine(LONG_MS), DecodeError);
});

Deno.test("UnixConnection.readLine() throws after its timeout", async () => {
  await using server = new TestServer();
  using _client = await connect(server.path);
  using connection = await server.accept();
  await assertRejects(
    () => connection.readLine(SHORT_MS),
    SystemError,
    "no line received within 5 ms",
  );
});

Deno.test("UnixConnection.writeLine() waits for a slow reader", async () => {
  await using server = new TestServer();
  using client = await connectUnix(server.path);
  const answer = client.call("much", LIMITS);
  using connection = await server.accept();
  const text = "x".repeat(900_000);
  assertEquals(await connection.writeLine(text, LONG_MS), true);
  assertEquals(await answer, text);
});

Deno.test("UnixConnection.writeLine() throws after its timeout if the peer does not read", async () => {
  await using server = new TestServer();
  using _client = await connect(server.path);
  using connection = await server.accept();
  await assertRejects(
    () => connection.writeLine("x".repeat(900_000), SHORT_MS),
    SystemError,
    "data not sent within 5 ms",
  );
});

Deno.test("UnixConnection.writeLine() returns false if the peer disconnects while it waits", async () => {
  await using server = new TestServer();
  const client = await connect(server.path);
  using connection = await server.accept();
  const written = connection.writeLine("x".repeat(900_000), LONG_MS);
  client.close();
  assertEquals(await written, false);
});

Deno.test("UnixConnection ends a pending read when it is disposed of", async () => {
  await using server = new TestServer();
  using _client = await connect(server.path);
  const connection = await server.accept();
  const line = connection.readLine(LONG_MS);
  connection[Symbol.dispose]();
  connection[Symbol.dispose]();
  assertEquals(await line, undefined);
  assertEquals(await connection.writeLine("x", LONG_MS), false);
});

Deno.test("UnixServer serves 200 callers at once", async () => {
  await using server = new TestServer();
  const serving = (async () => {
    for (let count = 0; count < 200; count++) {
      const connection = await server.accept();
      const line = await connection.readLine(LONG_MS);
      await connection.writeLine(`${line}!`, LONG_MS);
      connection[Symbol.dispose]();
    }
  })();
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      using client = await connectUnix(server.path);
      return await client.call(String(index), LIMITS);
    }),
  );
  await serving;
  assertEquals(answers, Array.from({ length: 200 }, (_, index) => `${index}!`));
});

Deno.test("UnixServer reports what onConnection throws, disconnects, and continues", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  const errors = new Mailbox<unknown>();
  await using loop = new EventLoop(errors.put);
  using listener = listenUnix(path);
  using _server = new UnixServer(loop, listener, {
    maxLineBytes: 10,
    onConnection: () => {
      throw new Error("no");
    },
  });
  for (let round = 0; round < 2; round++) {
    using client = await connectUnix(path);
    await assertRejects(
      () => client.call("x", LIMITS),
      SystemError,
      "the daemon closed the connection",
    );
    assertEquals(String(await errors.take("error")), "Error: no");
  }
});

Deno.test("UnixServer sends refused peers a line, and makes no connection", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  await using loop = new EventLoop((error) => {
    throw error;
  });
  using listener = listenUnix(path);
  const connections = new Mailbox<UnixConnection>();
  const peers: number[] = [];
  using _server = new UnixServer(loop, listener, {
    maxLineBytes: 10,
    refuse: ({ pid }) => {
      peers.push(pid);
      return peers.length <= 2 ? "no" : undefined;
    },
    onConnection: connections.put,
  });
  for (let refused = 0; refused < 2; refused++) {
    using client = await connect(path);
    const answer = await new Response(client.readable).text();
    assertEquals(answer, "no\n");
  }
  using _client = await connectUnix(path);
  using _connection = await connections.take("connection");
  assertEquals(peers, [Deno.pid, Deno.pid, Deno.pid]);
});

Deno.test("UnixClient.call() reads why it is refused, although its line is not read", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  await using loop = new EventLoop((error) => {
    throw error;
  });
  using listener = listenUnix(path);
  const refused = new Mailbox<string>();
  using _server = new UnixServer(loop, listener, {
    maxLineBytes: 10,
    refuse: () => {
      refused.put("no");
      return "no";
    },
    onConnection: () => {},
  });
  using client = await connectUnix(path);
  // The connection is closed in the same turn.
  await refused.take("refusal");
  assertEquals(await client.call("x", LIMITS), "no");
});

Deno.test("connectUnix() waits for a place in a full queue of connections", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  using socket = openSocket(AF.UNIX, SOCK.STREAM);
  bindSocket(socket, unixAddress(path), path);
  libc().listen(socket.fd, 1);
  using queued = new DisposableStack();
  for (;;) {
    const connected = await connect(path).catch((error) => error);
    if (connected instanceof Deno.errors.WouldBlock) break;
    queued.adopt(connected as Deno.UnixConn, (each) => each.close());
  }
  const late = await assertRejects(() => connectUnix(path), SystemError);
  assertEquals(
    late.message,
    `dial unix ${path}: connect: resource temporarily unavailable`,
  );
  const waiting = connectUnix(path);
  const accepted = libc().accept4(socket.fd, null, null, 0);
  using _accepted = new Descriptor(accepted);
  using _client = await waiting;
});

Deno.test("UnixClient.call() throws after its timeout", async () => {
  await using server = new TestServer();
  using client = await connectUnix(server.path);
  await assertRejects(
    () => client.call("x", { ...LIMITS, timeoutMs: SHORT_MS }),
    SystemError,
    `unix ${server.path}: no answer within 0.005 s`,
  );
  using connection = await server.accept();
  await aborted(connection.hungUp);
});

Deno.test("UnixClient.call() accepts a timeout of years", async () => {
  await using server = new TestServer();
  using client = await connectUnix(server.path);
  const answer = client.call("x", { ...LIMITS, timeoutMs: 1e12 });
  using connection = await server.accept();
  // A timeout that is too long for a timer would fire before this one.
  using impatient = await connectUnix(server.path);
  const short = { ...LIMITS, timeoutMs: SHORT_MS };
  await assertRejects(() => impatient.call("x", short), SystemError);
  await connection.writeLine("late", LONG_MS);
  assertEquals(await answer, "late");
});

Deno.test("UnixClient.call() refuses an answer that is too long", async () => {
  await using server = new TestServer();
  using client = await connectUnix(server.path);
  const answer = client.call("x", { ...LIMITS, maxLineBytes: 3 });
  using connection = await server.accept();
  await connection.writeLine("12345", LONG_MS);
  await assertRejects(() => answer, DecodeError);
});

Deno.test("connectUnix() throws upstream's text if no daemon listens", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  const missing = await assertRejects(() => connectUnix(path), SystemError);
  assertEquals(
    missing.message,
    `dial unix ${path}: connect: no such file or directory`,
  );
  assert(missing.cause instanceof Deno.errors.NotFound);
  assertEquals(
    missing.advice,
    "start the daemon: dhcp daemon, or cni-dhcp.service",
  );
  leaveStaleSocket(path);
  const refused = await assertRejects(() => connectUnix(path), SystemError);
  assertEquals(
    refused.message,
    `dial unix ${path}: connect: connection refused`,
  );
  assert(refused.cause instanceof Deno.errors.ConnectionRefused);
});

/** Makes a socket file as a killed daemon leaves it. */
function leaveStaleSocket(path: string): void {
  run(
    "perl",
    "-e",
    `use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("${path}")) or die; listen(S, 1);`,
  );
}

Deno.test("listenUnix() creates a private directory and a group-accessible socket with any umask", () => {
  using directory = new TempDir();
  const before = Deno.umask(0o077);
  try {
    using _listener = listenUnix(directory.join("a/b/s"));
    const modes = ["a/b", "a/b/s"].map((name) =>
      (Deno.statSync(directory.join(name)).mode ?? 0) & 0o777
    );
    assertEquals(modes, [0o700, 0o660]);
  } finally {
    Deno.umask(before);
  }
});

Deno.test("listenUnix() replaces a stale socket", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  leaveStaleSocket(path);
  await using loop = new EventLoop((error) => {
    throw error;
  });
  using listener = listenUnix(path);
  const connections = new Mailbox<UnixConnection>();
  using _server = new UnixServer(loop, listener, {
    maxLineBytes: 10,
    onConnection: connections.put,
  });
  using _client = await connectUnix(path);
  using _connection = await connections.take("connection");
});

Deno.test("listenUnix() refuses a socket that a daemon listens on, and keeps it", async () => {
  await using server = new TestServer();
  const error = assertThrows(() => listenUnix(server.path), SystemError);
  assertEquals(
    [error.message, error.advice],
    [
      `listen unix ${server.path}: bind: address already in use`,
      `process ${Deno.pid} is listening there; stop it, or choose another path`,
    ],
  );
  assertThrows(() => refuseListening(server.path), SystemError, error.message);
  using _client = await connectUnix(server.path);
});

Deno.test("refuseListening() accepts a path that no process listens on, and changes nothing", () => {
  using directory = new TempDir();
  const path = directory.join("s");
  refuseListening(path);
  refuseListening(directory.join("none/s"));
  leaveStaleSocket(path);
  refuseListening(path);
  assertEquals(Deno.lstatSync(path).isSocket, true);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "precious");
  refuseListening(path);
});

Deno.test("listenUnix() listens on an abstract socket, which has no file", async () => {
  using directory = new TempDir();
  const name = `@cni-ipam${directory.path}`;
  await using loop = new EventLoop((error) => {
    throw error;
  });
  const connections = new Mailbox<UnixConnection>();
  {
    using listener = listenUnix(name);
    assertEquals([listener.path, listener.isReachable], [name, true]);
    using _server = new UnixServer(loop, listener, {
      maxLineBytes: 10,
      onConnection: connections.put,
    });
    using client = await connectUnix(name);
    const answer = client.call("ping", LIMITS);
    using connection = await connections.take("connection");
    assertEquals(await connection.readLine(LONG_MS), "ping");
    await connection.writeLine("pong", LONG_MS);
    assertEquals(await answer, "pong");
    const error = assertThrows(() => listenUnix(name), SystemError);
    assertEquals([error.message, error.advice], [
      `listen unix ${name}: bind: address already in use`,
      `process ${Deno.pid} is listening there; stop it, or choose another path`,
    ]);
    assertThrows(() => refuseListening(name), SystemError, error.message);
  }
  refuseListening(name);
  const { message } = await assertRejects(() => connectUnix(name), SystemError);
  assertEquals(message, `dial unix ${name}: connect: connection refused`);
  assertEquals(await Deno.lstat(name).catch(() => "none"), "none");
});

Deno.test("UnixListener.isReachable is false once its file is removed or replaced", () => {
  using directory = new TempDir();
  const path = directory.join("s");
  using listener = listenUnix(path);
  assertEquals(listener.isReachable, true);
  Deno.removeSync(path);
  assertEquals(listener.isReachable, false);
  leaveStaleSocket(path);
  assertEquals(listener.isReachable, false);
});

Deno.test("listenUnix() refuses a file that is not a socket, and keeps it", () => {
  using directory = new TempDir();
  const path = directory.join("s");
  Deno.writeTextFileSync(path, "precious");
  assertThrows(() => listenUnix(path), SystemError, "address already in use");
  assertEquals(Deno.readTextFileSync(path), "precious");
});

Deno.test("listenUnix() refuses a path that is too long for a socket", () => {
  const error = assertThrows(
    () => listenUnix(`/tmp/${"x".repeat(103)}`),
    SystemError,
  );
  assert(error.message.includes("108 bytes, expected 1 to 107"));
});

Deno.test("listenUnix() refuses the name of an abstract socket that is too long", () => {
  using _longest = listenUnix(`@${"x".repeat(107)}`);
  const error = assertThrows(
    () => listenUnix(`@${"x".repeat(108)}`),
    SystemError,
  );
  assert(error.message.includes("109 bytes, expected 1 to 108"));
});

Deno.test("listenUnix() throws if it cannot create the directory, with the reason", () => {
  using directory = new TempDir();
  Deno.writeTextFileSync(directory.join("file"), "");
  const error = assertThrows(
    () => listenUnix(directory.join("file/run/s")),
    SystemError,
  );
  assert(error.message.startsWith(`mkdir ${directory.join("file/run/")}: `));
});

Deno.test("UnixListener removes only its own file", () => {
  using directory = new TempDir();
  const path = directory.join("s");
  const own = listenUnix(path);
  own[Symbol.dispose]();
  own[Symbol.dispose]();
  assertEquals([...Deno.readDirSync(directory.path)], []);
  const replaced = listenUnix(path);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "another's");
  replaced[Symbol.dispose]();
  assertEquals(Deno.readTextFileSync(path), "another's");
});

Deno.test("UnixConnection.flushed() waits until the peer has read everything", async () => {
  await using server = new TestServer();
  const { client, connection } = await unread(server);
  using _client = client;
  using _connection = connection;
  assertEquals(await connection.flushed(SHORT_MS), false);
  const flushed = connection.flushed(LONG_MS);
  await client.read(new Uint8Array(100));
  assertEquals(await soon(flushed, "end"), true);
});

Deno.test("UnixConnection.flushed() ends when the peer closes the connection", async () => {
  await using server = new TestServer();
  const { client, connection } = await unread(server);
  using _connection = connection;
  const flushed = connection.flushed(LONG_MS);
  client.close();
  assertEquals(await soon(flushed, "end"), true);
});

Deno.test("UnixConnection.flushed() ends when the connection is closed", async () => {
  await using server = new TestServer();
  const { client, connection } = await unread(server);
  using _client = client;
  const flushed = connection.flushed(LONG_MS);
  connection[Symbol.dispose]();
  assertEquals(await soon(flushed, "end"), false);
});
