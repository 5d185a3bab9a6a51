/**
 * Release notes as files: the plugin writes them, the next daemon reads them. Uses no FFI.
 *
 * @module
 */

import { formatHex } from "../../base/hex.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { makeStateDirectory, writeStateFile } from "../../sys/atomic_file.ts";
import { formatReleaseNote } from "../protocol/release_note.ts";
import { stateDirOf, stateFileName } from "../protocol/state_directory.ts";

/**
 * Writes the release note of an attachment into the state directory that belongs to `socketPath`.
 *
 * @throws {SystemError} if the directory or the file cannot be written.
 */
export async function writeReleaseNote(
  socketPath: string,
  attachment: Attachment,
): Promise<void> {
  const text = new TextEncoder().encode(attachmentText(attachment));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const name = stateFileName(formatHex(digest), "release");
  writeNote(stateDirOf(socketPath), name, formatReleaseNote(attachment));
}

function writeNote(directory: string, name: string, content: string): void {
  makeStateDirectory(directory);
  // A runtime may repeat a slow DEL while the first one is still running.
  const writer = Deno.pid;
  writeStateFile(directory, name, { content, isDurable: true, writer });
}
