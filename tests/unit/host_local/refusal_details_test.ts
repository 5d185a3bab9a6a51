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
import type {
  Reservation,
  ReservationCount,
} from "../../../lib/host_local/ports.ts";
import { attachment, ip } from "./builders.ts";
import { testRows } from "../../support/rows.ts";

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

testRows(
  "describeReservation() describes the one of",
  DESCRIPTIONS,
  ({ facts, want }) => {
    assertEquals(describeReservation(reservation(facts), NOW_MS), want);
  },
);

interface Refusal {
  readonly name: string;
  readonly kind: PoolErrorKind;
  /** The reservation of 10.0.0.4, the address that the error is about. */
  readonly found?: Reservation;
  readonly count?: ReservationCount;
  readonly want: string;
}

const OLD = reservation({ fromEarlierBoot: true });
const ADVICE =
  "a DEL or GC by the runtime releases those that are no longer in use";

const REFUSALS: readonly Refusal[] = [
  {
    name: "an exhausted pool",
    kind: "exhausted",
    count: { total: 3, inspected: 3, fromEarlierBoot: 1 },
    want: "3 addresses are held in /d/net, " +
      `1 of them since before the last boot; ${ADVICE}`,
  },
  {
    name: "an exhausted pool that was inspected in part",
    kind: "exhausted",
    count: { total: 60_000, inspected: 1_000, fromEarlierBoot: 12 },
    want: "60000 addresses are held in /d/net, " +
      `12 of the first 1000 since before the last boot; ${ADVICE}`,
  },
  {
    name: "a duplicate",
    kind: "duplicate",
    found: reservation(),
    want: describeReservation(reservation(), NOW_MS),
  },
  {
    name: "a taken address",
    kind: "not-available",
    found: OLD,
    want: describeReservation(OLD, NOW_MS),
  },
  {
    name: "a taken address without a reservation",
    kind: "not-available",
    want: "see /d/net",
  },
  { name: "a gateway", kind: "gateway", found: reservation(), want: "" },
  {
    name: "an address outside the ranges",
    kind: "outside-ranges",
    found: reservation(),
    want: "",
  },
];

testRows("describeRefusal() explains", REFUSALS, ({ kind, want, ...facts }) => {
  const { found, count = { total: 0, inspected: 0, fromEarlierBoot: 0 } } =
    facts;
  const details = describeRefusal(new PoolError(kind, "no", ip("10.0.0.4")), {
    store: { find: () => found, count: () => count },
    nowMs: NOW_MS,
    directory: "/d/net",
  });
  assertEquals(details, want);
});
