/** Files of the state directory: written whole or not at all, for nobody else to read. @module */

import { SystemError } from "../base/errors.ts";
import { temporaryName } from "../dhcp_plugin/state_dir.ts";
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

/**
 * Makes the directory if it is not there.
 *
 * @throws {SystemError} if it cannot be made, or is a link: whoever can put one there could have leases written elsewhere.
 */
export function makeStateDirectory(path: string): void {
  attempt(
    "mkdir",
    path,
    () => Deno.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE }),
  );
  const info = lstat(path);
  if (info?.isDirectory !== true) {
    throw new SystemError(`open ${path}: not a directory`, `remove ${path}`);
  }
  if (((info.mode ?? 0) & 0o077) !== 0) {
    attempt("chmod", path, () => Deno.chmodSync(path, DIRECTORY_MODE));
  }
}

/**
 * Writes a file over an earlier one. Whatever ends the process meanwhile, it has one content or the other.
 *
 * @param isDurable Content and name are on the disk when this returns, so it holds for the end of the machine as well.
 */
export function writeStateFile(
  directory: string,
  name: string,
  { content, isDurable }: {
    readonly content: string;
    readonly isDurable: boolean;
  },
): void {
  const temporary = `${directory}/${temporaryName(name)}`;
  // Left behind by a daemon that was killed.
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
