/** Files of the state directory: written whole or not at all, for nobody else to read. @module */

import { SystemError } from "../base/errors.ts";
import {
  attempt,
  createFile,
  lstat,
  removeFile,
  renameFile,
  syncDirectory,
} from "./files.ts";

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes the directory, for nobody else, if it is not there.
 *
 * One that is there is taken as it is, if only its owner may write to it and that is this user or root; its mode is not
 * touched, since it may be `/tmp` or `/var` by mistake, and what is written there is for nobody else to read anyway.
 *
 * @throws {SystemError} if it cannot be made, is a link, or others may write to it: they could have leases written
 *   elsewhere, or given back.
 */
export function makeStateDirectory(path: string): void {
  attempt(
    "mkdir",
    path,
    () => Deno.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE }),
  );
  const info = lstat(path);
  if (info?.isDirectory !== true) {
    throw new SystemError(`open ${path}: not a directory`, {
      advice: `remove ${path}`,
    });
  }
  const { uid, mode } = info;
  const advice = "leases need a directory of their own";
  if (uid !== null && uid !== 0 && uid !== Deno.uid()) {
    const reason = `it belongs to user ${uid}`;
    throw new SystemError(`open ${path}: ${reason}`, { advice });
  }
  if (((mode ?? 0) & WRITABLE_BY_OTHERS) !== 0) {
    const reason = "others may write to it";
    throw new SystemError(`open ${path}: ${reason}`, {
      advice: `${advice}; if this is one: chmod go-w ${path}`,
    });
  }
}

/**
 * Writes a file over an earlier one. Whatever ends the process meanwhile, it has one content or the other.
 *
 * @param isDurable Content and name are on the disk when this returns, so it holds for the end of the machine as well.
 * @param writer Number of this process, if others may write the same file at the same time.
 */
export function writeStateFile(
  directory: string,
  name: string,
  { content, isDurable, writer }: {
    readonly content: string;
    readonly isDurable: boolean;
    readonly writer?: number;
  },
): void {
  const temporary = `${directory}/${temporaryName(name, writer)}`;
  // Left behind by one that was killed.
  removeFile(temporary);
  if (isDurable) createFile(temporary, content, FILE_MODE);
  else createFleetingFile(temporary, content);
  renameFile(temporary, `${directory}/${name}`);
  if (isDurable) syncDirectory(directory);
}

function createFleetingFile(path: string, content: string): void {
  const options = { createNew: true, mode: FILE_MODE };
  attempt(
    "write",
    path,
    () => Deno.writeTextFileSync(path, content, options),
  );
}

/**
 * The name of the temporary file that is renamed to `name`.
 *
 * @param writer Number of the process, if another may write the same file at the same time.
 */
export function temporaryName(name: string, writer?: number): string {
  return writer === undefined ? `.${name}.tmp` : `.${name}.${writer}.tmp`;
}
