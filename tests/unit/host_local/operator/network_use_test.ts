import { assertEquals } from "@std/assert";
import { AddressHistory } from "../../../../lib/host_local/address_history.ts";
import {
  type ConfiguredNetwork,
  parseNetwork,
} from "../../../../lib/host_local/operator/configured_networks.ts";
import type { LivenessState } from "../../../../lib/host_local/operator/liveness.ts";
import type {
  NetworkReservations,
  RecordedReservation,
} from "../../../../lib/host_local/operator/network_facts.ts";
import {
  type Counts,
  isLow,
  networkUse,
} from "../../../../lib/host_local/operator/network_use.ts";
import { testRows } from "../../../support/rows.ts";
import { ip } from "../builders.ts";

const DIRECTORY = "/data/net";
/** Ten seconds after the release of {@link RELEASED}. */
const NOW = { bootId: 7, uptimeSeconds: 110, atMs: 0 };
const RELEASED = "10.7.0.5 eth0 c5 shop/web-0 1 7 100 1\n";

/** Returns a network with addresses from 10.7.0.2 to 10.7.0.6, and perhaps others. */
function configured(
  keys: Readonly<Record<string, unknown>> = {},
): ConfiguredNetwork {
  const network = parseNetwork({
    cniVersion: "1.0.0",
    name: "net",
    ipam: {
      type: "host-local",
      ranges: [[{ subnet: "10.7.0.0/29" }]],
      ...keys,
    },
  }, "");
  if (network === undefined) throw new Error("invalid configuration");
  return { ...network, file: "/n.conf", path: "" };
}

type Held = Readonly<Record<string, LivenessState | "earlier boot">>;

function reservations(held: Held, history: string): NetworkReservations {
  return {
    name: "net",
    directory: DIRECTORY,
    lock: { kind: "held" },
    fileCount: 0,
    unreadable: [],
    history: AddressHistory.parse(history),
    reservations: Object.entries(held).map(([name, state]) => ({
      address: ip(name),
      owner: { kind: "unknown" },
      reservedAtMs: 0,
      fromEarlierBoot: state === "earlier boot",
      location: `${DIRECTORY}/${name}`,
      name,
      unreadable: undefined,
    })),
  };
}

/** Describes counts in one short text. */
function describe(
  { total, byState, fromEarlierBoot, suspectedStale }: Counts,
): string {
  const states = Object.entries(byState).filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`).join(", ");
  return `${total}: ${states}; ${fromEarlierBoot} earlier, ${suspectedStale} stale`;
}

const NONE = "0: ; 0 earlier, 0 stale";

interface Row {
  readonly name: string;
  /** By default one range set. */
  readonly network?: ConfiguredNetwork | "none";
  /** The content of the history. */
  readonly history?: string;
  /** The reservations; "none" if there is no directory. */
  readonly held: Held | "none";
  readonly sets: readonly unknown[];
  readonly others: string;
}

testRows<Row>("networkUse()", [
  {
    name: "counts the reservations of a range set by the state of containers",
    held: {
      "10.7.0.2": "alive",
      "10.7.0.3": "gone",
      "10.7.0.4": "no trace",
      "10.7.0.5": "earlier boot",
    },
    sets: [{
      size: 5n,
      free: 1n,
      cooling: 0,
      counts: "4: 1 alive, 1 gone, 1 no trace, 1 unknown; 1 earlier, 2 stale",
    }],
    others: NONE,
  },
  {
    name: "counts the gateway and other subnets apart",
    held: { "10.7.0.1": "alive", "10.8.0.2": "gone" },
    sets: [{ size: 5n, free: 5n, cooling: 0, counts: NONE }],
    others: "2: 1 alive, 1 gone; 0 earlier, 1 stale",
  },
  {
    name: "counts each range set",
    network: configured({
      ranges: [[{ subnet: "10.7.0.0/29" }], [{ subnet: "10.8.0.0/30" }]],
    }),
    held: { "10.8.0.2": "alive" },
    sets: [
      { size: 5n, free: 5n, cooling: 0, counts: NONE },
      {
        size: 1n,
        free: 0n,
        cooling: 0,
        counts: "1: 1 alive; 0 earlier, 0 stale",
      },
    ],
    others: NONE,
  },
  {
    name: "does not count addresses as free that cool down",
    network: configured({ cooldownSeconds: 60 }),
    history: RELEASED,
    held: { "10.7.0.2": "alive" },
    sets: [{
      size: 5n,
      free: 3n,
      cooling: 1,
      counts: "1: 1 alive; 0 earlier, 0 stale",
    }],
    others: NONE,
  },
  {
    name: "counts an address as free that has cooled down",
    network: configured({ cooldownSeconds: 5 }),
    history: RELEASED,
    held: {},
    sets: [{ size: 5n, free: 5n, cooling: 0, counts: NONE }],
    others: NONE,
  },
  {
    name: "counts an address once that is reserved again",
    network: configured({ cooldownSeconds: 60 }),
    history: RELEASED,
    held: { "10.7.0.5": "alive" },
    sets: [{
      size: 5n,
      free: 4n,
      cooling: 0,
      counts: "1: 1 alive; 0 earlier, 0 stale",
    }],
    others: NONE,
  },
  {
    name: "has the range sets of a network without a directory",
    held: "none",
    sets: [{ size: 5n, free: 5n, cooling: 0, counts: NONE }],
    others: NONE,
  },
  {
    name: "has no range sets without a configuration",
    network: "none",
    held: { "10.7.0.2": "alive" },
    sets: [],
    others: "1: 1 alive; 0 earlier, 0 stale",
  },
], ({ network = configured(), history = "", held, sets, others }) => {
  const use = networkUse({
    name: "net",
    directory: DIRECTORY,
    facts: held === "none" ? undefined : reservations(held, history),
    configured: network === "none" ? undefined : network,
  }, {
    stateOf: ({ name }: RecordedReservation): LivenessState => {
      const state = held === "none" ? undefined : held[name];
      return state === undefined || state === "earlier boot"
        ? "unknown"
        : state;
    },
    now: NOW,
  });
  assertEquals(use.exists, held !== "none");
  assertEquals(
    use.sets.map(({ size, free, cooling, counts }) => ({
      size,
      free,
      cooling,
      counts: describe(counts),
    })),
    sets,
  );
  assertEquals(describe(use.others), others);
});

testRows("isLow() with a limit of 20 %", [
  { name: "is false for exactly so many", free: 2n, want: false },
  { name: "is true for less", free: 1n, want: true },
  { name: "is true for none", free: 0n, want: true },
], ({ free, want }) => {
  assertEquals(isLow({ size: 10n, free }, 20), want);
});
