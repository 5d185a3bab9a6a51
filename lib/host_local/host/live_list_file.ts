/** Reads a list of containers that an operator gives to `reclaim`. @module */

import { SystemError } from "../../base/errors.ts";
import { CniError } from "../../cni/error.ts";
import { nowMs } from "../../sys/clock.ts";
import { attempt } from "../../sys/files.ts";
import { readNamedFile } from "../../sys/small_file.ts";
import { type LiveText, MAX_LIVE_BYTES } from "../operator/live_list.ts";

/**
 * Reads a list of containers. Standard input is `-`.
 *
 * @throws {SystemError} if it is too long, no regular file, or cannot be read.
 */
export function readLive(path: string, readStdin: () => string): LiveText {
  if (path === "-") {
    return { path: "stdin", text: readText(readStdin), writtenAtMs: nowMs() };
  }
  // Before the text, so that a list that is replaced meanwhile does not look older than it is.
  const { mtime } = attempt("open", path, () => Deno.statSync(path));
  const text = readNamedFile(path, MAX_LIVE_BYTES);
  return { path, text, writtenAtMs: mtime?.getTime() ?? 0 };
}

function readText(readStdin: () => string): string {
  try {
    return readStdin();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new SystemError("read stdin: the list of containers is too long", {
      advice: "give it as a file",
      cause: error,
    });
  }
}
