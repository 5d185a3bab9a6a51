/** The report of a dhcp bench as Markdown. Pure. @module */

import { quantile } from "../process_time.ts";
import { ms, row, targetTable } from "../report.ts";
import {
  type AddTimes,
  AT_ONCE,
  type Both,
  type DhcpFigures,
  dhcpTargets,
  LOSS_PERCENT,
} from "./figures.ts";
import type { DaemonUse } from "./side.ts";

/** The whole document; `machine` are lines that say what it was measured on, `date` is the day. */
export function formatDhcpReport(figures: DhcpFigures, { machine, date }: {
  readonly machine: readonly string[];
  readonly date: string;
}): string {
  const { startMs, up, down, together, lossy, held } = figures;
  return [
    "# Measurements of dhcp",
    "",
    `Made by \`deno task bench:dhcp\` on ${date}, both sides in one run against one dnsmasq, each container in a network`,
    "namespace of its own with a macvlan. Times are wall times of whole plugin processes in milliseconds. The machine",
    "shares its CPUs with others, so compare figures within this page only.",
    "",
    ...machine,
    "",
    ...targetTable(dhcpTargets(figures)),
    "",
    "## ADD",
    "",
    row("", "side", "calls", "failed", "p50", "p99", "worst"),
    row("---", "---", "---:", "---:", "---:", "---:", "---:"),
    ...addRows("link up", up),
    ...addRows("link down when called", down),
    ...addRows(`${AT_ONCE} at once, link up`, together),
    ...addRows(`${LOSS_PERCENT} % of frames lost in each direction`, lossy),
    "",
    `VERSION, which is the start of the process: ${ms(startMs.ours)} here, ${
      ms(startMs.upstream)
    } upstream, ${ms(startMs.empty)} an empty script`,
    "compiled the same way. A call of upstream's that takes longer than a minute is ended and counts as failed.",
    "",
    "## Daemon",
    "",
    "Memory is the daemon's share of what lies in memory (PSS); its own are the pages that are in no file, which the kernel",
    "cannot do without. CPU is of the daemon's process, user and kernel.",
    "",
    row(
      "leases",
      "side",
      "memory, MB",
      "its own, MB",
      "threads",
      "descriptors",
      "CPU per renewal, ms",
      "killed and serving again, ms",
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
  ].join("\n");
}

function addRows(what: string, { ours, upstream }: Both<AddTimes>): string[] {
  return [addRow(what, "here", ours), addRow(what, "upstream", upstream)];
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
  { memoryMb, ownMb, threads, descriptors }: DaemonUse,
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
