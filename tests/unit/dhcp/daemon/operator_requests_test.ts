import { assert, assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { serveConnection } from "../../../../lib/dhcp/daemon/server.ts";
import { formatRequest } from "../../../../lib/dhcp/protocol/daemon_protocol.ts";
import type { LeaseEvent } from "../../../../lib/dhcp/protocol/lease_event.ts";
import { testRows } from "../../../support/rows.ts";
import { reply } from "../../../support/dhcp_messages.ts";
import { FakeCaller, SERVER_CONTEXT } from "./fake_caller.ts";
import {
  allocate,
  anyCaller,
  C1,
  failure,
  FakeHost,
  friendly,
  granting,
  HOUR_MS,
  silent,
} from "./fake_host.ts";

const RENEW = { method: "renew", attachment: C1 } as const;
const WATCH = formatRequest({ method: "watch" });

/** A host with one lease. */
async function leased(): Promise<FakeHost> {
  const host = new FakeHost();
  host.interface();
  await host.add();
  return host;
}

function renew(host: FakeHost): Promise<LeaseEvent> {
  return host.settle(host.daemon.renew(RENEW, anyCaller()));
}

Deno.test("Daemon.leases() reports a lease with its counters and the times of the wall clock", async () => {
  const host = await leased();
  const { leases, more } = host.daemon.leases({ method: "leases", after: "" });
  const [{ lease, ...report } = {}] = leases;
  assertEquals([leases.length, more], [1, false]);
  assertEquals(report, {
    attachment: C1,
    state: "BOUND",
    netns: "/ns/a",
    ifName: "eth0",
    macAddress: "02:00:5e:10:00:01",
    unanswered: 0,
    packets: {
      sent_discover: 1,
      received_offer: 1,
      sent_request: 1,
      received_ack: 1,
    },
    lastProblem: undefined,
  });
  assertEquals(
    [
      lease?.address,
      lease?.server,
      Number(lease?.expiresMs) - Number(lease?.startMs),
    ],
    ["192.0.2.50/24", "192.0.2.1", HOUR_MS],
  );
});

Deno.test("Daemon.leases() returns what comes after a lease, in order", async () => {
  const host = new FakeHost();
  for (const id of ["c3", "c1", "c2"]) {
    host.interface(`/ns/${id}`);
    await host.add({ ...C1, containerId: id }, {}, `/ns/${id}`);
  }
  const ids = (after: string): string[] =>
    host.daemon.leases({ method: "leases", after }).leases
      .map(({ attachment }) => attachment.containerId);
  assertEquals(ids(""), ["c1", "c2", "c3"]);
  assertEquals(ids("c1/net/eth0"), ["c2", "c3"]);
  assertEquals(ids("c3/net/eth0"), []);
});

Deno.test("Daemon.leases() has the last problem of a lease that is being acquired", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = ({ type, message: { xid } }) =>
    type === "DISCOVER" ? [reply("OFFER", xid)] : [reply("NAK", xid)];
  const pending = host.daemon.allocate(allocate(), anyCaller());
  pending.catch(() => {});
  await host.advance(100);
  const [report] = host.daemon.leases({ method: "leases", after: "" }).leases;
  assertEquals(
    [report?.lease, report?.lastProblem?.event],
    [undefined, "nak-received"],
  );
  await host.daemon.release({ attachment: C1 });
});

Deno.test("Daemon.renew() returns what came of it: the same lease, begun again", async () => {
  const host = await leased();
  await host.advance(60_000);
  const event = await renew(host);
  assertEquals([event.kind, event.address, event.detail], [
    "renewed",
    "192.0.2.50/24",
    "",
  ]);
  assertEquals(host.types.at(-1), "REQUEST");
  assertEquals(host.sent.at(-1)?.destination, "192.0.2.1");
});

Deno.test("Daemon.renew() returns another address, and what the lease had before", async () => {
  const host = await leased();
  host.server = granting("192.0.2.77");
  const event = await renew(host);
  assertEquals([event.kind, event.address, event.detail], [
    "address-changed",
    "192.0.2.77/24",
    "instead of 192.0.2.50/24",
  ]);
});

Deno.test("Daemon.renew() returns other values", async () => {
  const host = await leased();
  host.server = (sent) => {
    const { xid, ciaddr } = sent.message;
    return [reply("ACK", xid, { ciaddr, options: { 3: "c0000207" } })];
  };
  const event = await renew(host);
  assertEquals([event.kind, event.detail], [
    "renewed",
    "changed: gateway, routes",
  ]);
});

Deno.test("Daemon.renew() returns a refusal of the server", async () => {
  const host = await leased();
  host.server = (sent) =>
    sent.type === "REQUEST"
      ? [reply("NAK", sent.message.xid, { options: { 56: "6e6f" } })]
      : friendly(sent);
  const event = await renew(host);
  assertEquals([event.kind, event.detail], ["refused", "no"]);
});

Deno.test("Daemon.renew() returns after 10 s without an answer, and the lease stays", async () => {
  const host = await leased();
  host.server = silent;
  const startMs = host.nowMs;
  const event = await renew(host);
  assertEquals([event.kind, host.nowMs - startMs], ["failed", 10_000]);
  assert(event.detail.startsWith("no DHCPACK received from 192.0.2.1: "));
  assertEquals(host.daemon.status().leases, { BOUND: 1 });
});

testRows("Daemon.renew() fails", [
  {
    name: "without a lease",
    prepare: () => Promise.resolve(new FakeHost()),
    message: "no such lease",
  },
  {
    name: "if the link is down",
    prepare: async () => {
      const host = await leased();
      host.interfaces.at("/ns/a")?.set({ hasCarrier: false });
      return host;
    },
    message: "the link is down",
  },
  {
    name: "if the interface is gone",
    prepare: async () => {
      const host = await leased();
      host.interfaces.at("/ns/a")?.remove();
      return host;
    },
    message: "the interface was removed",
  },
], async ({ prepare, message }) => {
  const host = await prepare();
  const error = await failure(host.daemon.renew(RENEW, anyCaller()));
  assertEquals([error.code, error.message], [
    11,
    `the lease is not renewed: ${message}`,
  ]);
});

Deno.test("a caller that disconnects after its renewal was refused does no harm", async () => {
  const host = await leased();
  host.interfaces.at("/ns/a")?.set({ hasCarrier: false });
  const caller = new AbortController();
  await failure(host.daemon.renew(RENEW, anyCaller(caller.signal)));
  caller.abort();
  await host.advance(0);
});

Deno.test("Daemon.renew() fails if the caller disconnects", async () => {
  const host = await leased();
  host.server = silent;
  const caller = new AbortController();
  const failed = failure(
    host.daemon.renew(RENEW, anyCaller(caller.signal)),
  );
  caller.abort();
  assertEquals(
    (await failed).message,
    "the lease is not renewed: no DHCPACK received",
  );
});

/** Serves a watcher. @returns The caller, and a promise of its end. */
function watch(
  host: FakeHost,
  pid = 1,
): { readonly caller: FakeCaller; readonly served: Promise<void> } {
  const caller = new FakeCaller([WATCH], { pid });
  return {
    caller,
    served: serveConnection(caller, host.daemon, SERVER_CONTEXT),
  };
}

/** The kinds of events that a watcher received. */
function kinds({ answers }: FakeCaller): unknown[] {
  return answers.slice(1).map((line) => {
    const { event, end } = JSON.parse(line);
    return event?.kind ?? `${end.reason} ${end.missed}`;
  });
}

Deno.test("a watcher receives what happens to leases", async () => {
  const host = new FakeHost();
  host.interface();
  const { caller, served } = watch(host);
  await host.advance(0);
  await host.add();
  await renew(host);
  host.server = silent;
  await renew(host);
  await host.advance(HOUR_MS);
  host.server = friendly;
  await host.advance(HOUR_MS);
  await host.daemon.release({ attachment: C1 });
  caller.hangUp();
  await host.settle(served);
  assertEquals(kinds(caller), [
    "acquired",
    "renewed",
    "failed",
    "expired",
    "acquired",
    "renewed",
    "renewed",
    "released",
  ]);
  assertEquals(caller.isClosed, true);
});

Deno.test("a watcher learns why an acquisition fails", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = silent;
  const { caller, served } = watch(host);
  await host.advance(0);
  await failure(host.settle(host.daemon.allocate(
    allocate(C1, { timeoutMs: 1000 }),
    anyCaller(),
  )));
  caller.hangUp();
  await host.settle(served);
  const { event } = JSON.parse(caller.answers.at(-1) ?? "");
  assertEquals(event.kind, "failed");
  assert(event.detail.startsWith("no DHCPOFFER received"), event.detail);
});

Deno.test("a renewal after T2 is a rebinding", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  host.server = silent;
  await host.advance(HOUR_MS * 7 / 8);
  host.server = friendly;
  await host.advance(HOUR_MS / 10);
  caller.hangUp();
  await host.settle(served);
  assertEquals(kinds(caller), ["rebound"]);
});

Deno.test("watchers are notified that the daemon stops", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  host.daemon.watchers.end();
  await host.settle(served);
  assertEquals(kinds(caller), ["stopping 0"]);
});

Deno.test("a watcher that does not read is dropped, with the number of missed events", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  let read: () => void = () => {};
  const reads = new Promise<void>((resolve) => read = resolve);
  const { writeLine } = caller;
  caller.writeLine = async (text) => {
    await reads;
    return await writeLine.call(caller, text);
  };
  for (let count = 0; count < 1005; count++) await renew(host);
  read();
  // Without time that passes: T1 would come.
  while (!caller.isClosed) await host.advance(0);
  await served;
  const received = kinds(caller);
  // One is being written while 1,000 wait.
  assertEquals([received.length, received.at(-1)], [1002, "too-slow 4"]);
});

Deno.test("a watcher that does not read for 30 seconds is dropped, and the events that waited count as missed", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  const isRead = Promise.withResolvers<boolean>();
  const waits: number[] = [];
  caller.flushed = async (timeoutMs = 0) => {
    waits.push(timeoutMs);
    return await isRead.promise;
  };
  for (let count = 0; count < 3; count++) await renew(host);
  isRead.resolve(false);
  await host.settle(served);
  assertEquals(waits, [30_000]);
  assertEquals(kinds(caller), ["renewed", "too-slow 2"]);
  assertEquals(caller.isClosed, true);
  assertEquals(
    host.logged("watcher-dropped"),
    [{ pid: 1, missed: 2 }],
  );
});

Deno.test("a watcher whose socket is full for 30 seconds is closed", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  const limits: number[] = [];
  caller.writeLine = (_text: string, timeoutMs = 0) => {
    limits.push(timeoutMs);
    return Promise.reject(new SystemError("data not sent"));
  };
  await renew(host);
  await host.settle(served);
  // Half a line may have been sent, so there is no last one.
  assertEquals(limits, [30_000]);
  assertEquals(caller.isClosed, true);
  assertEquals(host.logged("watcher-dropped"), [{ pid: 1, missed: 1 }]);
  assertEquals(host.logged("request-failed"), []);
});

Deno.test("a watcher that reads late receives every event", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  const isRead = Promise.withResolvers<boolean>();
  caller.flushed = () => isRead.promise;
  for (let count = 0; count < 3; count++) await renew(host);
  assertEquals(kinds(caller), ["renewed"]);
  isRead.resolve(true);
  await host.advance(0);
  assertEquals(kinds(caller), ["renewed", "renewed", "renewed"]);
  caller.hangUp();
  await host.settle(served);
});

Deno.test("a daemon that stops says so to a watcher that has not read yet", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  caller.flushed = () => new Promise(() => {});
  await renew(host);
  host.daemon.watchers.end();
  await host.settle(served);
  assertEquals(kinds(caller), ["renewed", "stopping 0"]);
});

Deno.test("a daemon that stops does not wait for a watcher that does not read", async () => {
  const host = await leased();
  const { caller, served } = watch(host);
  await host.advance(0);
  const written = Promise.withResolvers<boolean>();
  caller.writeLine = () => written.promise;
  const dispose = caller[Symbol.dispose];
  caller[Symbol.dispose] = () => {
    dispose.call(caller);
    written.resolve(false);
  };
  await renew(host);
  host.daemon.watchers.end();
  await host.settle(served);
  assertEquals(caller.isClosed, true);
});

Deno.test("the seventeenth watcher is refused until another ends", async () => {
  const host = await leased();
  const watchers = Array.from(
    { length: 16 },
    (_, index) => watch(host, 40 + Math.floor(index / 2)),
  );
  await host.advance(0);
  const late = watch(host);
  await host.settle(late.served);
  assertEquals(
    late.caller.answers.map((line) => JSON.parse(line).error),
    [{
      code: 11,
      msg: "there are 16 watchers already",
      details: "end one of the processes 40, 41, 42, 43, 44, 45, 46, 47",
    }],
  );
  watchers[0]?.caller.hangUp();
  await host.advance(0);
  const next = watch(host);
  await host.advance(0);
  assertEquals(next.caller.isClosed, false);
  host.daemon.watchers.end();
  await host.settle(
    Promise.all([...watchers, next].map(({ served }) => served)),
  );
});

Deno.test("the daemon answers leases and renew in its own protocol", async () => {
  const host = await leased();
  const ask = async (line: string): Promise<Record<string, unknown>> => {
    const caller = new FakeCaller([line]);
    await host.settle(serveConnection(caller, host.daemon, SERVER_CONTEXT));
    return JSON.parse(caller.answers[0] ?? "");
  };
  const leases = await ask(formatRequest({ method: "leases", after: "" }));
  assertEquals([leases["protocol"], leases["more"]], [1, false]);
  const renewed = await ask(formatRequest(RENEW));
  assertEquals(Object.keys(renewed), ["protocol", "event"]);
});
