/**
 * Release notes: the files by which a DEL that reaches no daemon asks the next daemon to release
 * the lease. Pure.
 *
 * @module
 */

import type { Attachment } from "../../cni/attachment.ts";
import { requiredAttachment } from "./required_keys.ts";
import { formatStateFile, parseStateFile } from "./state_file.ts";

/** Formats the release note of an attachment. */
export function formatReleaseNote(attachment: Attachment): string {
  return formatStateFile({ release: true, attachment });
}

/**
 * Parses a release note.
 *
 * @throws {DecodeError} if `text` is not a state file or names no attachment.
 */
export function parseReleaseNote(text: string): Attachment {
  return requiredAttachment(parseStateFile(text));
}
