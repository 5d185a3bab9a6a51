import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ClientEvent } from "../../../../lib/dhcp/client/event.ts";
import {
  type ClientState,
  leaseInUse,
  wakeAtMs,
} from "../../../../lib/dhcp/client/state.ts";
import type { DhcpMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import {
  ClientDriver,
  seededU32,
  type Sent,
} from "../../../support/client_driver.ts";
import { HELD, lease } from "../../../support/client_states.ts";
import { ip, reply, settings } from "../../../support/dhcp_messages.ts";
import { checkProperty } from "../../../support/property.ts";
import { testRows } from "../../../support/rows.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const START = { kind: "start", link: "up" } as const;

/** The maximum of messages in any minute, whatever happens: two for each lease of one second. */
const MAX_PER_MINUTE = 125;

function maxPerMinute(sent: readonly Sent[]): number {
  let max = 0;
  for (const [first, { atMs }] of sent.entries()) {
    let last = first;
    while ((sent[last]?.atMs ?? Infinity) < atMs + MINUTE) last++;
    max = Math.max(max, last - first);
  }
  return max;
}

/** What must hold of every state. */
function checkState(state: ClientState, nowMs: number): void {
  assert(wakeAtMs(state) > nowMs, `${state.state} is late`);
  const held = leaseInUse(state);
  if (held !== undefined) {
    assert(held.sentMs < held.t1Ms && held.t1Ms <= held.t2Ms);
    assert(held.t2Ms <= held.expiresMs);
    assert(nowMs < held.expiresMs, "an expired lease is in use");
  }
}

const u32 = (value: number): string => value.toString(16).padStart(8, "0");

/** Times that a server may send in an option: small, any, infinite, absent. */
const seconds = fc.oneof(
  { weight: 3, arbitrary: fc.nat(3) },
  fc.nat(4000),
  fc.nat(0xffffffff),
  fc.constant(undefined),
).map((value) => value === undefined ? undefined : u32(value));

/** One way in which a server may react to a message. */
interface Move {
  readonly answer: "OFFER" | "ACK" | "NAK" | "usual" | "none";
  readonly times: number;
  readonly options: Record<number, string | undefined>;
  readonly yiaddr: number;
}

const move: fc.Arbitrary<Move> = fc.record({
  answer: fc.constantFrom(
    "usual" as const,
    "usual" as const,
    "usual" as const,
    "NAK" as const,
    "ACK" as const,
    "OFFER" as const,
    "none" as const,
  ),
  times: fc.integer({ min: 1, max: 3 }),
  options: fc.record({
    51: seconds,
    58: seconds,
    59: seconds,
    1: fc.constantFrom("ffffff00", "ffffff00", "ffffff00", undefined, "00"),
    54: fc.constantFrom("c0000201", "c0000201", "c0000201", "c0000209"),
  }),
  yiaddr: fc.constantFrom(50, 50, 50, 51, 0),
});

function play(
  { answer, times, options, yiaddr }: Move,
  { type, message }: Sent,
): DhcpMessage[] {
  if (answer === "none" || type === "RELEASE" || type === "DECLINE") return [];
  const usual = type === "DISCOVER" ? "OFFER" : "ACK";
  const given = reply(answer === "usual" ? usual : answer, message.xid, {
    yiaddr: ip(yiaddr === 0 ? "0.0.0.0" : `192.0.2.${yiaddr}`),
    options,
  });
  return new Array<DhcpMessage>(times).fill(given);
}

Deno.test(`a client sends at most ${MAX_PER_MINUTE} messages per minute, for any answers of a server`, () => {
  checkProperty(
    fc.property(
      fc.array(move, { minLength: 1, maxLength: 8 }),
      fc.nat(1500),
      fc.nat(0xffffffff),
      (moves, delayMs, seed) => {
        const client = new ClientDriver(settings(), {
          randomU32: seededU32(seed),
        });
        let turn = 0;
        client.delayMs = delayMs;
        client.server = (sent) => {
          const next = moves[turn++ % moves.length];
          return next === undefined ? [] : play(next, sent);
        };
        client.event({ kind: "start", link: "up" });
        for (let minute = 0; minute < 5; minute++) {
          client.advance(MINUTE);
          checkState(client.state, client.nowMs);
          // A caller that tries again at once is the caller's own flood; a daemon does so once in a
          // while.
          if (client.state.state === "STOPPED") client.event(START);
        }
        const max = maxPerMinute(client.sent);
        assert(max <= MAX_PER_MINUTE, `${max} messages in a minute`);
      },
    ),
    400,
  );
});

testRows("a client sends few messages a minute to a server that", [
  { name: "is silent", max: 15, moves: () => [] },
  {
    name: "offers and never confirms",
    max: 60,
    moves: ({ type, message }: Sent) =>
      type === "DISCOVER" ? [reply("OFFER", message.xid)] : [],
  },
  {
    name: "offers and refuses",
    max: 16,
    moves: ({ type, message }: Sent) => [
      reply(type === "DISCOVER" ? "OFFER" : "NAK", message.xid),
    ],
  },
  {
    name: "grants leases of 0 seconds",
    max: 4,
    moves: ({ type, message }: Sent) => [
      reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid, {
        options: { 51: u32(0), 58: u32(0), 59: u32(0) },
      }),
    ],
  },
  {
    name: "grants leases of one second and never renews",
    max: 32,
    moves: ({ type, message }: Sent) =>
      type === "DISCOVER" || message.options.has(50)
        ? [
          reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid, {
            options: { 51: u32(1) },
          }),
        ]
        : [],
  },
  {
    name: "grants leases of one second and renews",
    max: 90,
    moves: ({ type, message }: Sent) => [
      reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid, {
        options: { 51: u32(1) },
      }),
    ],
  },
  {
    name: "always answers T1 1",
    max: 64,
    moves: ({ type, message }: Sent) => [
      reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid, {
        options: { 58: u32(1), 59: u32(2) },
      }),
    ],
  },
], ({ max, moves }) => {
  const client = new ClientDriver(
    settings({ timings: { resendTimeoutMs: DAY } }),
    { randomU32: seededU32(9) },
  );
  client.server = moves;
  client.event(START).advance(20 * MINUTE);
  const worst = maxPerMinute(client.sent);
  assert(worst <= max, `${worst} messages in a minute`);
});

const event: fc.Arbitrary<(client: ClientDriver) => unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.nat(4 * MINUTE).map((ms) => (client: ClientDriver) =>
      client.advance(ms)
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(2 * DAY).map((ms) => (client: ClientDriver) => {
      // The host was suspended: the timer comes late.
      client.nowMs += ms;
      client.event({ kind: "timer" });
    }),
  },
  fc.constantFrom<ClientEvent>(
    START,
    { kind: "start", link: "down" },
    { kind: "start", link: "up", held: HELD },
    { kind: "timer" },
    { kind: "linkDown" },
    { kind: "linkUp" },
    { kind: "conflict" },
    { kind: "renew" },
    { kind: "stop", release: true },
    { kind: "stop", release: false },
  ).map((given) => (client: ClientDriver) => client.event(given)),
  fc.tuple(fc.constantFrom("up", "down"), fc.nat(2 * 60 * MINUTE)).map(
    ([link, ageMs]) => (client: ClientDriver) =>
      client.event({
        kind: "resume",
        link,
        lease: lease(client.nowMs - ageMs),
      }),
  ),
);

Deno.test("a client is never late, never uses an expired lease and always sets its timer, for any events", () => {
  checkProperty(
    fc.property(
      fc.array(event, { maxLength: 40 }),
      fc.array(move, { minLength: 1, maxLength: 8 }),
      fc.nat(5000),
      fc.nat(0xffffffff),
      (events, moves, probeMs, seed) => {
        const client = new ClientDriver(settings({ timings: { probeMs } }), {
          randomU32: seededU32(seed),
        });
        let turn = 0;
        client.server = (sent) => {
          const next = moves[turn++ % moves.length];
          return next === undefined ? [] : play(next, sent);
        };
        let link: string = client.state.link;
        client.onEvent = (given, before) => {
          if (given.kind === "linkUp") link = "up";
          if (given.kind === "linkDown") link = "down";
          const begins = given.kind === "start" || given.kind === "resume";
          if (begins && before === "STOPPED") link = given.link;
        };
        for (const happen of events) {
          happen(client);
          assertEquals(client.state.link, link);
          checkState(client.state, client.nowMs);
          const wake = wakeAtMs(client.state);
          assertEquals(client.timerMs, wake === Infinity ? undefined : wake);
        }
        checkStory(client);
      },
    ),
    500,
  );
});

/**
 * A lease is acquired before it is renewed, changed or lost, and lost before another is acquired.
 */
function checkStory(client: ClientDriver): void {
  let isHeld = client.effects.length === 0;
  let isKnown = false;
  for (const effect of client.effects) {
    switch (effect.kind) {
      case "leaseAcquired":
        assert(!isKnown || !isHeld, "acquired twice");
        [isHeld, isKnown] = [true, true];
        break;
      case "leaseLost":
        assert(!isKnown || isHeld, "lost twice");
        [isHeld, isKnown] = [false, true];
        break;
      case "leaseRenewed":
      case "leaseChanged":
        assert(!isKnown || isHeld, "renewed without a lease");
        [isHeld, isKnown] = [true, true];
        break;
      case "log": {
        // A stop ends the story, a resume begins one that the caller knows.
        const { to } = effect.fields as { to?: string };
        if (effect.event === "state-changed" && to === "STOPPED") {
          isKnown = false;
        }
        break;
      }
    }
  }
}

Deno.test("six months of renewals lose no lease and renew it every half hour or slightly earlier", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(10) });
  client.server = ({ type, message }) => [
    reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid),
  ];
  client.delayMs = 20;
  client.event(START).advance(180 * DAY);
  assertEquals(client.of("leaseLost"), []);
  assertEquals(client.of("leaseAcquired").length, 1);
  const renewals = client.of("leaseRenewed").length;
  assert(renewals >= 180 * 48 - 1 && renewals <= 180 * 48 / 0.95);
  assertEquals(client.sent.length, renewals + 2);
});

Deno.test("a year with a fifth of all frames lost loses no lease of one hour", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(11) });
  const luck = seededU32(12);
  const arrives = (): boolean => luck() / 2 ** 32 > 0.2;
  client.server = ({ type, message }) =>
    arrives() && arrives()
      ? [reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid)]
      : [];
  client.delayMs = 5;
  client.event(START).advance(365 * DAY);
  assertEquals(client.of("leaseLost"), []);
  assert(client.of("leaseRenewed").length > 10_000);
});

Deno.test("a client without a server for a day loses its lease at the expiry, and acquires another when the server is back", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(13) });
  let isUp = true;
  client.server = ({ type, message }) =>
    isUp ? [reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid)] : [];
  client.event(START).advance(10 * MINUTE);
  isUp = false;
  client.advance(DAY);
  assertEquals(client.of("leaseLost").length, 1);
  isUp = true;
  client.advance(2 * MINUTE);
  assertEquals(client.of("leaseAcquired").length, 2);
});

testRows("with a fifth of all frames lost an acquisition takes", [
  { name: "less than 0.4 s half of the time", quantile: 0.5, maxMs: 400 },
  { name: "less than 2 s nine times out of ten", quantile: 0.9, maxMs: 2000 },
  {
    name: "less than 6 s 99 times out of a hundred",
    quantile: 0.99,
    maxMs: 6000,
  },
], ({ quantile, maxMs }) => {
  const luck = seededU32(14);
  const arrives = (): boolean => luck() / 2 ** 32 > 0.2;
  const durations: number[] = [];
  for (let run = 0; run < 4000; run++) {
    const client = new ClientDriver(settings(), { randomU32: seededU32(run) });
    const startMs = client.nowMs;
    client.delayMs = 2;
    client.server = ({ type, message }) =>
      arrives() && arrives()
        ? [reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid)]
        : [];
    client.event(START).advance(MINUTE);
    const [acquired] = client.of("leaseAcquired");
    durations.push((acquired?.timeMs ?? Infinity) - startMs);
  }
  durations.sort((a, b) => a - b);
  const took = durations[Math.floor(durations.length * quantile)] ?? Infinity;
  assert(took < maxMs, `${took} ms`);
});

Deno.test("an ADD that no server answers sends at most 14 DISCOVERs a minute", () => {
  for (let seed = 0; seed < 100; seed++) {
    const client = new ClientDriver(settings(), { randomU32: seededU32(seed) });
    client.event(START).advance(MINUTE - 1);
    assert(client.sent.length <= 14, `seed ${seed}: ${client.sent.length}`);
  }
});
