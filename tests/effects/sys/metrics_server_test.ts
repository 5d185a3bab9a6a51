import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  MetricsServer,
  type MetricsServerOptions,
} from "../../../lib/sys/metrics_server.ts";
import {
  connectTo,
  GET_METRICS,
  request,
  scrape,
} from "../../support/metrics_scrape.ts";
import { TempDir } from "../../support/temp_dir.ts";

const TEXT = "# HELP x X\n";

/** A server at a socket in a directory of its own. */
class Scene implements Disposable {
  readonly temp = new TempDir();
  readonly path = this.temp.join("m.sock");
  readonly events: string[] = [];
  readonly server: Promise<MetricsServer>;

  constructor(options: Partial<MetricsServerOptions> = {}) {
    this.server = this.open(`unix:${this.path}`, options);
  }

  open(
    address: string,
    options: Partial<MetricsServerOptions> = {},
  ): Promise<MetricsServer> {
    return MetricsServer.open(address, {
      hostPrefix: "",
      advice: "",
      log: (_level, event) => void this.events.push(event),
      text: () => TEXT,
      ...options,
    });
  }

  /** The names of the files in the directory. */
  get names(): string[] {
    return [...Deno.readDirSync(this.temp.path)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    this.temp[Symbol.dispose]();
  }
}

/** Returns what comes until the end; empty if the connection is reset. */
async function rest(connection: Deno.Conn | Deno.UnixConn): Promise<string> {
  try {
    return await new Response(connection.readable).text();
  } catch {
    return "";
  }
}

Deno.test("MetricsServer answers on a socket that only its user can open, and removes it", async () => {
  using scene = new Scene();
  {
    using server = await scene.server;
    assertEquals(server.address, `unix:${scene.path}`);
    assertEquals(((await Deno.stat(scene.path)).mode ?? 0) & 0o777, 0o600);
    assertEquals(await scrape(server.address), TEXT);
  }
  assertEquals(scene.names, ["m.sock.lock"]);
});

Deno.test("MetricsServer answers on loopback addresses, and says on which port", async () => {
  using scene = new Scene();
  using _server = await scene.server;
  using other = await scene.open("127.0.0.1:0");
  assertMatch(other.address, /^127\.0\.0\.1:[1-9]\d*$/);
  assertEquals(await scrape(other.address), TEXT);
  assertEquals([other.path, other.restore()], ["", false]);
});

Deno.test("MetricsServer refuses an address in use", async () => {
  using scene = new Scene();
  using server = await scene.server;
  await assertRejects(
    () => scene.open(server.address),
    SystemError,
    "bind: address already in use",
  );
  using tcp = await scene.open("127.0.0.1:0");
  await assertRejects(
    () => scene.open(tcp.address),
    SystemError,
    `listen tcp 127.0.0.1 port ${
      tcp.address.split(":")[1]
    }: address already in use`,
  );
});

Deno.test("MetricsServer refuses other requests, and heads that are too long", async () => {
  using scene = new Scene();
  using server = await scene.server;
  const statuses: string[] = [];
  for (
    const text of [
      "GET / HTTP/1.1\r\n\r\n",
      "POST /metrics HTTP/1.1\r\n\r\n",
      "\r\n\r\n",
      `GET /metrics HTTP/1.1\r\n${"x".repeat(8192 - 23)}`,
    ]
  ) {
    const [status = ""] = (await request(server.address, text)).split("\r\n");
    statuses.push(status);
  }
  assertEquals(statuses, [
    "HTTP/1.1 404 Not Found",
    "HTTP/1.1 405 Method Not Allowed",
    "HTTP/1.1 400 Bad Request",
    "HTTP/1.1 400 Bad Request",
  ]);
});

Deno.test("MetricsServer puts a head together that arrives in pieces", async () => {
  using scene = new Scene();
  using server = await scene.server;
  using connection = await connectTo(server.address);
  for (const piece of GET_METRICS.match(/.{1,9}/gs) ?? []) {
    await connection.write(new TextEncoder().encode(piece));
  }
  assert((await rest(connection)).endsWith(TEXT));
});

Deno.test("MetricsServer closes a connection that takes too long", async () => {
  using scene = new Scene({ timeoutMs: 100 });
  using server = await scene.server;
  using silent = await connectTo(server.address);
  // It may be closed already.
  await silent.write(new TextEncoder().encode("GET")).catch(() => {});
  assertEquals(await rest(silent), "");
});

Deno.test("MetricsServer serves others while a connection is silent", async () => {
  using scene = new Scene();
  using server = await scene.server;
  using _silent = await connectTo(server.address);
  assertEquals(await scrape(server.address), TEXT);
});

Deno.test("MetricsServer closes the oldest of nine connections, and answers the ninth", async () => {
  using scene = new Scene();
  using server = await scene.server;
  using stack = new DisposableStack();
  const silent = [];
  for (let count = 0; count < 8; count++) {
    silent.push(stack.use(await connectTo(server.address)));
  }
  assertEquals(await scrape(server.address), TEXT);
  const [oldest, next] = silent;
  assert(oldest !== undefined && next !== undefined);
  assertEquals(await rest(oldest), "");
  await next.write(new TextEncoder().encode(GET_METRICS));
  assert((await rest(next)).endsWith(TEXT));
});

Deno.test("MetricsServer logs what fails, and continues", async () => {
  let isBroken = true;
  using scene = new Scene({
    text: () => {
      if (!isBroken) return TEXT;
      throw new Error("broken");
    },
  });
  using server = await scene.server;
  assertEquals(await request(server.address, GET_METRICS), "");
  assertEquals(scene.events, ["unexpected-error"]);
  isBroken = false;
  assertEquals(await scrape(server.address), TEXT);
});

Deno.test("MetricsServer makes its socket again", async () => {
  using scene = new Scene();
  using server = await scene.server;
  assertEquals(server.restore(), false);
  await Deno.remove(scene.path);
  assertEquals(server.restore(), true);
  assertEquals(await scrape(server.address), TEXT);
});
