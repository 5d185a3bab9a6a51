/** `host-local show`: how full the range sets of each network are. Pure. @module */

import { counted } from "../../base/counted.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import { formatBar } from "../../cli/bar.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import type { HistorySettings, Moment } from "../address_history.ts";
import { AddressPreferences } from "../address_preferences.ts";
import {
  countExcluded,
  countUsableAddresses,
  findRange,
  formatRangeSet,
  isUsable,
  type RangeSet,
} from "../range_set.ts";
import {
  type ConfiguredNetwork,
  configuredNetworks,
} from "./configured_networks.ts";
import { ContainerStates } from "./container_states.ts";
import type { LivenessState } from "./liveness.ts";
import type { NetworkReservations } from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { OperatorPorts } from "./ports.ts";
import {
  notesOn,
  readAllReservations,
  storeConfigOf,
} from "./read_networks.ts";

/** How many of some reservations there are, and in what state their containers are. */
interface Counts {
  readonly total: number;
  readonly byState: Readonly<Record<LivenessState, number>>;
  readonly fromEarlierBoot: number;
  /** Those whose container is gone or left no trace. */
  readonly suspectedStale: number;
}

/** A range set and its reservations. */
interface SetUse {
  readonly set: RangeSet;
  readonly size: bigint;
  /** Those that an ADD can allocate now. */
  readonly free: bigint;
  readonly cooling: number;
  readonly counts: Counts;
}

/** A network and its range sets. */
interface NetworkUse {
  readonly name: string;
  readonly directory: string;
  readonly exists: boolean;
  /** Where the network is configured; undefined if no file has it. */
  readonly configured: ConfiguredNetwork | undefined;
  readonly sets: readonly SetUse[];
  /** Reservations in no range set, or all of them if the range sets are unknown. */
  readonly others: Counts;
}

/** What `show` is called with. */
export interface ShowOptions {
  readonly dataDir: string;
  /** The wanted networks; all if it is empty. */
  readonly names: readonly string[];
  readonly files: readonly ConfigFile[];
  /** Below this share of free addresses a range set is low; in percent. */
  readonly lowPercent: number;
}

/**
 * Shows how full range sets are.
 *
 * @throws {SystemError} if a network cannot be read.
 */
export async function show(
  { dataDir, names, files, lowPercent }: ShowOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  const configured = configuredNetworks(files).filter(({ name }) =>
    names.length === 0 || names.includes(name)
  );
  const existing = ports.networkNames(dataDir);
  const wanted = names.filter((name) =>
    existing.includes(name) || !configured.some((each) => each.name === name)
  );
  const { networks, notes, isComplete } = names.length > 0 &&
      wanted.length === 0
    ? { networks: [], notes: [], isComplete: true }
    : await readAllReservations(dataDir, wanted, ports);
  const states = new ContainerStates(ports);
  const now = ports.moment();
  const uses: NetworkUse[] = [];
  const elsewhere: string[] = [];
  for (const each of configured) {
    const { directory } = each.config;
    const known = networks.find((network) => network.directory === directory);
    const facts = known ??
      await ports.readReservations(storeConfigOf(directory));
    if (known === undefined && facts !== undefined) {
      elsewhere.push(...notesOn(facts));
    }
    uses.push(
      useOf(each.name, { directory, facts, configured: each, states, now }),
    );
  }
  for (const facts of networks) {
    const { name, directory } = facts;
    if (configured.some(({ config }) => config.directory === directory)) {
      continue;
    }
    uses.push(
      useOf(name, { directory, facts, configured: undefined, states, now }),
    );
  }
  uses.sort((a, b) => a.name < b.name ? -1 : 1);
  const isLow = ({ size, free }: SetUse): boolean =>
    free * 100n < size * BigInt(lowPercent);
  const hasLow = uses.some(({ sets }) => sets.some(isLow));
  return {
    status: !isComplete
      ? EXIT_STATUS.failure
      : hasLow
      ? EXIT_STATUS.problems
      : EXIT_STATUS.ok,
    json: () => ({ networks: uses.map((use) => networkJson(use, isLow)) }),
    lines: (screen) =>
      uses.length === 0
        ? [`no networks in ${dataDir}, and none is configured`]
        : uses.flatMap((use, index) => [
          ...(index === 0 ? [] : [""]),
          ...networkLines(use, { screen, isLow, lowPercent }),
        ]),
    notes: [...notes, ...elsewhere],
  };
}

function useOf(
  name: string,
  { directory, facts, configured, states, now }: {
    readonly directory: string;
    readonly facts: NetworkReservations | undefined;
    readonly configured: ConfiguredNetwork | undefined;
    readonly states: ContainerStates;
    readonly now: Moment;
  },
): NetworkUse {
  const rangeSets = configured?.config.rangeSets ?? [];
  const inSets = rangeSets.map((set) => ({ set, counts: new Counter() }));
  const others = new Counter();
  for (const reservation of facts?.reservations ?? []) {
    const { address, fromEarlierBoot } = reservation;
    const { liveness: { state } } = states.of(name, reservation);
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

interface RenderOptions {
  readonly screen: Screen;
  readonly isLow: (use: SetUse) => boolean;
  readonly lowPercent: number;
}

function networkLines(
  { name, directory, exists, configured, sets, others }: NetworkUse,
  options: RenderOptions,
): readonly string[] {
  const { screen } = options;
  const about = [
    `directory ${directory}${exists ? "" : " (no ADD yet)"}`,
    configured === undefined
      ? "no configuration found, so its range sets are unknown; see --config"
      : `configured in ${configured.file}`,
  ];
  const rest = others.total === 0 ? [] : [
    configured === undefined
      ? `  ${counted(others.total, "reservation")}`
      : `  ${
        counted(others.total, "reservation")
      } outside the range sets, of an earlier configuration`,
    ...stateLines(others, { indent: 2, screen }),
  ];
  return [
    toned(name, "heading", screen),
    ...about.map((line) => `  ${line}`),
    ...sets.flatMap((use, index) => setLines(use, { index, ...options })),
    ...rest,
  ];
}

const MAX_BAR_WIDTH = 42;

function setLines(
  use: SetUse,
  { index, screen, isLow, lowPercent }: RenderOptions & {
    readonly index: number;
  },
): readonly string[] {
  const { set, size, free, cooling, counts } = use;
  const share = Number(counts.total) / Number(size);
  const bar = formatBar(share, Math.min(MAX_BAR_WIDTH, screen.columns / 2));
  const low = isLow(use);
  const excluded = countExcluded(set);
  const warning = free === 0n
    ? [
      cooling === 0
        ? "full: the next ADD fails"
        : "full: the next ADD fails unless an address has cooled down",
    ]
    : low
    ? [`low: less than ${lowPercent}% is free`]
    : [];
  return [
    ...wrapText(`range set ${index}: ${formatRangeSet(set)}`, {
      width: screen.columns - 2,
      indent: "  ",
    }).map((line) => `  ${line}`),
    `    ${toned(bar, low ? "bad" : "good", screen)} ${percent(share)} used`,
    `    ${counts.total} used, ${formatCount(free)} free of ${
      formatCount(size)
    }${cooling === 0 ? "" : `, ${cooling} cooling down`}${
      excluded === 0n ? "" : `; ${formatCount(excluded)} excluded`
    }`,
    ...warning.map((text) => `    ${toned(text, "bad", screen)}`),
    ...stateLines(counts, { indent: 4, screen }),
  ];
}

function percent(share: number): string {
  const whole = Math.round(share * 100);
  return share > 0 && whole === 0 ? "<1%" : `${whole}%`;
}

/** Formats a number: exact up to ten digits, then rounded. */
function formatCount(count: bigint): string {
  return count < 10_000_000_000n
    ? String(count)
    : Number(count).toExponential(1).replace("e+", "e");
}

function stateLines(
  { total, byState, fromEarlierBoot, suspectedStale }: Counts,
  { indent, screen }: { readonly indent: number; readonly screen: Screen },
): readonly string[] {
  if (total === 0) return [];
  const parts = [
    [byState.alive, "alive"],
    [byState.gone, "gone"],
    [byState["no trace"], "without a trace"],
    [byState.unknown, "unknown"],
  ] as const;
  const states = parts.filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`).join(", ");
  const boot = fromEarlierBoot === 0
    ? ""
    : `; ${fromEarlierBoot} from before the last boot`;
  const wrapped = (text: string): readonly string[] =>
    wrapText(text, { width: screen.columns - indent, indent: "  " });
  const stale = suspectedStale === 0 ? [] : wrapped(
    `${suspectedStale} suspected stale: host-local reclaim says which it can release`,
  ).map((line) => toned(line, "warning", screen));
  return [...wrapped(`containers: ${states}${boot}`), ...stale]
    .map((line) => " ".repeat(indent) + line);
}

function networkJson(
  { name, directory, exists, configured, sets, others }: NetworkUse,
  isLow: (use: SetUse) => boolean,
): unknown {
  return {
    network: name,
    directory,
    exists,
    configFile: configured?.file ?? null,
    rangeSets: sets.map((use) => ({
      ranges: formatRangeSet(use.set).split(","),
      gateways: gatewayCount(use.set),
      size: Number(use.size),
      free: Number(use.free),
      coolingDown: use.cooling,
      excluded: Number(countExcluded(use.set)),
      isLow: isLow(use),
      ...countsJson(use.counts),
    })),
    outsideRangeSets: countsJson(others),
  };
}

function gatewayCount(set: RangeSet): number {
  return set.filter(({ gateway }, index) =>
    gateway !== undefined && findRange(set, gateway) !== undefined &&
    set.findIndex((other) =>
        other.gateway !== undefined && sameAddress(other.gateway, gateway)
      ) === index
  ).length;
}

function countsJson(
  { total, byState, fromEarlierBoot, suspectedStale }: Counts,
): Record<string, number> {
  return {
    used: total,
    fromEarlierBoot,
    suspectedStale,
    alive: byState.alive,
    gone: byState.gone,
    noTrace: byState["no trace"],
    unknown: byState.unknown,
  };
}
