/** The files of a state directory: finding and reading those of one kind. @module */

import { ConfigError, DecodeError, SystemError } from "../../base/errors.ts";
import { readRegularFile } from "../../linux/regular_file.ts";
import { lstat, removeFile } from "../../sys/files.ts";
import type { UnusableFile } from "../daemon/ports.ts";
import {
  type StateFileKind,
  stateFileKind,
} from "../protocol/state_directory.ts";

/** A larger file is not read; a lease file is much smaller. */
const MAX_BYTES = 1024 * 1024;

/** A file of a state directory. */
export interface StateFile {
  readonly path: string;
  readonly name: string;
  readonly isFile: boolean;
  readonly kind: StateFileKind;
}

/** Lists a state directory; nothing if there is none. */
export function listStateFiles(directory: string): readonly StateFile[] {
  if (lstat(directory)?.isDirectory !== true) return [];
  return [...Deno.readDirSync(directory)].map(({ name, isFile }) => ({
    path: `${directory}/${name}`,
    name,
    isFile,
    kind: stateFileKind(name),
  }));
}

/** Reads each of `files`; those that cannot be used are reported. */
export function readStateFiles<T>(
  files: readonly StateFile[],
  read: (path: string) => T,
): {
  readonly values: readonly T[];
  readonly unusable: readonly UnusableFile[];
} {
  const values: T[] = [];
  const unusable: UnusableFile[] = [];
  for (const { path } of files) {
    try {
      values.push(read(path));
    } catch (error) {
      if (!isUnusable(error)) throw error;
      unusable.push({ path, reason: error.message });
    }
  }
  return { values, unusable };
}

/** Removes files that are of no use any more. @returns Those that cannot be removed. */
export function removeFiles(
  files: readonly StateFile[],
): readonly UnusableFile[] {
  return readStateFiles(files, (path) => removeFile(path)).unusable;
}

/**
 * Reads the text of a regular file of ordinary size.
 *
 * @throws {SystemError} if it is anything else, or cannot be read.
 */
export function readStateFile(path: string): string {
  return readRegularFile(path, { maxBytes: MAX_BYTES, followsLink: false });
}

/** Checks that a file has the name of its content. @throws {DecodeError} if it has another. */
export function checkFileName(path: string, name: string): void {
  if (path.endsWith(`/${name}`)) return;
  throw new DecodeError("content does not match the file name", "attachment");
}

/** Returns whether an error means that a file is not what its name says. */
export function isUnusable(
  error: unknown,
): error is SystemError | DecodeError | ConfigError {
  return error instanceof SystemError || error instanceof DecodeError ||
    error instanceof ConfigError;
}
