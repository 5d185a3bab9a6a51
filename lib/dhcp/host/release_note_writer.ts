/**
 * Leaving a release note: what the plugin does for a DEL that finds no daemon. The plugin loads
 * this module, so it must not use the C library.
 *
 * @module
 */

import { formatHex } from "../../base/hex.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { makeStateDirectory, writeStateFile } from "../../sys/atomic_file.ts";
import { isDirectory, lstat } from "../../sys/files.ts";
import { formatReleaseNote } from "../protocol/release_note.ts";
import { stateDirOf, stateFileName } from "../protocol/state_directory.ts";

/**
 * Leaves a release note for the next daemon that listens at `socketPath`.
 *
 * @returns False if no daemon can listen there: its directory does not exist, or something other
 * than a socket is there. Then no daemon would read the note, and nothing is written.
 * @throws {SystemError} if the file system refuses.
 */
export async function writeReleaseNote(
  socketPath: string,
  attachment: Attachment,
): Promise<boolean> {
  const directory = stateDirOf(socketPath);
  if (directory === undefined || !couldBeSocket(socketPath)) return false;
  const text = new TextEncoder().encode(attachmentText(attachment));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const name = stateFileName(formatHex(digest), "release");
  makeStateDirectory(directory);
  writeStateFile(directory, name, {
    content: formatReleaseNote(attachment),
    isDurable: true,
    // Runtimes repeat a DEL that takes too long, while the first plugin still runs.
    writer: Deno.pid,
  });
  return true;
}

function couldBeSocket(path: string): boolean {
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  return isDirectory(directory) && (lstat(path)?.isSocket ?? true) === true;
}
