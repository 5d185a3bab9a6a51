/** Opens the directory of a network under its lock. @module */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { DiskSync } from "../../sys/disk_sync.ts";
import {
  attempt,
  exposureOf,
  lstat,
  lstatOwn,
  systemError,
} from "../../sys/files.ts";
import { probeCreation } from "../../sys/unnamed_file.ts";
import type { StoreConfig } from "../config.ts";
import { FILE_NAME } from "../file_name.ts";
import type { ReservationStores } from "../ports.ts";
import { bestEffort } from "./best_effort.ts";
import { DiskStore } from "./disk_store.ts";
import type { openHistory } from "./history_file.ts";
import { NetworkDirectory } from "./network_directory.ts";
import {
  type Caller,
  type HeldLock,
  NetworkLocks,
  probeLock,
} from "./network_lock.ts";
import { prepareDatabase } from "./sqlite.ts";

const DIRECTORY_MODE = 0o755;

function isDirectory(path: string): boolean {
  let info: Deno.FileInfo;
  try {
    // The directory may be a symbolic link. Inside it, no link is followed.
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

/** Where the runtime denies files, but not directories. */
const OUTSIDE_SANDBOX = /^\/(proc|sys|dev)(\/|$)/;

function makeDirectory(path: string): void {
  if (OUTSIDE_SANDBOX.test(path)) {
    throw new SystemError(
      `mkdir ${path}: the plugin's sandbox does not allow paths under /proc, /sys and /dev`,
      { advice: "set another dataDir" },
    );
  }
  const options = { recursive: true, mode: DIRECTORY_MODE };
  attempt("mkdir", path, () => Deno.mkdirSync(path, options));
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : slash === 0 ? "/" : ".";
}

/** Refuses a directory on a file system that is mounted read-only. */
function refuseReadOnly(directory: string): void {
  const { atime, mtime } = Deno.statSync(directory);
  try {
    // Sets the times to what they are.
    if (atime && mtime) Deno.utimeSync(directory, atime, mtime);
  } catch (error) {
    // The directory belongs to another user; writing in it may be allowed all the same.
    if (error instanceof Deno.errors.PermissionDenied) return;
    throw systemError("utime", directory, error);
  }
}

/** Checks that ADD could use what is in the directory. */
function probeNetwork(network: NetworkDirectory): void {
  probeLock(network.join(FILE_NAME.lock));
  lstatOwn(network.join(FILE_NAME.pending));
  lstatOwn(network.join(FILE_NAME.answered));
  // To list it needs another permission than to create files in it.
  attempt("open", network.path, () => Deno.openSync(network.path).close());
}

type OpenHistory = typeof openHistory;

/** Loads what opens the history of a network. */
export type LoadHistory = () => Promise<OpenHistory>;

/**
 * The size of a directory with some hundred files, on most file systems. Reading fewer takes less
 * time than others notice.
 */
const MIN_LARGE_BYTES = 16 * 1024;

/** How often the directory is created again if another process keeps removing it. */
const MAX_ATTEMPTS = 10;

/**
 * Returns the stores in the directories that network configurations name.
 *
 * @param options `locks`: those of the whole process; `caller`: for whom it works; `loadHistory`:
 *   without it nothing is remembered; `takesTurns`: whether other calls of this process run while
 *   many files are read; `indexThreshold` and `sync`: as for {@link DiskStore}.
 */
export function diskStores(
  {
    log,
    locks = new NetworkLocks(),
    caller,
    loadHistory,
    takesTurns = false,
    ...options
  }: {
    readonly log: Log;
    readonly loadHistory?: LoadHistory;
    readonly locks?: NetworkLocks;
    readonly caller?: Caller;
    readonly takesTurns?: boolean;
    readonly indexThreshold?: number;
    readonly sync?: DiskSync;
  },
): ReservationStores {
  let openHistory: OpenHistory | undefined;
  const lock = async (
    { directory, lockTimeoutMs, history }: StoreConfig,
    create: boolean,
  ): Promise<HeldLock | undefined> => {
    // Before the lock is taken, so that no other call waits for it.
    await prepareDatabase(`${directory}/${FILE_NAME.index}`);
    if (history !== undefined) openHistory ??= await loadHistory?.();
    return await locks.take(`${directory}/${FILE_NAME.lock}`, {
      create,
      timeoutMs: lockTimeoutMs,
      caller,
    });
  };
  const openStore = (
    { directory, history: settings }: StoreConfig,
    lock: HeldLock | undefined,
    repair: boolean,
  ): { readonly opened: DiskStore; readonly isLarge: boolean } => {
    using stack = new DisposableStack();
    stack.use(lock);
    const info = Deno.statSync(directory);
    const exposure = exposureOf(info);
    if (exposure !== undefined) {
      log("warn", "directory-exposed", { directory, reason: exposure });
    }
    const network = new NetworkDirectory(directory);
    const opened = new DiskStore({
      directory: network,
      lock,
      repair,
      log,
      isExposed: exposure !== undefined,
      history: settings && openHistory?.({
        directory: network,
        settings,
        tryTo: (event, body) => bestEffort(log, event, body),
      }),
      ...options,
    });
    // From now on the store releases the lock.
    stack.move();
    return { opened, isLarge: info.size >= MIN_LARGE_BYTES };
  };
  const store = async (
    ...args: Parameters<typeof openStore>
  ): Promise<DiskStore> => {
    const { opened, isLarge } = openStore(...args);
    if (!takesTurns || !isLarge) return opened;
    using stack = new DisposableStack();
    stack.use(opened);
    await opened.readInTurns();
    stack.move();
    return opened;
  };
  return {
    openOrCreate: async (config) => {
      const { directory } = config;
      for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
        makeDirectory(directory);
        const file = await lock(config, true);
        if (file !== undefined) return await store(config, file, true);
      }
      throw new SystemError(
        `mkdir ${directory}: directory was removed again after each of ${MAX_ATTEMPTS} attempts`,
      );
    },
    // Upstream locks for every command, so the lock file is created if there is none.
    openForChange: async (config) => {
      if (!isDirectory(config.directory)) return undefined;
      const file = await lock(config, true);
      return file && await store(config, file, true);
    },
    openForReading: async (config) =>
      isDirectory(config.directory)
        ? await store(config, await lock(config, false), false)
        : undefined,
    probe: ({ directory }) => {
      let existing = directory;
      while (!isDirectory(existing)) {
        if (lstat(existing) !== undefined) {
          throw new SystemError(`open ${existing}: dangling symbolic link`, {
            advice: `remove ${existing} or create the directory it points to`,
          });
        }
        existing = parentOf(existing);
      }
      if (existing === directory) probeNetwork(new NetworkDirectory(directory));
      if (!probeCreation(existing)) refuseReadOnly(existing);
    },
  };
}
