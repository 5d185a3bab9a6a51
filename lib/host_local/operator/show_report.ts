/** What `host-local show` prints. Pure. @module */

import { counted } from "../../base/counted.ts";
import { formatBar } from "../../cli/bar.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { sameAddress } from "../../net/ip_address.ts";
import {
  countExcluded,
  findRange,
  formatRangeSet,
  type RangeSet,
} from "../range_set.ts";
import {
  type Counts,
  isLow,
  type NetworkUse,
  type SetUse,
} from "./network_use.ts";

/** How a report is printed. */
interface RenderOptions {
  readonly screen: Screen;
  /** As in {@link isLow}. */
  readonly lowPercent: number;
}

/** Returns the lines on one network. */
export function networkLines(
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
  { index, screen, lowPercent }: RenderOptions & {
    readonly index: number;
  },
): readonly string[] {
  const { set, size, free, cooling, counts } = use;
  const share = Number(counts.total) / Number(size);
  const bar = formatBar(share, Math.min(MAX_BAR_WIDTH, screen.columns / 2));
  const low = isLow(use, lowPercent);
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

/** Returns a network as `--json` prints it. */
export function networkJson(
  { name, directory, exists, configured, sets, others }: NetworkUse,
  lowPercent: number,
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
      isLow: isLow(use, lowPercent),
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
