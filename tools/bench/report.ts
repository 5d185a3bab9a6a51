/** What the reports of both benchmarks have in common: tables in Markdown. @module */

import type { ScriptFigures } from "./script.ts";
import type { Target } from "./targets.ts";

/** Formats milliseconds, with a decimal below 100. */
export function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** Formats a ratio with two significant digits at least. */
export function ratio(value: number): string {
  return value < 0.1 ? value.toPrecision(2) : value.toFixed(2);
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
      row(text, ratio(value), isReached ? "reached" : "missed")
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
