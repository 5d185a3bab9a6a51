/** What the emulated machine writes to its console. @module */

/** The calls that tools/page_size/init.sh makes, all of which must succeed. */
const CALLS = [
  "host-local VERSION",
  "host-local ADD",
  "host-local DEL",
  "launcher ADD",
  "launcher DEL",
  "dhcp VERSION",
  "dhcp STATUS",
];

/** Returns why the machine did not run everything with pages of this size; undefined if it did. */
export function problemIn(
  console: string,
  pageBytes: number,
): string | undefined {
  const lines = console.split(/[\r\n]+/);
  const size = `page-size: ${pageBytes / 1024}`;
  if (!lines.includes(size)) return `no line "${size}"`;
  const failed = CALLS.filter((call) =>
    !lines.some((line) => line.startsWith(`call: ${call}: 0: `))
  );
  if (failed.length > 0) return `failed: ${failed.join(", ")}`;
  return lines.includes("done") ? undefined : "the machine did not finish";
}
