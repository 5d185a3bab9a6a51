/** What docs/troubleshooting.md must have: every error text, and no other. @module */

import { withoutNames } from "./error_texts.ts";

/**
 * Returns how the page differs from the sources, one line each.
 *
 * @param found The error texts, with the modules that have them.
 * @param page Markdown; each line of a block of the language `text` is an error text.
 */
export function errorPageProblems(
  found: ReadonlyMap<string, readonly string[]>,
  page: string,
): string[] {
  const lines = [...page.matchAll(/^```text\n(.*?)^```$/gms)]
    .flatMap(([, block = ""]) => block.trim().split("\n"));
  const known = lines.map(withoutNames);
  return [
    ...[...found]
      .filter(([text]) => !known.includes(text))
      .map(([text, paths]) => `the page lacks "${text}" (${paths.join(", ")})`),
    ...lines.filter((_, index) => !found.has(known[index] ?? ""))
      .map((line) => `no source has "${line}"`),
    ...lines.filter((_, index) => known.indexOf(known[index] ?? "") !== index)
      .map((line) => `the page has "${line}" twice`),
  ];
}

/** Returns the texts of the launcher, which is written in C: those that name a path. */
export function launcherTexts(source: string): string[] {
  const starts = [...source.matchAll(/(cannot [a-z ]+) "/g)];
  return [...new Set(starts.map(([, start]) => `${start} <>: <>`))];
}

/** Returns the reasons that the launcher adds, and that the page does not have as code. */
export function launcherReasonProblems(source: string, page: string): string[] {
  return [...source.matchAll(/case E[A-Z]+: return append\(to, "([^"]+)"\)/g)]
    .flatMap(([, reason]) =>
      page.includes(`\`${reason}\``) ? [] : [`${reason}`]
    );
}
