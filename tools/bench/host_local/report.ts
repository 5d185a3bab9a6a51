/** The report of a run of the host-local benchmark as Markdown. @module */

import { ENGINES, type PerEngine } from "../engines.ts";
import { ms, ratio, row, scriptSection, targetTable } from "../report.ts";
import { relative } from "../targets.ts";
import {
  CLIENTS,
  type Figures,
  LIMIT_TIMEOUT_MS,
  MANY_RESERVATIONS,
  targetsOf,
} from "./figures.ts";

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Returns the cells of each engine. */
function cells(
  values: PerEngine<number>,
  format: (value: number) => string = ms,
): string[] {
  return ENGINES.map((engine) => format(values[engine]));
}

/** As {@link cells}, and the ratio of the resident engine to upstream. */
function comparison(
  values: PerEngine<number>,
  format: (value: number) => string = ms,
): string[] {
  return [...cells(values, format), ratio(relative(values))];
}

/** Returns the head of a table with the cells of {@link comparison}. */
function head(...first: readonly string[]): string[] {
  return [
    row(...first, ...ENGINES, "resident / upstream"),
    row(...first.map(() => "---"), ...ENGINES.map(() => "---:"), "---:"),
  ];
}

function limited(values: PerEngine<number> | string): string[] {
  if (typeof values === "string") {
    return [`not measured: ${values}`, "", "", ""];
  }
  return comparison(
    values,
    (value) => value === Infinity ? `> ${count(LIMIT_TIMEOUT_MS)}` : ms(value),
  );
}

/** Returns the whole document; `machine` has lines that describe the machine, `date` is the day. */
export function formatReport(figures: Figures, { machine, date }: {
  readonly machine: readonly string[];
  readonly date: string;
}): string {
  const { startMs, sizes, noEffect, bursts, limits, memory, scripts } = figures;
  return [
    "# Measurements",
    "",
    `Measured with \`deno task bench:host-local\` on ${date}. Each time is the median wall time of whole processes, from start to`,
    "exit, in milliseconds. The machine shares its CPUs and its disk with others, so compare figures only within this page.",
    "",
    "- `resident`: the launcher; `host-local daemon` runs the calls, with the priority of its service (`Nice=-10`).",
    "- `standalone`: `host-local` itself, which starts for each call.",
    "- `upstream`: Debian's `host-local`.",
    "",
    "`resident` and `upstream` ran alternately. `standalone` ran apart from them: its start empties the caches of the CPU,",
    "which costs the call after it 1 to 2 ms.",
    "",
    "![ADD time and call rate by number of reservations](bench.svg)",
    "",
    ...machine,
    "",
    ...targetTable(targetsOf(figures)),
    "",
    "## One call at a time",
    "",
    "ADD and then DEL of one container in a network with the given number of other reservations.",
    "",
    ...head("call", "reservations"),
    ...sizes.map(({ reservations, addMs }) =>
      row("ADD", count(reservations), ...comparison(addMs))
    ),
    ...sizes.map(({ reservations, delMs }) =>
      row("DEL", count(reservations), ...comparison(delMs))
    ),
    "",
    "The first ADD finds no index: it reads all files and writes the index. The standalone executable takes",
    "",
    row("reservations", "first ADD"),
    row("---:", "---:"),
    ...sizes.map(({ reservations, coldAddMs }) =>
      row(count(reservations), ms(coldAddMs))
    ),
    "",
    `## ${CLIENTS} clients`,
    "",
    "Calls per second, half of them ADD and half DEL, all in one network.",
    "",
    ...head("reservations"),
    ...sizes.map(({ reservations, rate }) =>
      row(
        count(reservations),
        ...comparison(rate, (value) => value.toFixed(value < 100 ? 1 : 0)),
      )
    ),
    "",
    "## ADDs at once",
    "",
    "From the start of the first to the end of the last, in a network without other reservations. Peak memory is that of a",
    "control group with all processes, the resident process included, with the parts of their files that they use.",
    "",
    ...head("", "ADDs"),
    ...bursts.map(({ calls, tookMs }) =>
      row("ms", count(calls), ...comparison(tookMs))
    ),
    ...bursts.map(({ calls, failed }) =>
      row("failed", count(calls), ...cells(failed, count), "")
    ),
    ...bursts.map(({ calls, peakMb }) =>
      row(
        "peak memory, MB",
        count(calls),
        ...(typeof peakMb === "string"
          ? limited(peakMb)
          : comparison(peakMb, (value) => value.toFixed(0))),
      )
    ),
    "",
    `The resident process has ${memory.beforeMb.toFixed(0)} MB (PSS) after ${
      count(memory.firstCalls)
    } calls and ${memory.afterMb.toFixed(0)} MB after ${count(memory.calls)}.`,
    "",
    "## With little memory or CPU time",
    "",
    "An ADD in a control group with a limit. The resident process is not in the group: on a node it runs as a service.",
    "",
    ...head("limit"),
    ...limits.map(({ limit, addMs }) => row(limit, ...limited(addMs))),
    "",
    "## Other measurements",
    "",
    ...head("call"),
    row("VERSION", ...comparison(startMs)),
    row(
      "ADD of Debian's bridge plugin with each host-local",
      ...comparison(figures.bridgeAddMs),
    ),
    row("DEL of it", ...comparison(figures.bridgeDelMs)),
    "",
    `An empty script, compiled as the standalone executable is, takes ${
      ms(startMs.empty)
    } ms, and /bin/true ${ms(startMs.true)} ms.`,
    "",
    "## Calls without effect",
    "",
    "Calls that find nothing or are refused, without other reservations and with",
    `${count(MANY_RESERVATIONS)} of them.`,
    "",
    ...head("call", "reservations"),
    ...noEffect.flatMap(({ call, none, many }) => [
      row(call, 0, ...comparison(none)),
      row(call, count(MANY_RESERVATIONS), ...comparison(many)),
    ]),
    "",
    ...scriptSection(scripts),
  ].join("\n");
}
