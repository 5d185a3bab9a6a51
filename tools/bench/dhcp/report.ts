/** The report of a dhcp bench as Markdown. @module */

import { ENGINES, type PerEngine } from "../engines.ts";
import { quantile } from "../process_time.ts";
import type { ProcessUse } from "../process_use.ts";
import { ms, ratio, row, scriptSection, targetTable } from "../report.ts";
import { relative } from "../targets.ts";
import {
  type AddTimes,
  AT_ONCE,
  type DhcpFigures,
  dhcpTargets,
  LOSS_PERCENT,
} from "./figures.ts";

/** Returns the whole document; `machine` has lines that describe the machine, `date` is the day. */
export function formatDhcpReport(figures: DhcpFigures, { machine, date }: {
  readonly machine: readonly string[];
  readonly date: string;
}): string {
  const { startMs, scripts, up, down, together, togetherMs, lossy, held } =
    figures;
  return [
    "# Measurements of dhcp",
    "",
    `Measured with \`deno task bench:dhcp\` on ${date}: both daemons in one run against one dnsmasq, each container in a network`,
    "namespace of its own with a macvlan interface. Times are wall times of whole plugin processes in milliseconds. The",
    "machine shares its CPUs and its disk with others, so compare figures only within this page.",
    "",
    "- `resident`: the launcher; `dhcp daemon` runs the calls.",
    "- `standalone`: `dhcp` itself, which starts for each call and asks `dhcp daemon`.",
    "- `upstream`: Debian's `dhcp` and its daemon.",
    "",
    "`resident` and `upstream` ran alternately. `standalone` had rounds of its own where one call is made at a time: its",
    "start empties the caches of the CPU, which costs the call after it 1 to 2 ms.",
    "",
    "This project's daemon runs with `-packetrate 0`. By default it sends ten packets a second, so that simultaneous ADDs",
    "beyond five take a second for each five of them.",
    "",
    "![Median and 99th percentile of ADD by engine](bench_dhcp.svg)",
    "",
    ...machine,
    "",
    ...targetTable(dhcpTargets(figures)),
    "",
    "## ADD",
    "",
    row("", "engine", "calls", "failed", "p50", "p99", "worst"),
    row("---", "---", "---:", "---:", "---:", "---:", "---:"),
    ...addRows("link up", up),
    ...addRows("link down when called", down),
    ...addRows(`${AT_ONCE} at once, link up`, together),
    ...addRows(`${LOSS_PERCENT} % of frames lost in each direction`, lossy),
    "",
    row("", ...ENGINES, "resident / upstream"),
    row("---", ...ENGINES.map(() => "---:"), "---:"),
    comparisonRow(
      `${AT_ONCE} at once, from the first start to the last end`,
      togetherMs,
    ),
    comparisonRow("VERSION", startMs),
    "",
    `An empty script, compiled as the standalone executable is, takes ${
      ms(startMs.empty)
    } ms. A call of upstream's plugin that`,
    "takes longer than a minute is stopped and counts as failed.",
    "",
    "## Daemon",
    "",
    "Memory is the daemon's proportional set size (PSS); private is the part that is not backed by files. CPU is user and",
    "kernel time of the daemon's process.",
    "",
    row(
      "leases",
      "side",
      "memory, MB",
      "private, MB",
      "threads",
      "descriptors",
      "CPU per renewal, ms",
      "restart after a kill, ms",
    ),
    row("---:", "---", "---:", "---:", "---:", "---:", "---:", "---:"),
    ...held.flatMap(({ leases, use, renewalMs, restartMs }) => [
      useRow(leases, "here", use.ours, renewalMs.ours, ms(restartMs)),
      useRow(
        leases,
        "upstream",
        use.upstream,
        renewalMs.upstream,
        "leases are lost",
      ),
    ]),
    "",
    ...scriptSection(scripts),
  ].join("\n");
}

function comparisonRow(what: string, values: PerEngine<number>): string {
  const cells = ENGINES.map((engine) => ms(values[engine]));
  return row(what, ...cells, ratio(relative(values)));
}

function addRows(what: string, times: PerEngine<AddTimes>): string[] {
  return ENGINES.map((engine) => addRow(what, engine, times[engine]));
}

function addRow(
  what: string,
  side: string,
  { timesMs, failed }: AddTimes,
): string {
  const [p50, p99, worst] = [0.5, 0.99, 1].map((share) =>
    ms(quantile(timesMs, share))
  );
  const calls = timesMs.length + failed;
  return row(what, side, calls, failed, `${p50}`, `${p99}`, `${worst}`);
}

function useRow(
  leases: number,
  side: string,
  { memoryMb, ownMb, threads, descriptors }: ProcessUse,
  renewalMs: number,
  restart: string,
): string {
  return row(
    leases.toLocaleString("en-US"),
    side,
    memoryMb.toFixed(0),
    ownMb.toFixed(0),
    threads,
    descriptors,
    renewalMs.toFixed(2),
    restart,
  );
}
