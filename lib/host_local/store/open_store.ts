/** Opens the directory of a network under its lock. @module */

import { SystemError } from "../../base/errors.ts";
import type { StoreConfig } from "../config.ts";
import type { ReservationStores } from "../reservation_store.ts";
import { DiskStore } from "./disk_store.ts";
import { lockFile, probeLock } from "./network_lock.ts";
import { attempt, lstat, systemError } from "../../sys/files.ts";
import { FILE_NAME, NetworkDirectory } from "./network_directory.ts";

const DIRECTORY_MODE = 0o755;

function isDirectory(path: string): boolean {
  let info: Deno.FileInfo;
  try {
    // The directory of a network may be a link to another place; inside it no link is followed.
    info = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw systemError("open", path, error);
  }
  if (info.isDirectory) return true;
  throw new SystemError(`open ${path}: not a directory`, {
    advice: `remove ${path} or set another dataDir`,
  });
}

function makeDirectory(path: string): void {
  const options = { recursive: true, mode: DIRECTORY_MODE };
  attempt("mkdir", path, () => Deno.mkdirSync(path, options));
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : slash === 0 ? "/" : ".";
}

/** Fails where the file system that holds the directory is mounted read-only. */
function refuseReadOnly(directory: string): void {
  const { atime, mtime } = Deno.statSync(directory);
  try {
    // Sets what is set already.
    if (atime && mtime) Deno.utimeSync(directory, atime, mtime);
  } catch (error) {
    // Others may own the directory and let us write in it all the same.
    if (error instanceof Deno.errors.PermissionDenied) return;
    throw systemError("utime", directory, error);
  }
}

/** How often a directory that somebody removes at the same moment is made again. */
const MAKE_LIMIT = 10;

/** The stores below the directories that configurations name. */
export function diskStores(warn: (message: string) => void): ReservationStores {
  const lock = (
    { directory, lockTimeoutMs }: StoreConfig,
    create: boolean,
  ): Promise<Deno.FsFile | undefined> =>
    lockFile(`${directory}/${FILE_NAME.lock}`, {
      create,
      timeoutMs: lockTimeoutMs,
    });
  const store = (
    { directory }: StoreConfig,
    lock: Deno.FsFile | undefined,
    repair: boolean,
  ): DiskStore => {
    const network = new NetworkDirectory(directory);
    return new DiskStore({ directory: network, lock, repair, warn });
  };
  return {
    openOrCreate: async (config) => {
      const { directory } = config;
      for (let made = 0; made < MAKE_LIMIT; made++) {
        makeDirectory(directory);
        const file = await lock(config, true);
        if (file !== undefined) return store(config, file, true);
      }
      throw new SystemError(`mkdir ${directory}: it is removed all the time`);
    },
    // Upstream takes the lock for every command, so one is made where there is none.
    openForChange: async (config) => {
      if (!isDirectory(config.directory)) return undefined;
      const file = await lock(config, true);
      return file && store(config, file, true);
    },
    openForReading: async (config) =>
      isDirectory(config.directory)
        ? store(config, await lock(config, false), false)
        : undefined,
    probe: ({ directory }) => {
      let existing = directory;
      while (!isDirectory(existing)) {
        if (lstat(existing) !== undefined) {
          throw new SystemError(`open ${existing}: a link that leads nowhere`, {
            advice: `remove ${existing} or make the directory it leads to`,
          });
        }
        existing = parentOf(existing);
      }
      const lockPath = `${directory}/${FILE_NAME.lock}`;
      if (existing !== directory || !probeLock(lockPath)) {
        refuseReadOnly(existing);
      }
    },
  };
}
