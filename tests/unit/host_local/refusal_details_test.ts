import { assertEquals } from "@std/assert";
import {
  PoolError,
  type PoolErrorKind,
} from "../../../lib/host_local/add_plan.ts";
import type {
  Reservation,
  ReservationCount,
} from "../../../lib/host_local/ports.ts";
import {
  describeRefusal,
  describeReservation,
  formatAge,
} from "../../../lib/host_local/refusal_details.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, ip } from "./builders.ts";

const AGES: readonly [ms: number, want: string][] = [
  [-5_000, "0s"],
  [0, "0s"],
  [999, "0s"],
  [1_000, "1s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [61_000, "1m1s"],
  [3_600_000, "1h"],
  [11_525_000, "3h12m"],
  [86_400_000, "1d"],
  [90_000_000, "1d1h"],
  [8_640_000_000, "100d"],
];

testRows(
  "formatAge() formats",
  AGES.map(([ms, want]) => ({ name: `${ms} ms as ${want}`, ms, want })),
  ({ ms, want }) => assertEquals(formatAge(ms), want),
);

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
    name: "no owner",
    facts: { owner: { kind: "none" } },
    want:
      "10.0.0.4 is held by an unknown owner since 2026-01-02T02:04:05.000Z (1h ago, in this boot): /d/net/10.0.0.4",
  },
] as const;

testRows(
  "describeReservation() names as holder",
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
