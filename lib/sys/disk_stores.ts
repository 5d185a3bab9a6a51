/** Opens the directory of a network under its lock. @module */

import { SystemError } from "../base/errors.ts";
import type { StoreConfig } from "../host_local/config.ts";
import type { ReservationStores } from "../host_local/store.ts";
import { DiskStore } from "./disk_store.ts";
import { lockFile, probeLock } from "./file_lock.ts";
import { attempt, lstat, systemError } from "./files.ts";
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
  throw new SystemError(
    `open ${path}: not a directory`,
    `remove ${path} or set another dataDir`,
  );
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : slash === 0 ? "/" : ".";
}

/** The stores below the directories that configurations name. */
export function diskStores(warn: (message: string) => void): ReservationStores {
  const open = async (
    { directory, lockTimeoutMs }: StoreConfig,
    { create, repair }: { readonly create: boolean; readonly repair: boolean },
  ): Promise<DiskStore> => {
    const network = new NetworkDirectory(directory);
    const lock = await lockFile(network.join(FILE_NAME.lock), {
      create,
      timeoutMs: lockTimeoutMs,
    });
    return new DiskStore({ directory: network, lock, repair, warn });
  };
  return {
    openOrCreate: (config) => {
      attempt(
        "mkdir",
        config.directory,
        () =>
          Deno.mkdirSync(config.directory, {
            recursive: true,
            mode: DIRECTORY_MODE,
          }),
      );
      return open(config, { create: true, repair: true });
    },
    // Upstream takes the lock for every command, so one is made where there is none.
    openForChange: async (config) =>
      isDirectory(config.directory)
        ? await open(config, { create: true, repair: true })
        : undefined,
    openForReading: async (config) =>
      isDirectory(config.directory)
        ? await open(config, { create: false, repair: false })
        : undefined,
    probe: ({ directory }) => {
      let existing = directory;
      while (!isDirectory(existing)) {
        if (lstat(existing) !== undefined) {
          throw new SystemError(
            `open ${existing}: a link that leads nowhere`,
            `remove ${existing} or make the directory it leads to`,
          );
        }
        existing = parentOf(existing);
      }
      if (existing === directory) probeLock(`${directory}/${FILE_NAME.lock}`);
    },
  };
}
