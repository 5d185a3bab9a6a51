import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { formatRequest } from "../../../../lib/dhcp/protocol/daemon_protocol.ts";
import {
  refuseCaller,
  serveConnection,
} from "../../../../lib/dhcp/daemon/server.ts";
import { FakeCaller, SERVER_CONTEXT } from "./fake_caller.ts";
import { allocate, C1, FakeHost, silent } from "./fake_host.ts";

const ALLOCATE = formatRequest(allocate());
const CONFIRM = formatRequest({ method: "confirm" });
const RELEASE = formatRequest({ method: "release", attachment: C1 });

function host(): FakeHost {
  const made = new FakeHost();
  made.interface();
  return made;
}

async function serve(caller: FakeCaller, on: FakeHost): Promise<unknown[]> {
  await on.settle(serveConnection(caller, on.daemon, SERVER_CONTEXT));
  assertEquals(caller.isClosed, true);
  return caller.answers.map((line) => JSON.parse(line));
}

Deno.test("serveConnection() answers allocate and its confirmation", async () => {
  const on = host();
  const answers = await serve(new FakeCaller([ALLOCATE, CONFIRM]), on);
  assertEquals(answers, [
    {
      protocol: 1,
      result: {
        cniVersion: "1.1.0",
        ips: [{ address: "192.0.2.50/24", gateway: "192.0.2.1" }],
        routes: [{ dst: "0.0.0.0/0", gw: "192.0.2.1" }],
      },
    },
    { protocol: 1 },
  ]);
  assertEquals(on.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("serveConnection() releases a lease if the caller disconnects without confirmation", async () => {
  const on = host();
  const caller = new FakeCaller([ALLOCATE]);
  caller.onAnswer = () => caller.hangUp();
  await serve(caller, on);
  assertEquals(on.types, ["DISCOVER", "REQUEST", "RELEASE"]);
});

Deno.test("serveConnection() cancels an acquisition if the caller disconnects", async () => {
  const on = host();
  on.server = silent;
  const caller = new FakeCaller([ALLOCATE]);
  on.scheduler.after(1000, () => caller.hangUp());
  const startMs = on.nowMs;
  assertEquals(await serve(caller, on), []);
  assertEquals(on.nowMs - startMs, 1000);
  assertEquals(on.daemon.status()["leases"], {});
});

Deno.test("serveConnection() releases a lease if the caller sends another request instead of a confirmation", async () => {
  const on = host();
  const answers = await serve(new FakeCaller([ALLOCATE, RELEASE]), on);
  assertEquals(on.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(answers.length, 2);
});

Deno.test("serveConnection() answers release, also if there is no lease", async () => {
  const on = host();
  assertEquals(await serve(new FakeCaller([RELEASE]), on), [{ protocol: 1 }]);
});

Deno.test("serveConnection() answers status, and gc with the number of released leases", async () => {
  const on = host();
  await on.add();
  const status = formatRequest({ method: "status" });
  assertEquals(await serve(new FakeCaller([status]), on), [{
    protocol: 1,
    version: "1.2.3",
    leases: { BOUND: 1 },
    counters: {
      leases_acquired: 1,
      received_ack: 1,
      received_offer: 1,
      sent_discover: 1,
      sent_request: 1,
    },
  }]);
  const gc = formatRequest({
    method: "gc",
    networkName: "net",
    attachments: [],
  });
  assertEquals(await serve(new FakeCaller([gc]), on), [{
    protocol: 1,
    released: 1,
  }]);
});

Deno.test("refuseCaller() refuses another user, and logs it", () => {
  const lines: unknown[] = [];
  const line = refuseCaller({ pid: 7, uid: 1000 }, {
    ownUid: 0,
    log: (...logged) => lines.push(logged),
  });
  assertEquals(JSON.parse(line ?? ""), {
    protocol: 1,
    error: {
      code: 999,
      msg: "permission denied: caller has user id 1000, expected 0",
      details: "",
    },
  });
  assertEquals(lines, [["warn", "caller-refused", { pid: 7, uid: 1000 }]]);
});

Deno.test("refuseCaller() accepts root and the daemon's own user, and logs nothing", () => {
  const lines: unknown[] = [];
  const log = (...logged: unknown[]): void => void lines.push(logged);
  for (const uid of [0, 1000]) {
    const line = refuseCaller({ pid: 7, uid }, { ownUid: 1000, log });
    assertEquals(line, undefined);
  }
  assertEquals(lines, []);
});

for (
  const [name, line] of [
    ["a line that is not a request", "hello"],
    ["a confirmation without allocate", CONFIRM],
    ["another protocol version", '{"protocol":9}'],
  ] as const
) {
  Deno.test(`serveConnection() refuses ${name} with code 6`, async () => {
    const [answer] = await serve(new FakeCaller([line]), host());
    const { error } = answer as { readonly error: { readonly code: number } };
    assertEquals(error.code, 6);
  });
}

Deno.test("serveConnection() sends nothing to a caller that disconnects without a request", async () => {
  const caller = new FakeCaller([]);
  caller.hangUp();
  assertEquals(await serve(caller, host()), []);
});

Deno.test("serveConnection() answers check with the problem, if there is one", async () => {
  const on = host();
  const check = formatRequest({
    method: "check",
    attachment: C1,
    netns: "/ns/a",
    addresses: undefined,
  });
  assertEquals(await serve(new FakeCaller([check]), on), [{
    protocol: 1,
    error: {
      code: 999,
      msg: "dhcp: no lease for this container and interface",
      details: "attachment c1/net/eth0",
    },
  }]);
  await on.add();
  assertEquals(await serve(new FakeCaller([check]), on), [{ protocol: 1 }]);
  on.interfaces.at("/ns/a")?.cidrs.splice(0);
  const [answer] = await serve(new FakeCaller([check]), on);
  assertEquals(answer, {
    protocol: 1,
    error: {
      code: 999,
      msg: "dhcp: 192.0.2.50/24 is not on the interface",
      details: "attachment c1/net/eth0",
    },
  });
});

Deno.test("serveConnection() assumes the confirmation of a silent caller: the result may already be printed", async () => {
  const on = host();
  const caller = new FakeCaller([ALLOCATE]);
  const readLine = caller.readLine.bind(caller);
  let reads = 0;
  caller.readLine = (ms) => {
    reads += 1;
    return reads === 1 ? readLine(ms) : Promise.reject(
      new SystemError("no line came within 10000 ms"),
    );
  };
  await serve(caller, on);
  assertEquals(on.types, ["DISCOVER", "REQUEST"]);
  assertEquals(on.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("serveConnection() notes the command, code and duration of each call", async () => {
  const on = host();
  const calls: unknown[] = [];
  const context = {
    ...SERVER_CONTEXT,
    nowMs: () => on.nowMs,
    onCall: (command: string, outcome: unknown) =>
      calls.push([command, outcome]),
  };
  const lines = [
    [ALLOCATE, CONFIRM],
    [RELEASE],
    [formatRequest({ method: "status" })],
    [CONFIRM],
    ["{"],
  ];
  for (const each of lines) {
    await on.settle(serveConnection(new FakeCaller(each), on.daemon, context));
  }
  on.server = silent;
  const caller = new FakeCaller([ALLOCATE]);
  on.scheduler.after(1500, () => caller.hangUp());
  await on.settle(serveConnection(caller, on.daemon, context));
  assertEquals(calls, [
    ["ADD", { code: 0, seconds: 0.002 }],
    ["DEL", { code: 0, seconds: 0 }],
    ["STATUS", { code: 0, seconds: 0 }],
    ["ADD", { code: 11, seconds: 1.5 }],
  ]);
});
