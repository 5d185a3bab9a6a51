import { assert, assertEquals, assertMatch } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { formatLogLine } from "../../../lib/base/log_line.ts";
import type { PluginHandlers } from "../../../lib/cni/plugin.ts";
import type { Result } from "../../../lib/cni/result.ts";
import { MAX_DOCUMENT_BYTES } from "../../../lib/resident/launcher_protocol.ts";
import {
  type Call,
  type CallContext,
  refuseCall,
  serveCall,
} from "../../../lib/resident/serve_call.ts";
import { testRows } from "../../support/rows.ts";
import { environment, resultOf } from "../cni/builders.ts";
import { FakeScheduler } from "../dhcp/daemon/fake_scheduler.ts";
import { FakeLauncher } from "./fake_launcher.ts";
import { requestBytes } from "./requests.ts";

const STDIN = '{"cniVersion":"1.1.0","name":"net"}';
const RESULT = resultOf("10.0.0.2/24");
/** The document of an ADD that answers with it. */
const ANSWER = `O 0 ${
  JSON.stringify(
    { cniVersion: "1.1.0", ips: [{ address: "10.0.0.2/24" }] },
    undefined,
    4,
  )
}`;
const UNCONFIRMED = "write stdout: the launcher does not confirm the document";

/** One call, and what the test does to it. */
class Scene {
  readonly launcher = new FakeLauncher();
  readonly clock = new FakeScheduler();
  /** What the handler of the plugin has seen. */
  readonly events: string[] = [];
  readonly logged: string[] = [];
  refusal: string | undefined;
  isStopping = false;
  /** What the handler works with. */
  call: Call | undefined;
  /** Ends the wait of a handler. */
  readonly resume = Promise.withResolvers<void>();
  readonly served: Promise<void>;

  constructor(handlers: Partial<PluginHandlers> = {}) {
    const context: CallContext = {
      plugin: (call) => {
        this.call = call;
        return {
          name: "test",
          version: "1.2.3",
          handlers: { ...this.#handlers(), ...handlers },
        };
      },
      refusal: () => this.refusal,
      isStopping: () => this.isStopping,
      log: (...event) => void this.logged.push(formatLogLine(...event)),
      nowMs: () => this.clock.nowMs(),
      timer: (callback) => this.clock.timer(callback),
    };
    this.served = serveCall(this.launcher, context)
      .then(() => void this.events.push("served"));
  }

  /** Sends a request, and lets everything happen that needs no time. */
  async request(command: string, stdin = STDIN): Promise<void> {
    this.launcher.send(
      requestBytes({ environment: environment(command), stdin }),
    );
    await this.clock.advance(0);
  }

  async signal(bytes: string): Promise<void> {
    this.launcher.send(bytes);
    await this.clock.advance(0);
  }

  /** Brings a call to where its handler runs. */
  async start(command: string): Promise<void> {
    await this.request(command);
    this.launcher.received.splice(0);
    await this.signal("g");
  }

  #handlers(): PluginHandlers {
    const record = (command: string) => (): Promise<void> => {
      this.events.push(command);
      return Promise.resolve();
    };
    return {
      add: async (_request, answer) => {
        this.events.push("ADD");
        await tryAnswer(answer, this.events);
      },
      del: record("DEL"),
      check: record("CHECK"),
      gc: record("GC"),
      status: async () => {
        this.events.push("STATUS");
        await this.resume.promise;
      },
    };
  }
}

async function tryAnswer(
  answer: (result: Result) => Promise<void>,
  events: string[],
): Promise<void> {
  try {
    await answer(RESULT);
    events.push("kept");
  } catch (error) {
    events.push("undone");
    throw error;
  }
}

Deno.test("an ADD runs after go, and is kept once its document is printed", async () => {
  const scene = new Scene();
  await scene.request("ADD");
  assertEquals([scene.launcher.received, scene.events], [["A"], []]);
  await scene.signal("g");
  assertEquals([scene.launcher.received, scene.events], [
    ["A", ANSWER],
    ["ADD"],
  ]);
  await scene.signal("p");
  assertEquals([scene.launcher.received, scene.events, scene.logged], [
    ["A", ANSWER, "X 0", "closed"],
    ["ADD", "kept", "served"],
    [],
  ]);
});

testRows("a call without a document ends with its exit status:", [
  { name: "DEL" },
  { name: "CHECK" },
  { name: "GC" },
], async ({ name }) => {
  const scene = new Scene();
  await scene.start(name);
  assertEquals([scene.launcher.received, scene.events], [
    ["X 0", "closed"],
    [name, "served"],
  ]);
});

Deno.test("an error document has exit status 1", async () => {
  const scene = new Scene({
    del: () => Promise.reject(new SystemError("broken")),
  });
  await scene.start("DEL");
  await scene.signal("p");
  assertMatch(scene.launcher.received[0] ?? "", /^O 1 .*"msg": "broken"/s);
  assertEquals(scene.launcher.received.slice(1), ["X 1", "closed"]);
});

Deno.test("a handler that throws anything else is error 999 of its call", async () => {
  const scene = new Scene({
    del: () => Promise.reject(new TypeError("x is not a function")),
  });
  await scene.start("DEL");
  await scene.signal("p");
  const [stderr, document, ...rest] = scene.launcher.received;
  assertMatch(stderr ?? "", /^E level=error event=unexpected-error /);
  assertMatch(document ?? "", /^O 1 .*"code": 999,.*x is not a function/s);
  assertEquals(rest, ["X 1", "closed"]);
  assertEquals(scene.logged, []);
});

Deno.test("a plugin that cannot be made fails its call, not the process", async () => {
  const launcher = new FakeLauncher();
  const clock = new FakeScheduler();
  const logged: string[] = [];
  const served = serveCall(launcher, {
    plugin: () => {
      throw new TypeError("no plugin");
    },
    refusal: () => undefined,
    isStopping: () => false,
    log: (...event) => void logged.push(formatLogLine(...event)),
    nowMs: () => clock.nowMs(),
    timer: (callback) => clock.timer(callback),
  });
  launcher.send(requestBytes());
  await clock.advance(0);
  launcher.send("g");
  await served;
  assertEquals(launcher.received, ["A", "closed"]);
  assertEquals(logged, [
    'level=warn event=request-failed reason="no plugin"',
  ]);
});

Deno.test("lines for stderr arrive in order, before and after the document", async () => {
  const scene = new Scene({
    add: async (_request, answer) => {
      scene.call?.writeStderr("one");
      scene.call?.writeStderr("two");
      await answer(RESULT);
      scene.call?.writeStderr("three");
    },
  });
  await scene.start("ADD");
  await scene.signal("p");
  assertEquals(scene.launcher.received, [
    "E one\n",
    "E two\n",
    ANSWER,
    "E three\n",
    "X 0",
    "closed",
  ]);
});

Deno.test("the about text is written to stderr without a document", async () => {
  const scene = new Scene();
  scene.launcher.send(requestBytes({ environment: {} }));
  await scene.clock.advance(0);
  await scene.signal("g");
  assertMatch(scene.launcher.received[1] ?? "", /^E CNI test plugin v1.2.3\n/);
  assertEquals(scene.launcher.received.slice(2), ["X 0", "closed"]);
});

Deno.test("a variable that is not UTF-8 fails the call", async () => {
  const scene = new Scene();
  const variables = new TextEncoder().encode(
    Object.entries({ ...environment("ADD"), CNI_ARGS: "x" })
      .map(([name, value]) => `${name}=${value}\0`).join(""),
  );
  variables[variables.length - 2] = 0xff;
  scene.launcher.send(requestBytes({ environment: variables, stdin: STDIN }));
  await scene.clock.advance(0);
  await scene.signal("g");
  assertMatch(
    scene.launcher.received[1] ?? "",
    /^O 1 .*"code": 4,.*CNI_ARGS is not valid UTF-8/s,
  );
});

testRows("what is not a request is refused and logged:", [
  {
    name: "another version",
    bytes: requestBytes({ version: 2 }),
    reason: "Cannot decode request: version 2, expected 1",
  },
  {
    name: "too much stdin",
    bytes: requestBytes({ environment: {}, stdinLength: 2_097_153 }),
    reason:
      "Cannot decode request: 0 bytes of environment and 2097153 of stdin are too many",
  },
  {
    name: "garbage",
    bytes: new TextEncoder().encode("GET / HTTP/1.1\r\n".repeat(4)),
    reason: "Cannot decode request: not a launcher's",
  },
  {
    name: "go before it is accepted",
    bytes: Uint8Array.of(...requestBytes(), 0x67),
    reason: "Cannot decode request: bytes after its end",
  },
], async ({ bytes, reason }) => {
  const scene = new Scene();
  scene.launcher.send(bytes);
  await scene.served;
  assertEquals(scene.launcher.received, [`N ${reason}`, "closed"]);
  assertEquals(scene.logged, [
    `level=warn event=request-failed reason=${JSON.stringify(reason)}`,
  ]);
});

Deno.test("a call that is not ours is refused, and does not run", async () => {
  const scene = new Scene();
  scene.refusal = `another root${"x".repeat(1000)}`;
  await scene.request("ADD");
  assertEquals([scene.launcher.received, scene.events, scene.logged], [
    [`N another root${"x".repeat(328)}`, "closed"],
    ["served"],
    [],
  ]);
});

Deno.test("a call does not run if the process begins to stop between acceptance and go", async () => {
  const scene = new Scene();
  await scene.request("ADD");
  scene.isStopping = true;
  await scene.signal("g");
  assertEquals([scene.launcher.received, scene.events], [
    ["A", "closed"],
    ["served"],
  ]);
});

Deno.test("refuseCall() does not read the request", async () => {
  const launcher = new FakeLauncher();
  const clock = new FakeScheduler();
  await refuseCall(launcher, "too many calls", {
    plugin: () => {
      throw new Error("not reached");
    },
    refusal: () => undefined,
    isStopping: () => false,
    log: () => {},
    nowMs: () => clock.nowMs(),
    timer: (callback) => clock.timer(callback),
  });
  assertEquals(launcher.received, ["N too many calls", "closed"]);
});

testRows("nothing runs if the launcher", [
  {
    name: "sends nothing for 5 s",
    act: (scene: Scene) => scene.clock.advance(5000),
    received: ["closed"],
    reason: "launcher: no request within 5000 ms",
  },
  {
    name: "sends its request slower than 5 s",
    act: async ({ launcher, clock }: Scene) => {
      for (const byte of requestBytes()) {
        launcher.send(Uint8Array.of(byte));
        await clock.advance(100);
      }
    },
    received: ["closed"],
    reason: "launcher: no request within 5000 ms",
  },
  {
    name: "disconnects within its request",
    act: async ({ launcher, clock }: Scene) => {
      launcher.send(requestBytes().subarray(0, 50));
      await clock.advance(0);
      launcher.hangUp();
    },
    received: ["closed"],
  },
  {
    name: "does not say go within 5 s",
    act: async (scene: Scene) => {
      await scene.request("DEL");
      await scene.clock.advance(5000);
    },
    received: ["A", "closed"],
    reason: "launcher: no confirmation within 5000 ms",
  },
  {
    name: "disconnects instead of saying go",
    act: async (scene: Scene) => {
      await scene.request("DEL");
      scene.launcher.hangUp();
    },
    received: ["A", "closed"],
  },
  {
    name: "says anything but go",
    act: async (scene: Scene) => {
      await scene.request("DEL");
      await scene.signal("p");
    },
    received: ["A", "closed"],
  },
  {
    name: "says more than go",
    act: async (scene: Scene) => {
      await scene.request("DEL");
      await scene.signal("gg");
    },
    received: ["A", "closed"],
  },
], async ({ act, received, reason }) => {
  const scene = new Scene();
  await act(scene);
  await scene.served;
  assertEquals([scene.launcher.received, scene.events], [
    received,
    ["served"],
  ]);
  assertEquals(
    scene.logged,
    reason === undefined
      ? []
      : [`level=warn event=request-failed reason=${JSON.stringify(reason)}`],
  );
});

Deno.test("a launcher that answers after a stop of this process has answered in time", async () => {
  const scene = new Scene();
  await scene.start("ADD");
  // SIGSTOP for a minute: the confirmation arrives meanwhile, and is read after the timers fire.
  await scene.clock.stall(60_000);
  await scene.signal("p");
  assertEquals(scene.events, ["ADD", "kept", "served"]);
});

testRows("an ADD is undone if the launcher", [
  {
    name:
      "does not confirm its document within 10 s, and receives the end first",
    act: (scene: Scene) => scene.clock.advance(10_000),
    received: [ANSWER, "B", "B", "B", "B", "B", "X 1", "closed"],
    logged: [UNCONFIRMED],
  },
  {
    name: "disconnects instead of confirming",
    act: (scene: Scene) => Promise.resolve(scene.launcher.hangUp()),
    received: [ANSWER, "closed"],
    logged: [UNCONFIRMED],
  },
  {
    name: "sends anything but the confirmation",
    act: (scene: Scene) => scene.signal("g"),
    received: [ANSWER, "X 1", "closed"],
    logged: [UNCONFIRMED],
  },
], async ({ act, received, logged }) => {
  const scene = new Scene();
  await scene.start("ADD");
  await act(scene);
  await scene.served;
  assertEquals(scene.launcher.received, received);
  assertEquals(scene.events, ["ADD", "undone", "served"]);
  assertEquals(
    scene.logged,
    logged.map((reason) =>
      `level=warn event=request-failed reason=${JSON.stringify(reason)}`
    ),
  );
});

Deno.test("an ADD is undone after the launcher was notified", async () => {
  let told: readonly string[] = [];
  const scene = new Scene({
    add: async (_request, answer) => {
      await answer(RESULT).catch(() => {
        told = [...scene.launcher.received];
      });
    },
  });
  await scene.start("ADD");
  await scene.clock.advance(10_000);
  assertEquals(told.at(-1), "X 1");
});

Deno.test("a confirmation after the deadline does not count", async () => {
  const scene = new Scene();
  await scene.start("ADD");
  await scene.clock.advance(10_000);
  await scene.signal("p");
  assertEquals(scene.launcher.received.slice(-2), ["X 1", "closed"]);
  assertEquals(scene.events, ["ADD", "undone", "served"]);
});

Deno.test("an ADD is undone if the launcher disconnects before it answers", async () => {
  const scene = new Scene({
    add: async (_request, answer) => {
      await scene.resume.promise;
      await tryAnswer(answer, scene.events);
    },
  });
  await scene.start("ADD");
  assertEquals(scene.call?.hungUp.aborted, false);
  scene.launcher.hangUp();
  await scene.clock.advance(0);
  assertEquals(scene.call?.hungUp.aborted, true);
  scene.resume.resolve();
  await scene.served;
  assertEquals(scene.events, ["undone", "served"]);
  assertEquals(scene.launcher.received, ["closed"]);
});

Deno.test("a confirmation before the document is a broken connection", async () => {
  const scene = new Scene({
    add: async (_request, answer) => {
      await scene.resume.promise;
      await tryAnswer(answer, scene.events);
    },
  });
  await scene.start("ADD");
  await scene.signal("p");
  scene.resume.resolve();
  await scene.served;
  assertEquals(scene.events, ["undone", "served"]);
  assertEquals(scene.launcher.received, ["X 1", "closed"]);
});

Deno.test("an ADD is undone if the launcher reads nothing for 10 s", async () => {
  const scene = new Scene();
  await scene.request("ADD");
  scene.launcher.reads = false;
  await scene.signal("g");
  await scene.clock.settle(scene.served);
  assertEquals(scene.events, ["ADD", "undone", "served"]);
});

Deno.test("a call that takes long sends a beat every 2 s", async () => {
  const scene = new Scene();
  await scene.start("STATUS");
  await scene.clock.advance(1999);
  assertEquals(scene.launcher.received, []);
  await scene.clock.advance(1);
  assertEquals(scene.launcher.received, ["B"]);
  await scene.clock.advance(4000);
  assertEquals(scene.launcher.received, ["B", "B", "B"]);
  scene.resume.resolve();
  await scene.served;
  assertEquals(scene.launcher.received, ["B", "B", "B", "X 0", "closed"]);
  await scene.clock.advance(60_000);
  assertEquals(scene.launcher.received.length, 5);
});

Deno.test("a document that is too long is left to the standalone executable", async () => {
  const routes = Array.from(
    { length: MAX_DOCUMENT_BYTES / 50 },
    () => ({ dst: resultOf("10.0.0.0/24").ips[0]?.address }),
  );
  const scene = new Scene({
    add: async (_request, answer) => {
      const dst = routes[0]?.dst;
      assert(dst !== undefined);
      try {
        await answer({ ...RESULT, routes: routes.map(() => ({ dst })) });
      } catch (error) {
        scene.events.push("undone");
        throw error;
      }
    },
  });
  await scene.start("ADD");
  await scene.served;
  // No result and no end: to the launcher that is a broken connection.
  assertEquals([scene.launcher.received, scene.events], [
    ["closed"],
    ["undone", "served"],
  ]);
});
