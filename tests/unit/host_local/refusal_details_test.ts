import { assertEquals } from "@std/assert";
import {
  describeRefusal,
  describeReservation,
  formatAge,
} from "../../../lib/host_local/refusal_details.ts";
import {
  PoolError,
  type PoolErrorKind,
} from "../../../lib/host_local/add_plan.ts";
import type { Reservation } from "../../../lib/host_local/reservation_store.ts";
import { attachment, ip } from "./builders.ts";

const AGES = [
  { ms: -5_000, want: "0s" },
  { ms: 0, want: "0s" },
  { ms: 999, want: "0s" },
  { ms: 1_000, want: "1s" },
  { ms: 59_999, want: "59s" },
  { ms: 60_000, want: "1m" },
  { ms: 61_000, want: "1m1s" },
  { ms: 3_600_000, want: "1h" },
  { ms: 11_525_000, want: "3h12m" },
  { ms: 86_400_000, want: "1d" },
  { ms: 90_000_000, want: "1d1h" },
  { ms: 8_640_000_000, want: "100d" },
] as const;

for (const { ms, want } of AGES) {
  Deno.test(`formatAge() of ${ms} ms is ${want}`, () => {
    assertEquals(formatAge(ms), want);
  });
}

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

function reservation(facts: Partial<Reservation> = {}): Reservation {
  return {
    address: ip("10.0.0.4"),
    owner: { kind: "attachment", attachment: attachment() },
    reservedAtMs: NOW_MS - 3_600_000,
    fromEarlierBoot: false,
    location: "/d/net/10.0.0.4",
    ...facts,
  };
}

const DESCRIPTIONS = [
  {
    name: "an attachment in this boot",
    facts: {},
    want:
      "10.0.0.4 is held by container c1, interface eth0 since 2026-01-02T02:04:05.000Z (1h ago, in this boot): /d/net/10.0.0.4",
  },
  {
    name: "a container from before the boot",
    facts: {
      owner: { kind: "container", containerId: "c1" },
      fromEarlierBoot: true,
    },
    want:
      "10.0.0.4 is held by container c1 since 2026-01-02T02:04:05.000Z (1h ago, before the last boot): /d/net/10.0.0.4",
  },
  {
    name: "an unknown owner",
    facts: { owner: { kind: "unknown" } },
    want:
      "10.0.0.4 is held by an unknown owner since 2026-01-02T02:04:05.000Z (1h ago, in this boot): /d/net/10.0.0.4",
  },
  {
    name: "nobody",
    facts: { owner: { kind: "nobody" } },
    want:
      "10.0.0.4 is held by an unknown owner since 2026-01-02T02:04:05.000Z (1h ago, in this boot): /d/net/10.0.0.4",
  },
] as const;

for (const { name, facts, want } of DESCRIPTIONS) {
  Deno.test(`describeReservation() of ${name}`, () => {
    assertEquals(describeReservation(reservation(facts), NOW_MS), want);
  });
}

function describe(kind: PoolErrorKind, held: readonly Reservation[]): string {
  const error = new PoolError(kind, "no", ip("10.0.0.4"));
  const store = {
    list: () => held,
    find: () => held[0],
  };
  return describeRefusal(error, { store, nowMs: NOW_MS, directory: "/d/net" });
}

const OLD = reservation({ fromEarlierBoot: true });
const COUNTED =
  "3 addresses are held in /d/net, 1 of them since before the last boot; " +
  "a DEL or GC by the runtime frees those that nothing uses";

const REFUSALS = [
  {
    kind: "exhausted",
    held: [reservation(), OLD, reservation()],
    want: COUNTED,
  },
  {
    kind: "duplicate",
    held: [reservation()],
    want: describeReservation(reservation(), NOW_MS),
  },
  {
    kind: "not-available",
    held: [OLD],
    want: describeReservation(OLD, NOW_MS),
  },
  { kind: "not-available", held: [], want: "see /d/net" },
  { kind: "gateway", held: [reservation()], want: "" },
  { kind: "outside-ranges", held: [reservation()], want: "" },
] as const;

for (const { kind, held, want } of REFUSALS) {
  Deno.test(`describeRefusal() of ${kind} with ${held.length} held`, () => {
    assertEquals(describe(kind, held), want);
  });
}
