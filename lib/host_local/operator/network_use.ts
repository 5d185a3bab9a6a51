/** How full the range sets of a network are. Pure. @module */

import { formatIpAddress } from "../../net/ip_address.ts";
import type { HistorySettings, Moment } from "../address_history.ts";
import { AddressPreferences } from "../address_preferences.ts";
import { countUsableAddresses, isUsable, type RangeSet } from "../range_set.ts";
import type { ConfiguredNetwork } from "./configured_networks.ts";
import type { LivenessState } from "./liveness.ts";
import type {
  NetworkReservations,
  RecordedReservation,
} from "./network_facts.ts";

/** How many of some reservations there are, and in what state their containers are. */
export interface Counts {
  readonly total: number;
  readonly byState: Readonly<Record<LivenessState, number>>;
  readonly fromEarlierBoot: number;
  /** Those whose container is gone or left no trace. */
  readonly suspectedStale: number;
}

/** A range set and its reservations. */
export interface SetUse {
  readonly set: RangeSet;
  readonly size: bigint;
  /** Those that an ADD can allocate now. */
  readonly free: bigint;
  readonly cooling: number;
  readonly counts: Counts;
}

/** A network and its range sets. */
export interface NetworkUse {
  readonly name: string;
  readonly directory: string;
  readonly exists: boolean;
  /** Where the network is configured; undefined if no file has it. */
  readonly configured: ConfiguredNetwork | undefined;
  readonly sets: readonly SetUse[];
  /** Reservations in no range set, or all of them if the range sets are unknown. */
  readonly others: Counts;
}

/** What is known of a network. */
export interface KnownNetwork {
  readonly name: string;
  readonly directory: string;
  /** Undefined if the directory does not exist. */
  readonly facts: NetworkReservations | undefined;
  /** Undefined if no file has it. */
  readonly configured: ConfiguredNetwork | undefined;
}

/** Counts the addresses of a network. */
export function networkUse(
  { name, directory, facts, configured }: KnownNetwork,
  { stateOf, now }: {
    /** Returns the state of the container of a reservation. */
    readonly stateOf: (reservation: RecordedReservation) => LivenessState;
    readonly now: Moment;
  },
): NetworkUse {
  const rangeSets = configured?.config.rangeSets ?? [];
  const inSets = rangeSets.map((set) => ({ set, counts: new Counter() }));
  const others = new Counter();
  for (const reservation of facts?.reservations ?? []) {
    const { address, fromEarlierBoot } = reservation;
    const state = stateOf(reservation);
    let isInside = false;
    for (const { set, counts } of inSets) {
      if (!isUsable(set, address)) continue;
      counts.add(state, fromEarlierBoot);
      isInside = true;
    }
    if (!isInside) others.add(state, fromEarlierBoot);
  }
  const settings = configured?.config.history;
  const sets = inSets.map(({ set, counts }) => {
    const size = countUsableAddresses(set);
    const cooling = countCooling(set, { facts, settings, now });
    const free = size - BigInt(counts.total + cooling);
    return { set, size, free, cooling, counts };
  });
  const exists = facts !== undefined;
  return { name, directory, exists, configured, sets, others };
}

/** Returns whether less than a share of the addresses is free; in percent. */
export function isLow(
  { size, free }: Pick<SetUse, "size" | "free">,
  lowPercent: number,
): boolean {
  return free * 100n < size * BigInt(lowPercent);
}

/** Returns how many addresses of a set are free and cool down. */
function countCooling(
  set: RangeSet,
  { facts, settings, now }: {
    readonly facts: NetworkReservations | undefined;
    readonly settings: HistorySettings | undefined;
    readonly now: Moment;
  },
): number {
  if (settings === undefined || facts === undefined) return 0;
  const { history, reservations } = facts;
  const names = new Set(reservations.map(({ name }) => name));
  const preferences = new AddressPreferences({ history, settings, now });
  return preferences.coolingIn(set, {
    firstFree: (address) =>
      names.has(formatIpAddress(address)) ? undefined : address,
  }).length;
}

/** Counts reservations. */
class Counter implements Counts {
  total = 0;
  readonly byState = { "alive": 0, "gone": 0, "no trace": 0, "unknown": 0 };
  fromEarlierBoot = 0;

  get suspectedStale(): number {
    return this.byState.gone + this.byState["no trace"];
  }

  add(state: LivenessState, isEarlier: boolean): void {
    this.total++;
    this.byState[state]++;
    if (isEarlier) this.fromEarlierBoot++;
  }
}
