/** The process around a plugin: environment, standard streams, identity. The only place that writes stdout. @module */

import type { PluginIo } from "../cni/plugin.ts";

function writeAll(
  stream: typeof Deno.stdout | typeof Deno.stderr,
  text: string,
): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
}

function readAll(): string {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  for (;;) {
    const length = Deno.stdin.readSync(buffer);
    if (length === null) return text + decoder.decode();
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
}

/** Writes one line to stderr. */
export function writeStderr(line: string): void {
  writeAll(Deno.stderr, `${line}\n`);
}

/** The streams and variables of this process. */
export const PROCESS_IO: PluginIo = {
  env: (name) => Deno.env.get(name),
  readStdin: readAll,
  writeStdout: (text) => writeAll(Deno.stdout, text),
  writeStderr,
  pid: Deno.pid,
};
