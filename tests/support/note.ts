/** Lines that a test run leaves for its reader: seeds, counts, what was covered. @module */

/** Writes one line to stderr, where the runner does not capture it. */
export function note(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
