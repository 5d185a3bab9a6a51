/**
 * The process around a plugin: environment, standard streams, process id.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import { invalidVariable } from "../cni/environment.ts";
import { CniError, CniErrorCode } from "../cni/error.ts";
import { MAX_STDIN_BYTES } from "../cni/network_config.ts";
import type { PluginIo } from "../cni/plugin.ts";
import { attempt, reasonOf } from "./files.ts";
import { DEFAULT_COLUMNS, writeAll, writeStdout } from "./stdout.ts";

function readAll(): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  let total = 0;
  for (;;) {
    const length = Deno.stdin.readSync(buffer);
    if (length === null) return text + decoder.decode();
    total += length;
    if (total > MAX_STDIN_BYTES) {
      throw new CniError(
        CniErrorCode.decodingFailure,
        `error unmarshall network config: more than ${MAX_STDIN_BYTES} bytes on stdin`,
      );
    }
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
}

function readStdin(): string {
  try {
    return readAll();
  } catch (error) {
    if (error instanceof CniError) throw error;
    const message = `error reading from stdin: ${reasonOf(error)}`;
    throw new SystemError(message, { cause: error });
  }
}

function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    throw invalidVariable(name, error);
  }
}

/** Writes one line to stderr. If that fails (disk full, reader gone), the line is lost. */
export function writeStderr(line: string): void {
  try {
    writeAll(Deno.stderr, `${line}\n`);
  } catch {
    // A log line must not fail a command, and there is nowhere else to report the failure.
  }
}

/** Returns the width of the terminal that stderr is; undefined if it is none. */
export function stderrColumns(): number | undefined {
  if (!Deno.stderr.isTerminal()) return undefined;
  const { columns } = Deno.consoleSize();
  return columns > 0 ? columns : DEFAULT_COLUMNS;
}

/** Writes text to a terminal. If that fails, the text is lost. */
export function writeTerminal(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // What it shows is gone in a moment anyway.
  }
}

/** Returns whether a write failed because the reader of a pipe is gone. */
export function isReaderGone({ cause }: SystemError): boolean {
  return cause instanceof Deno.errors.BrokenPipe;
}

/** The environment, streams and id of this process. */
export const PROCESS_IO: PluginIo = {
  env: readVariable,
  readStdin,
  writeStdout: (text) => attempt("write", "stdout", () => writeStdout(text)),
  writeStderr,
  pid: Deno.pid,
};
