/** Makes the directory of a network consistent, for the commands of operators. @module */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { attempt, exposureOf, lstat, removeFile } from "../../sys/files.ts";
import type { StoreConfig } from "../config.ts";
import type { RepairReport, RepairStep } from "../operator/ports.ts";
import { IndexedReservations } from "./indexed_reservations.ts";
import { NetworkDirectory } from "./network_directory.ts";
import { NetworkLocks } from "./network_lock.ts";
import { FILE_NAME } from "../file_name.ts";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Repairs a network under its lock: does what the next call of the plugin would do, then the steps.
 *
 * @throws {SystemError} if the lock cannot be taken, or the directory cannot be read.
 */
export async function repairNetwork(
  { directory, lockTimeoutMs }: StoreConfig,
  { steps, log }: {
    readonly steps: readonly RepairStep[];
    readonly log: Log;
  },
): Promise<RepairReport> {
  const path = `${directory}/${FILE_NAME.lock}`;
  const hadLock = lstat(path) !== undefined;
  using lock = await new NetworkLocks().take(path, {
    create: true,
    timeoutMs: lockTimeoutMs,
    caller: undefined,
  });
  const network = new NetworkDirectory(directory);
  const isExposed = isExposedDirectory(directory);
  const done: string[] = hadLock ? [] : [`created ${path}`];
  const failed: string[] = [];
  const before = namesIn(directory);
  {
    using reservations = new IndexedReservations(network, {
      isLocked: lock !== undefined,
      repair: true,
      isExposed,
      log,
    });
    try {
      reservations.readFiles();
    } catch (error) {
      failed.push(reasonFor(error));
    }
    for (const step of steps) {
      try {
        done.push(take(step, network));
      } catch (error) {
        failed.push(reasonFor(error));
      }
    }
  }
  const after = namesIn(directory);
  const removed = [...before].filter((name) => !after.has(name))
    .map((name) => removal(network, name));
  const created = [...after].filter((name) => !before.has(name))
    .map((name) => `created ${network.join(name)}`);
  return {
    done: [...new Set([...removed.sort(), ...created, ...done])],
    failed,
  };
}

function isExposedDirectory(directory: string): boolean {
  const info = attempt("stat", directory, () => Deno.statSync(directory));
  return exposureOf(info) !== undefined;
}

function reasonFor(error: unknown): string {
  if (error instanceof SystemError) return error.message;
  throw error;
}

function namesIn(directory: string): Set<string> {
  const entries = attempt("read", directory, () => [
    ...Deno.readDirSync(directory),
  ]);
  return new Set(entries.map(({ name }) => name));
}

function removal(network: NetworkDirectory, name: string): string {
  return `removed ${network.join(name)}`;
}

function take(step: RepairStep, network: NetworkDirectory): string {
  switch (step.kind) {
    case "remove":
      removeFile(network.join(step.name));
      return removal(network, step.name);
    case "protect": {
      const path = step.name === "" ? network.path : network.join(step.name);
      attempt("chmod", path, () => {
        // The directory itself may be a symbolic link. Inside it, no link is followed.
        const { mode, isSymlink } = step.name === ""
          ? Deno.statSync(path)
          : Deno.lstatSync(path);
        if (isSymlink) {
          throw new SystemError(`chmod ${path}: is a symbolic link`);
        }
        Deno.chmodSync(path, (mode ?? 0) & 0o7777 & ~WRITABLE_BY_OTHERS);
      });
      return `cleared the permission of other users to write ${path}`;
    }
  }
}
