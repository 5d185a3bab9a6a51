import { assertEquals, assertRejects } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import type { LogFields } from "../../../lib/base/log_line.ts";
import { MetricsService } from "../../../lib/sys/metrics_service.ts";
import { scrape } from "../../support/metrics_scrape.ts";
import { TempDir } from "../../support/temp_dir.ts";

const TEXT = "# HELP x X\n";
/** Longer than a test. */
const NEVER_MS = 3_600_000;

interface Scene {
  readonly service: MetricsService;
  /** What it has logged. */
  readonly events: LogFields[];
  /** Resolves when it logs an event of level `info`. */
  readonly served: Promise<void>;
}

/** @param onAttempt Called before each attempt to listen on a unix socket. */
async function open(
  address: string,
  retryMs: number,
  onAttempt = () => {},
): Promise<Scene> {
  const events: LogFields[] = [];
  const served = Promise.withResolvers<void>();
  const service = await MetricsService.open(address, {
    get hostPrefix() {
      onAttempt();
      return "";
    },
    advice: "",
    log: (level, event, fields) => {
      events.push({ level, event, ...fields });
      if (level === "info") served.resolve();
    },
    text: () => TEXT,
    retryMs,
  });
  return { service, events, served: served.promise };
}

function listenTcp(): { listener: Deno.TcpListener; address: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { listener, address: `127.0.0.1:${listener.addr.port}` };
}

Deno.test("MetricsService serves at a free address, and logs nothing", async () => {
  const { service, events } = await open("127.0.0.1:0", NEVER_MS);
  using _service = service;
  assertEquals(await scrape(service.address ?? ""), TEXT);
  assertEquals(events, []);
});

Deno.test("MetricsService refuses a value that is no address", async () => {
  await assertRejects(
    () => open("localhost:9740", NEVER_MS),
    SystemError,
    "neither unix:PATH nor ADDRESS:PORT",
  );
});

Deno.test("MetricsService says what to do about an address that is taken", async () => {
  const { listener, address } = listenTcp();
  using _listener = listener;
  const { service, events } = await open(address, NEVER_MS);
  using _service = service;
  assertEquals([service.address, service.path], [undefined, ""]);
  assertEquals(service.restore(), false);
  assertEquals(events, [{
    level: "error",
    event: "metrics-not-served",
    metrics: address,
    reason: `listen tcp 127.0.0.1 port ${
      address.split(":")[1]
    }: address already in use`,
    advice: "choose another address for -metrics, or end what uses this one",
  }]);
});

Deno.test("MetricsService passes on what the error advises", async () => {
  using temp = new TempDir();
  const path = temp.join("m.sock");
  await Deno.writeTextFile(path, "");
  const { service, events } = await open(`unix:${path}`, NEVER_MS);
  using _service = service;
  assertEquals(events.map(({ advice }) => advice), [
    `${path} is not a socket; remove it, or choose another path`,
  ]);
});

Deno.test("MetricsService serves once the address is free, and logs each change once", async () => {
  using temp = new TempDir();
  const path = temp.join("m.sock");
  await Deno.writeTextFile(path, "");
  const address = `unix:${path}`;
  let attempts = 0;
  const { service, events, served } = await open(address, 1, () => {
    if (++attempts === 4) Deno.removeSync(path);
  });
  using _service = service;
  await served;
  assertEquals(attempts, 4);
  assertEquals(await scrape(address), TEXT);
  assertEquals(events.map(({ event, metrics }) => [event, metrics]), [
    ["metrics-not-served", address],
    ["metrics-served", address],
  ]);
});

Deno.test("MetricsService that is disposed of does not try again", async () => {
  const { listener, address } = listenTcp();
  {
    const { service } = await open(address, 1);
    using _service = service;
  }
  // A timer that is left would be reported as a leak of this test.
  listener.close();
});
