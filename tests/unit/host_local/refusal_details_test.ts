import { assertEquals } from "@std/assert";
import { AddressHistory } from "../../../lib/host_local/address_history.ts";
import { AddressPreferences } from "../../../lib/host_local/address_preferences.ts";
import {
  PoolError,
  type PoolErrorKind,
} from "../../../lib/host_local/add_plan.ts";
import type { RangeSet } from "../../../lib/host_local/range_set.ts";
import type { Reservation } from "../../../lib/host_local/ports.ts";
import {
  describeRefusal,
  describeReservation,
} from "../../../lib/host_local/refusal_details.ts";
import { sameAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, ip, rangeSet } from "./builders.ts";

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
  readonly error: PoolError;
  /** The reservations by address. */
  readonly found?: readonly Reservation[];
  readonly preferences?: AddressPreferences;
  readonly foundNothingToReclaim?: boolean;
  /** Default: {@link SETS}. */
  readonly rangeSets?: readonly RangeSet[];
  readonly want: string;
}

const OLD = reservation({ fromEarlierBoot: true });
const OF_POD = reservation({
  owner: { kind: "attachment", attachment: attachment({ containerId: "c8" }) },
});
const HELD_ADVICE =
  "; request another address, or remove that container; host-local explain 10.0.0.4 says whether it still exists";
const UNKNOWN = reservation({ owner: { kind: "unknown" } });
const OUTSIDE_ADVICE =
  ": request one of their addresses, or change rangeStart and rangeEnd";
const NARROW_SETS = [
  rangeSet({
    subnet: "10.0.0.0/24",
    rangeStart: "10.0.0.2",
    rangeEnd: "10.0.0.3",
    gateway: "10.0.0.254",
  }),
  rangeSet({
    subnet: "fd00::/120",
    rangeStart: "fd00::2",
    rangeEnd: "fd00::3",
  }),
];
const ADVICE =
  "a DEL or GC by the runtime releases those that are no longer in use, and host-local reclaim shows which containers are gone";
const SETS = [
  rangeSet("10.0.0.0/29"),
  rangeSet("fd00::/64", "fd01::/64"),
] as const;

function refusal(
  kind: PoolErrorKind,
  ...addresses: readonly string[]
): PoolError {
  return new PoolError(kind, "no", { addresses: addresses.map(ip) });
}

function exhausted(subnet: string): PoolError {
  return new PoolError("exhausted", "no", { set: rangeSet(subnet) });
}

/** 10.0.0.4 and 10.0.0.5 have just been released. */
const COOLING = new AddressPreferences({
  history: AddressHistory.parse(
    "10.0.0.5 eth0 c9 - 1000 7 990 1000\n10.0.0.4 eth0 c8 shop/web-0 1000 7 950 1767225600000\n",
  ),
  settings: {
    cooldownSeconds: 60,
    isSticky: false,
    recordsOwners: false,
    pod: undefined,
  },
  attachment: undefined,
  now: { bootId: 7, uptimeSeconds: 1_000, atMs: 5_000_000 },
});

const REFUSALS: readonly Refusal[] = [
  {
    name: "a set of which the free addresses cool down",
    error: exhausted("10.0.0.0/29"),
    found: [OLD],
    preferences: COOLING,
    want:
      "this range set has 5 usable addresses, 3 held in /d/net, 1 of them reserved before the " +
      `last boot, and 2 cooling down (the first, 10.0.0.4, for another 11s); ${ADVICE}`,
  },
  {
    name: "an address that cools down, with its pod",
    error: refusal("cooling", "10.0.0.4"),
    preferences: COOLING,
    want:
      "10.0.0.4 was released by pod shop/web-0 at 2026-01-01T00:00:00.000Z " +
      "and cools down for another 11s (cooldownSeconds); request another address, or repeat the ADD then",
  },
  {
    name: "an address that cools down, with its container",
    error: refusal("cooling", "10.0.0.5"),
    preferences: COOLING,
    want: "10.0.0.5 was released by container c9 at 1970-01-01T00:00:01.000Z " +
      "and cools down for another 51s (cooldownSeconds); request another address, or repeat the ADD then",
  },
  {
    name: "an excluded address",
    error: refusal("excluded", "10.0.0.4"),
    want:
      "the network configuration excludes it from its range; request another address, or remove it from exclude",
  },
  {
    name: "a full set, without the reservations of other sets",
    error: exhausted("10.0.0.0/29"),
    found: [
      OLD,
      reservation({ address: ip("10.0.0.5") }),
      reservation({ address: ip("10.0.1.5"), fromEarlierBoot: true }),
    ],
    want: "this range set has 5 usable addresses, all held in /d/net, " +
      `1 of them reserved before the last boot; ${ADVICE}`,
  },
  {
    name: "a full set of which nothing may be released",
    error: exhausted("10.0.0.0/29"),
    foundNothingToReclaim: true,
    want: "this range set has 5 usable addresses, all held in /d/net, " +
      `0 of them reserved before the last boot; ${ADVICE}` +
      "; reclaimOnExhaustion found none that it may release",
  },
  {
    name: "a full set of one address",
    error: exhausted("10.0.0.4/32"),
    found: [OLD],
    want: "this range set has 1 usable address, all held in /d/net, " +
      `1 of them reserved before the last boot; ${ADVICE}`,
  },
  {
    name: "a full set that is inspected in part",
    error: exhausted("10.0.0.0/16"),
    found: [
      OLD,
      reservation({ address: ip("10.0.1.1"), fromEarlierBoot: true }),
      reservation({ address: ip("10.0.1.2"), fromEarlierBoot: true }),
    ],
    want: "this range set has 65533 usable addresses, all held in /d/net, " +
      `2 of the first 256 reserved before the last boot; ${ADVICE}`,
  },
  {
    name: "a duplicate",
    error: refusal("duplicate", "10.0.0.4"),
    found: [reservation()],
    want: describeReservation(reservation(), NOW_MS),
  },
  {
    name: "an address that a pod has taken",
    error: refusal("not-available", "10.0.0.4"),
    found: [OF_POD],
    preferences: COOLING,
    want:
      "10.0.0.4 is held by container c8 of pod shop/web-0, interface eth0 since 2026-01-02T02:04:05.000Z (1h ago, in this boot): /d/net/10.0.0.4" +
      HELD_ADVICE,
  },
  {
    name: "an address that another container has taken than the remembered one",
    error: refusal("not-available", "10.0.0.4"),
    found: [reservation()],
    preferences: COOLING,
    want: `${describeReservation(reservation(), NOW_MS)}${HELD_ADVICE}`,
  },
  {
    name: "a taken address",
    error: refusal("not-available", "10.0.0.4"),
    found: [reservation()],
    want: `${describeReservation(reservation(), NOW_MS)}${HELD_ADVICE}`,
  },
  {
    name: "an address that was taken before the last boot",
    error: refusal("not-available", "10.0.0.4"),
    found: [OLD],
    want: `${
      describeReservation(OLD, NOW_MS)
    }; a DEL or GC by the runtime releases it, and host-local reclaim shows whether it can`,
  },
  {
    name: "an address that an unknown owner has taken",
    error: refusal("not-available", "10.0.0.4"),
    found: [UNKNOWN],
    want: `${
      describeReservation(UNKNOWN, NOW_MS)
    }; host-local check-state says what to do with the file`,
  },
  {
    name: "a taken address without a reservation",
    error: refusal("not-available", "10.0.0.4"),
    want: "see /d/net",
  },
  {
    name: "a gateway",
    error: refusal("gateway", "10.0.0.4"),
    found: [reservation()],
    want:
      "a gateway is never allocated; request another address, or configure another gateway",
  },
  {
    name: "an address outside the ranges",
    error: refusal("outside-ranges", "10.9.9.9"),
    want: "10.9.9.9 is outside the ranges " +
      "10.0.0.1-10.0.0.6,fd00::1-fd00::ffff:ffff:ffff:ffff," +
      `fd01::1-fd01::ffff:ffff:ffff:ffff${OUTSIDE_ADVICE}`,
  },
  ...[
    { address: "10.0.0.0", what: "the network address of 10.0.0.0/29" },
    { address: "10.0.0.7", what: "the broadcast address of 10.0.0.0/29" },
    { address: "fd01::", what: "the network address of fd01::/64" },
  ].map(({ address, what }) => ({
    name: what,
    error: refusal("outside-ranges", address),
    want: `${address} is ${what} and outside the ranges ` +
      "10.0.0.1-10.0.0.6,fd00::1-fd00::ffff:ffff:ffff:ffff," +
      `fd01::1-fd01::ffff:ffff:ffff:ffff${OUTSIDE_ADVICE}`,
  })),
  ...[
    { address: "10.0.0.9", what: "in 10.0.0.0/24" },
    { address: "10.0.0.254", what: "the gateway of 10.0.0.0/24" },
    { address: "fd00::ff", what: "in fd00::/120" },
  ].map(({ address, what }) => ({
    name: `an address outside its range: ${what}`,
    error: refusal("outside-ranges", address),
    rangeSets: NARROW_SETS,
    want:
      `${address} is ${what} and outside the ranges 10.0.0.2-10.0.0.3,fd00::2-fd00::3${OUTSIDE_ADVICE}`,
  })),
  {
    name: "an address of a set that serves another request",
    error: refusal("outside-ranges", "fd01::5"),
    want: "fd01::5 is in range set 1, which serves only one request: fd00::7",
  },
  {
    name: "every address that is not served",
    error: refusal("outside-ranges", "fd01::5", "10.9.9.9", "10.0.0.4"),
    want:
      "fd01::5 is in range set 1, which serves only one request: fd00::7; " +
      "10.9.9.9 is outside the ranges 10.0.0.1-10.0.0.6," +
      "fd00::1-fd00::ffff:ffff:ffff:ffff,fd01::1-fd01::ffff:ffff:ffff:ffff" +
      `${OUTSIDE_ADVICE}; ` +
      "10.0.0.4 is in range set 0, which serves only one request: 10.0.0.3",
  },
];

testRows(
  "describeRefusal() explains",
  REFUSALS,
  (
    {
      error,
      want,
      found = [],
      preferences,
      foundNothingToReclaim,
      rangeSets = SETS,
    },
  ) => {
    const details = describeRefusal(error, {
      store: {
        find: (address) =>
          found.find((held) => sameAddress(held.address, address)),
        firstFree: (from) => from,
      },
      preferences,
      foundNothingToReclaim,
      nowMs: NOW_MS,
      directory: "/d/net",
      rangeSets,
      requestedAddresses: ["10.0.0.3", "fd00::7", "fd01::5", "10.0.0.4"].map(
        ip,
      ),
    });
    assertEquals(details, want);
  },
);
