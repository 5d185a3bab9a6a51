/** Files of a state directory: written atomically, and readable only by their owner. @module */

import { SystemError } from "../base/errors.ts";
import {
  attempt,
  createFile,
  createOpenFile,
  exposureOf,
  lstat,
  removeFile,
  renameFile,
  syncDirectory,
  tryRemoveFile,
} from "./files.ts";

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const PUBLIC_FILE_MODE = 0o644;

/**
 * Makes the state directory, with mode 0700, if there is none.
 *
 * An existing directory is used if it is owned by this user or root and only the owner can write to
 * it. Its mode is not changed, because it could be `/tmp` or `/var` by mistake. The files in it are
 * private in any case.
 *
 * @throws {SystemError} if it cannot be made, is not a directory, or other users can write to it:
 *   they could redirect the files or make the daemon release leases.
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
  const exposure = exposureOf(info);
  if (exposure === undefined) return;
  throw new SystemError(`open ${path}: ${exposure}`, {
    advice: "use a directory for leases only, owned by root and with mode 700",
  });
}

/**
 * Writes a file, replacing an existing one. If the process is killed meanwhile, the file has either
 * the old content or the new.
 *
 * @param isDurable Whether content and name must be on the disk on return, so that they survive a
 *   crash of the machine.
 * @param writer Process id, if other processes may write the same file at the same time.
 * @throws {SystemError} if the file cannot be written.
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
  // A process that was killed leaves it behind.
  removeFile(temporary);
  createFile(temporary, content, { mode: FILE_MODE, isDurable });
  renameFile(temporary, `${directory}/${name}`);
  if (isDurable) syncDirectory(directory);
}

/**
 * As {@link writeStateFile}, and returns the open file; neither content nor name may be on the disk
 * yet.
 *
 * @throws {SystemError} if the file cannot be written.
 */
export function writeOpenStateFile(
  directory: string,
  name: string,
  content: string,
): Deno.FsFile {
  const temporary = `${directory}/${temporaryName(name)}`;
  removeFile(temporary);
  const file = createOpenFile(temporary, content, FILE_MODE);
  try {
    renameFile(temporary, `${directory}/${name}`);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Writes a file that every user can read, replacing an existing one. Other programs see either the
 * old content or the new.
 *
 * @throws {SystemError} if the file cannot be written.
 */
export function writePublicFile(path: string, content: string): void {
  const slash = path.lastIndexOf("/") + 1;
  const name = temporaryName(path.slice(slash), Deno.pid);
  const temporary = `${path.slice(0, slash)}${name}`;
  removeFile(temporary);
  createFile(temporary, content, { mode: FILE_MODE, isDurable: false });
  try {
    // Whatever the umask is.
    attempt(
      "chmod",
      temporary,
      () => Deno.chmodSync(temporary, PUBLIC_FILE_MODE),
    );
    renameFile(temporary, path);
  } catch (error) {
    tryRemoveFile(temporary);
    throw error;
  }
}

/**
 * Returns the name of the temporary file that is renamed to `name`.
 *
 * @param writer Process id, if other processes may write the same file at the same time.
 */
export function temporaryName(name: string, writer?: number): string {
  return writer === undefined ? `.${name}.tmp` : `.${name}.${writer}.tmp`;
}
