/** The report of a bench run as Markdown. Pure. @module */

import { CLIENTS, type Figures, type Target, targetsOf } from "./figures.ts";

/** Milliseconds as text, as precise as they are worth. */
export function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A row of a table. */
export function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** The section on targets. */
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

/** The whole document; `machine` are lines that say what it was measured on, `date` is the day. */
export function formatReport(figures: Figures, { machine, date }: {
  readonly machine: readonly string[];
  readonly date: string;
}): string {
  const { versionMs, sizes, bridgeAddMs, bridgeDelMs } = figures;
  return [
    "# Measurements",
    "",
    `Made by \`deno task bench:host-local\` on ${date}. Both sides ran by turns in the same minutes; every time is the median of wall`,
    "times of whole processes, from start to end, in milliseconds. The machine shares its CPUs with others, so compare",
    "figures within this page only.",
    "",
    "![ADD time and call rate by number of reservations](bench.svg)",
    "",
    ...machine,
    "",
    ...targetTable(targetsOf(figures)),
    "",
    "## One call at a time",
    "",
    "ADD and then DEL of one container on a network that holds so many other reservations. `first ADD` is the one that finds",
    "no index: it reads all files and writes the index.",
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
    `## ${CLIENTS} clients`,
    "",
    "Calls a second, half of them ADD and half DEL, all on one network.",
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
    "## Around it",
    "",
    row("what", "here", "upstream"),
    row("---", "---:", "---:"),
    row("VERSION", ms(versionMs.ours), ms(versionMs.upstream)),
    row("an empty script, compiled the same way", ms(versionMs.empty), ""),
    row(
      "bridge ADD, Debian's bridge plugin with either host-local",
      ms(bridgeAddMs.ours),
      ms(bridgeAddMs.upstream),
    ),
    row("bridge DEL", ms(bridgeDelMs.ours), ms(bridgeDelMs.upstream)),
    "",
  ].join("\n");
}
