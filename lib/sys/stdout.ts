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

/** The width of texts that no terminal shows, and of terminals that do not say it. */
export const DEFAULT_COLUMNS = 80;

/**
 * Returns how wide the terminal is, and whether to use colors: not if stdout is no terminal, or
 * NO_COLOR is set. Without a terminal the width is that of COLUMNS, or 80.
 *
 * @param columnsVariable The value of COLUMNS.
 */
export function terminal(columnsVariable: string | undefined): {
  readonly columns: number;
  readonly hasColors: boolean;
} {
  if (Deno.stdout.isTerminal()) {
    const { columns } = Deno.consoleSize();
    return {
      columns: columns > 0 ? columns : DEFAULT_COLUMNS,
      hasColors: !Deno.noColor,
    };
  }
  const columns = Number(columnsVariable);
  return {
    columns: Number.isInteger(columns) && columns > 0
      ? columns
      : DEFAULT_COLUMNS,
    hasColors: false,
  };
}
