/** The standard output of this process. Only this module writes it. @module */

/** Writes `text` to the stream. Throws Deno's own errors. */
export function writeAll(
  stream: typeof Deno.stdout | typeof Deno.stderr,
  text: string,
): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
}

/** Writes `text` to stdout. Throws Deno's own errors. */
export function writeStdout(text: string): void {
  writeAll(Deno.stdout, text);
}
