import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AddressHistory } from "../../../lib/host_local/address_history.ts";
import { AddressPreferences } from "../../../lib/host_local/address_preferences.ts";
import { planAdd, PoolError } from "../../../lib/host_local/add_plan.ts";
import { findRange, type RangeSet } from "../../../lib/host_local/range_set.ts";
import {
  formatIpAddress,
  type IpAddress,
} from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip, rangeSet, reservations, texts } from "./builders.ts";

const V4 = rangeSet("10.0.0.0/29");
const V6 = rangeSet("2001:db8::/64");
const EXCLUDING = rangeSet({
  subnet: "10.0.0.0/29",
  exclude: ["10.0.0.2-10.0.0.3"],
});
const POOLS = rangeSet("10.0.0.0/30", "10.1.0.0/30");

type Known = Parameters<typeof reservations>[0];

/** Released just now. */
const COOLING = new AddressPreferences({
  history: AddressHistory.parse("10.0.0.4 eth0 c9 - 1000 7 990 1000\n"),
  settings: {
    cooldownSeconds: 60,
    isSticky: false,
    recordsOwners: false,
    pod: undefined,
  },
  attachment: { containerId: "c1", ifName: "eth0" },
  now: { bootId: 7, uptimeSeconds: 1_000, atMs: 5_000_000 },
});

interface Input extends NonNullable<Known> {
  readonly preferences?: AddressPreferences;
  readonly sets?: readonly RangeSet[];
  readonly requested?: readonly string[];
}

function plan(
  { sets = [V4], requested = [], preferences, ...known }: Input,
): ReturnType<typeof planAdd> {
  return planAdd({
    rangeSets: sets,
    requestedAddresses: requested.map(ip),
    containerId: "c1",
    preferences,
  }, reservations(known));
}

/** Each choice as its address, followed by `reused` and what it replaces. */
function summary(input: Input): string[] {
  return plan(input).choices.map(({ address, reused, replaced }) =>
    [
      formatIpAddress(address),
      ...(reused ? ["reused"] : []),
      ...texts(replaced).map((old) => `-${old}`),
    ].join(" ")
  );
}

const CHOICES: readonly {
  name: string;
  input: Input;
  want: readonly string[];
}[] = [
  { name: "the first address of a set", input: {}, want: ["10.0.0.2"] },
  {
    name: "one address per range set, in order",
    input: { sets: [V6, V4] },
    want: ["2001:db8::2", "10.0.0.2"],
  },
  {
    name: "no address that cools down",
    input: { preferences: COOLING, others: ["10.0.0.2", "10.0.0.3"] },
    want: ["10.0.0.5"],
  },
  {
    name: "its reusable address, whatever is remembered about it",
    input: { preferences: COOLING, reusable: ["10.0.0.4"] },
    want: ["10.0.0.4 reused"],
  },
  {
    name: "its reusable address if it is requested",
    input: {
      preferences: COOLING,
      reusable: ["10.0.0.4"],
      requested: ["10.0.0.4"],
    },
    want: ["10.0.0.4 reused"],
  },
  {
    name: "no excluded address",
    input: { sets: [EXCLUDING] },
    want: ["10.0.0.4"],
  },
  {
    name: "another address than the reusable one that is excluded",
    input: { sets: [EXCLUDING], reusable: ["10.0.0.2"] },
    want: ["10.0.0.4 -10.0.0.2"],
  },
  {
    name: "the reusable address that is not excluded",
    input: { sets: [EXCLUDING], reusable: ["10.0.0.2", "10.0.0.5"] },
    want: ["10.0.0.5 reused -10.0.0.2"],
  },
  {
    name: "an address that no other container holds",
    input: { others: ["10.0.0.2", "10.0.0.4"] },
    want: ["10.0.0.3"],
  },
  {
    name: "the next address after the cursor of the set",
    input: { sets: [V6, V4], cursors: ["", "10.0.0.4"] },
    want: ["2001:db8::2", "10.0.0.5"],
  },
  {
    name: "a requested address",
    input: { requested: ["10.0.0.5"] },
    want: ["10.0.0.5"],
  },
  {
    name: "a requested address in one of two sets",
    input: { sets: [V4, V6], requested: ["2001:db8::9"] },
    want: ["10.0.0.2", "2001:db8::9"],
  },
  {
    name: "requested addresses in any order",
    input: { sets: [V4, V6], requested: ["2001:db8::9", "10.0.0.5"] },
    want: ["10.0.0.5", "2001:db8::9"],
  },
  {
    name: "a requested address in the second range of a set",
    input: { sets: [POOLS], requested: ["10.1.0.2"] },
    want: ["10.1.0.2"],
  },
  {
    name: "a requested address before the cursor",
    input: { requested: ["10.0.0.2"], cursors: ["10.0.0.5"] },
    want: ["10.0.0.2"],
  },
  {
    name: "a reusable address",
    input: { reusable: ["10.0.0.4"] },
    want: ["10.0.0.4 reused"],
  },
  {
    name: "the first of several reusable addresses, replacing the others",
    input: { reusable: ["10.0.0.6", "10.0.0.4", "10.0.0.5"] },
    want: ["10.0.0.4 reused -10.0.0.5 -10.0.0.6"],
  },
  {
    name: "a reusable address in its own set only",
    input: { sets: [V4, V6], reusable: ["2001:db8::7"] },
    want: ["10.0.0.2", "2001:db8::7 reused"],
  },
  {
    name: "no reusable address outside every set",
    input: { reusable: ["10.9.0.4"] },
    want: ["10.0.0.2"],
  },
  {
    name: "an address although another is in use outside every set",
    input: { inUse: ["10.9.0.4"] },
    want: ["10.0.0.2"],
  },
  {
    name: "a reusable address that is requested",
    input: { reusable: ["10.0.0.4"], requested: ["10.0.0.4"] },
    want: ["10.0.0.4 reused"],
  },
  {
    name: "the requested one of two reusable addresses",
    input: { reusable: ["10.0.0.4", "10.0.0.5"], requested: ["10.0.0.5"] },
    want: ["10.0.0.5 reused -10.0.0.4"],
  },
  {
    name: "a requested address, replacing a reusable one",
    input: { reusable: ["10.0.0.4"], requested: ["10.0.0.5"] },
    want: ["10.0.0.5 -10.0.0.4"],
  },
];

testRows(
  "planAdd() chooses",
  CHOICES,
  ({ input, want }) => assertEquals(summary(input), want),
);

Deno.test("planAdd() returns the range that the address lies in", () => {
  const { choices } = plan({ sets: [POOLS], requested: ["10.1.0.2"] });
  assertEquals(choices, [{
    address: ip("10.1.0.2"),
    range: POOLS[1] ?? POOLS[0],
    reused: false,
    replaced: [],
  }]);
});

function refused(
  kind: string,
  { message, addresses = [], set }: {
    readonly message: string;
    readonly addresses?: readonly string[];
    readonly set?: RangeSet;
  },
): Record<string, unknown> {
  const name = "PoolError";
  return { name, kind, message, addresses: addresses.map(ip), set };
}

function inRange(set: number, reason: string): string {
  return `failed to allocate for range ${set}: ${reason}`;
}

const ALL_TAKEN = ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"];
const DUPLICATE = refused("duplicate", {
  message: inRange(
    0,
    "10.0.0.4 has been allocated to c1, duplicate allocation is not allowed",
  ),
  addresses: ["10.0.0.4"],
});

function taken(address: string): Record<string, unknown> {
  return refused("not-available", {
    message: inRange(
      0,
      `requested IP address ${address} is not available in range set 10.0.0.1-10.0.0.6`,
    ),
    addresses: [address],
  });
}

const REFUSALS: readonly { name: string; input: Input; want: unknown }[] = [
  {
    name: "an exhausted set",
    input: { others: ALL_TAKEN },
    want: refused("exhausted", {
      message: inRange(
        0,
        "no IP addresses available in range set: 10.0.0.1-10.0.0.6",
      ),
      set: V4,
    }),
  },
  {
    name: "an exhausted set of two ranges",
    input: { sets: [POOLS], others: ["10.0.0.2", "10.1.0.2"] },
    want: refused("exhausted", {
      message: inRange(
        0,
        "no IP addresses available in range set: 10.0.0.1-10.0.0.2,10.1.0.1-10.1.0.2",
      ),
      set: POOLS,
    }),
  },
  {
    name: "an exhausted second set, by its index",
    input: { sets: [V6, V4], others: ALL_TAKEN },
    want: refused("exhausted", {
      message: inRange(
        1,
        "no IP addresses available in range set: 10.0.0.1-10.0.0.6",
      ),
      set: V4,
    }),
  },
  {
    name: "a duplicate",
    input: { inUse: ["10.0.0.4"] },
    want: DUPLICATE,
  },
  {
    name: "several duplicates, naming the first by file name",
    input: { inUse: ["10.0.0.5", "10.0.0.4"] },
    want: DUPLICATE,
  },
  {
    name: "a duplicate although another address is reusable",
    input: { inUse: ["10.0.0.4"], reusable: ["10.0.0.2"] },
    want: DUPLICATE,
  },
  {
    name:
      "a duplicate although another address is requested (no-second-address)",
    input: { inUse: ["10.0.0.4"], requested: ["10.0.0.5"] },
    want: DUPLICATE,
  },
  {
    name: "a duplicate although a reusable address is requested",
    input: {
      inUse: ["10.0.0.4"],
      reusable: ["10.0.0.2"],
      requested: ["10.0.0.2"],
    },
    want: DUPLICATE,
  },
  {
    name: "a request for the gateway",
    input: { requested: ["10.0.0.1"] },
    want: refused("gateway", {
      message: inRange(0, "requested ip 10.0.0.1 is subnet's gateway"),
      addresses: ["10.0.0.1"],
    }),
  },
  {
    name: "a request for the gateway of a sibling range (sibling-gateways)",
    input: { sets: [POOLS], requested: ["10.1.0.1"] },
    want: refused("gateway", {
      message: inRange(0, "requested ip 10.1.0.1 is subnet's gateway"),
      addresses: ["10.1.0.1"],
    }),
  },
  {
    name:
      "a request for the gateway, which is reported as the gateway even if it is taken",
    input: { requested: ["10.0.0.1"], others: ["10.0.0.1"] },
    want: refused("gateway", {
      message: inRange(0, "requested ip 10.0.0.1 is subnet's gateway"),
      addresses: ["10.0.0.1"],
    }),
  },
  {
    name: "a request for an address that another container holds",
    input: { requested: ["10.0.0.4"], others: ["10.0.0.4"] },
    want: taken("10.0.0.4"),
  },
  {
    name: "a request for an address that the container holds",
    input: { requested: ["10.0.0.4"], inUse: ["10.0.0.4"] },
    want: taken("10.0.0.4"),
  },
  {
    name: "a request for a taken address before a duplicate",
    input: {
      requested: ["10.0.0.5"],
      others: ["10.0.0.5"],
      inUse: ["10.0.0.4"],
    },
    want: taken("10.0.0.5"),
  },
  {
    name: "a request for an excluded address",
    input: { sets: [EXCLUDING], requested: ["10.0.0.3"] },
    want: refused("excluded", {
      message:
        "failed to allocate for range 0: requested ip 10.0.0.3 is excluded",
      addresses: ["10.0.0.3"],
    }),
  },
  {
    name: "a request for an address that cools down",
    input: { preferences: COOLING, requested: ["10.0.0.4"] },
    want: { ...taken("10.0.0.4"), kind: "cooling" },
  },
  {
    name: "an address for a set of which the rest cools down",
    input: {
      preferences: COOLING,
      others: ["10.0.0.2", "10.0.0.3", "10.0.0.5", "10.0.0.6"],
    },
    want: refused("exhausted", {
      message:
        "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.6",
      set: V4,
    }),
  },
  {
    name: "a request outside every set",
    input: { requested: ["10.9.0.1"] },
    want: refused("outside-ranges", {
      message: "failed to allocate all requested IPs: 10.9.0.1",
      addresses: ["10.9.0.1"],
    }),
  },
  {
    name: "a second request in one set (requests-in-order)",
    input: { requested: ["10.0.0.4", "10.0.0.5"] },
    want: refused("outside-ranges", {
      message: "failed to allocate all requested IPs: 10.0.0.5",
      addresses: ["10.0.0.5"],
    }),
  },
  {
    name: "unserved requests, in order",
    input: { requested: ["10.9.0.1", "10.0.0.4", "fd00::1"] },
    want: refused("outside-ranges", {
      message: "failed to allocate all requested IPs: 10.9.0.1 fd00::1",
      addresses: ["10.9.0.1", "fd00::1"],
    }),
  },
  {
    name: "a request in the subnet but not in the range",
    input: { requested: ["10.0.0.7"] },
    want: refused("outside-ranges", {
      message: "failed to allocate all requested IPs: 10.0.0.7",
      addresses: ["10.0.0.7"],
    }),
  },
  {
    name: "an exhausted set before an unserved request",
    input: { requested: ["10.9.0.1"], others: ALL_TAKEN },
    want: refused("exhausted", {
      message: inRange(
        0,
        "no IP addresses available in range set: 10.0.0.1-10.0.0.6",
      ),
      set: V4,
    }),
  },
];

testRows("planAdd() refuses", REFUSALS, ({ input, want }) => {
  assertEquals(thrownBy(() => plan(input)), want);
});

Deno.test("planAdd() throws other errors unchanged", () => {
  const failure = new TypeError("broken index");
  const broken = {
    ...reservations(),
    firstFree: (): IpAddress | undefined => {
      throw failure;
    },
  };
  const call = (): unknown =>
    planAdd(
      { rangeSets: [V4], requestedAddresses: [], containerId: "c1" },
      broken,
    );
  assertEquals(thrownBy(call), { name: "TypeError", message: "broken index" });
});

const APART = rangeSet("10.2.0.0/30", {
  subnet: "10.3.0.0/29",
  gateway: "10.2.0.2",
});
const SETS = [V4, rangeSet("2001:db8::/125"), APART] as const;

const SOME_ADDRESSES = [
  ...["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
  ...["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::7"],
  ...["10.2.0.1", "10.2.0.2", "10.3.0.1", "10.3.0.2", "10.3.0.6"],
  "10.9.0.1",
];

const holder = fc.oneof(
  { arbitrary: fc.constant("free"), weight: 10 },
  { arbitrary: fc.constant("other"), weight: 6 },
  { arbitrary: fc.constant("reusable"), weight: 3 },
  { arbitrary: fc.constant("inUse"), weight: 1 },
);

const state = fc.record({
  holders: fc.tuple(...SOME_ADDRESSES.map(() => holder)),
  requested: fc.subarray(SOME_ADDRESSES, { maxLength: 2 }),
}).map(({ holders, requested }) => {
  const heldAs = (kind: string): string[] =>
    SOME_ADDRESSES.filter((_, at) => holders[at] === kind);
  return {
    sets: SETS,
    requested,
    others: heldAs("other"),
    inUse: heldAs("inUse"),
    reusable: heldAs("reusable"),
  };
});

/** The plan, or undefined if the ADD is refused. */
function planIfServed(input: Input): ReturnType<typeof plan> | undefined {
  try {
    return plan(input);
  } catch (error) {
    assert(error instanceof PoolError, String(error));
    return undefined;
  }
}

Deno.test("planAdd() chooses one free address per set, and no second one for a container", () => {
  let served = 0;
  fc.assert(
    fc.property(state, (given) => {
      const choices = planIfServed(given)?.choices;
      if (choices === undefined) return;
      served++;
      assertEquals(choices.length, SETS.length);
      const chosen = texts(choices.map(({ address }) => address));
      assertEquals(
        given.requested.filter((text) => !chosen.includes(text)),
        [],
      );
      for (const [index, set] of SETS.entries()) {
        const inSet = (list: readonly string[]): string[] =>
          list.filter((text) => findRange(set, ip(text)) !== undefined);
        const [text = ""] = inSet(chosen);
        assertEquals(text, chosen[index]);
        assertEquals(inSet(given.inUse), []);
        assert(!given.others.includes(text));
        const choice = choices[index];
        assertEquals(choice?.reused, given.reusable.includes(text));
        // What the container keeps in the set is this address and nothing else.
        assertEquals(
          texts(choice?.replaced ?? []).sort(),
          inSet(given.reusable).filter((own) => own !== text).sort(),
        );
      }
    }),
    { numRuns: 1000 },
  );
  assert(served > 100, `only ${served} of the random ADDs were served`);
});
