/** The report of a bench run as Markdown. @module */

import {
  CLIENTS,
  type Figures,
  MANY_RESERVATIONS,
  type Target,
  targetsOf,
} from "./figures.ts";
import type { ScriptFigures } from "./script.ts";

/** Formats milliseconds, with a decimal below 100. */
export function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Returns a row of a table. */
export function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Returns the section on targets. */
export function targetTable(targets: readonly Target[]): string[] {
  return [
    "## Targets",
    "",
    row("target", "measured", ""),
    row("---", "---:", "---"),
    ...targets.map(({ text, value, isReached }) =>
      row(text, value.toFixed(2), isReached ? "reached" : "missed")
    ),
  ];
}

/** Returns the section on the JavaScript files under `deno run`. */
export function scriptSection({ emptyMs, callMs }: ScriptFigures): string[] {
  return [
    "## Under `deno run`",
    "",
    `The JavaScript files of the executable (\`deno task bundle\`) under \`deno run\` ${Deno.version.deno}, with its permissions`,
    "and V8 flags, and without V8's code cache, which executables do not have either: what the project's own code takes on",
    "this version of Deno.",
    "",
    row("call", "ms", "relative to an empty script"),
    row("---", "---:", "---:"),
    row("empty script", ms(emptyMs), ""),
    ...Object.entries(callMs).map(([call, callMs]) =>
      row(call, ms(callMs), (callMs / emptyMs).toFixed(2))
    ),
    "",
  ];
}

/** Returns the whole document; `machine` has lines that describe the machine, `date` is the day. */
export function formatReport(figures: Figures, { machine, date }: {
  readonly machine: readonly string[];
  readonly date: string;
}): string {
  const { versionMs, scripts, sizes, noEffect, bridgeAddMs, bridgeDelMs } =
    figures;
  return [
    "# Measurements",
    "",
    `Measured with \`deno task bench:host-local\` on ${date}. The two plugins ran alternately. Each time is the median wall time of`,
    "whole processes, from start to exit, in milliseconds. The machine shares its CPUs with others, so compare figures only",
    "within this page.",
    "",
    "![ADD time and call rate by number of reservations](bench.svg)",
    "",
    ...machine,
    "",
    ...targetTable(targetsOf(figures)),
    "",
    "## One call at a time",
    "",
    "ADD and then DEL of one container in a network with the given number of other reservations. `first ADD` finds no index:",
    "it reads all files and writes the index.",
    "",
    row(
      "reservations",
      "ADD here",
      "ADD upstream",
      "DEL here",
      "DEL upstream",
      "first ADD here",
    ),
    row("---:", "---:", "---:", "---:", "---:", "---:"),
    ...sizes.map(({ reservations, addMs, delMs, coldAddMs }) =>
      row(
        count(reservations),
        ms(addMs.ours),
        ms(addMs.upstream),
        ms(delMs.ours),
        ms(delMs.upstream),
        ms(coldAddMs),
      )
    ),
    "",
    "## Calls without effect",
    "",
    "Calls that find nothing or are refused, without other reservations and with",
    `${count(MANY_RESERVATIONS)} of them.`,
    "",
    row(
      "call",
      "here, none",
      `here, ${count(MANY_RESERVATIONS)}`,
      "upstream, none",
      `upstream, ${count(MANY_RESERVATIONS)}`,
    ),
    row("---", "---:", "---:", "---:", "---:"),
    ...noEffect.map(({ call, none, many }) =>
      row(
        call,
        ms(none.ours),
        ms(many.ours),
        ms(none.upstream),
        ms(many.upstream),
      )
    ),
    "",
    `## ${CLIENTS} clients`,
    "",
    "Calls per second, half of them ADD and half DEL, all in one network.",
    "",
    row("reservations", "here", "upstream", "times"),
    row("---:", "---:", "---:", "---:"),
    ...sizes.map(({ reservations, rate }) =>
      row(
        count(reservations),
        rate.ours.toFixed(1),
        rate.upstream.toFixed(1),
        (rate.ours / rate.upstream).toFixed(2),
      )
    ),
    "",
    "## Other measurements",
    "",
    row("call", "here", "upstream"),
    row("---", "---:", "---:"),
    row("VERSION", ms(versionMs.ours), ms(versionMs.upstream)),
    row("empty script, compiled the same way", ms(versionMs.empty), ""),
    row(
      "bridge ADD, Debian's bridge plugin with each host-local",
      ms(bridgeAddMs.ours),
      ms(bridgeAddMs.upstream),
    ),
    row("bridge DEL", ms(bridgeDelMs.ours), ms(bridgeDelMs.upstream)),
    "",
    ...scriptSection(scripts),
  ].join("\n");
}
