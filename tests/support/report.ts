/** Lines about a test run: seeds, counts, coverage. @module */

/** Writes one line to stderr; `deno test` shows it with the test that wrote it. */
export function report(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
