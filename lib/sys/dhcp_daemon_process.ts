/** The process of `dhcp daemon`: its files, signals and sockets, around the daemon itself. @module */

import { SystemError } from "../base/errors.ts";
import { parseHex } from "../base/hex.ts";
import { formatLogLine } from "../base/log_line.ts";
import type { Digest } from "../dhcp4/client_identifier.ts";
import { Daemon } from "../dhcp_plugin/daemon.ts";
import { type DaemonFlags, parseFlags } from "../dhcp_plugin/flags.ts";
import type { DaemonPorts, Log, Scheduler } from "../dhcp_plugin/ports.ts";
import { MOST_REQUEST_BYTES } from "../dhcp_plugin/protocol.ts";
import { serveConnection } from "../dhcp_plugin/server.ts";
import { stateDirOf } from "../dhcp_plugin/state_dir.ts";
import { netnsInterfaces } from "./attached_interface.ts";
import { bootTimeMs } from "./boottime_clock.ts";
import { EventLoop } from "./event_loop.ts";
import { attempt, createFile, removeFile, renameFile } from "./files.ts";
import { LeaseFiles } from "./lease_files.ts";
import { LinkMonitor } from "./link_monitor.ts";
import { readKernelFile } from "./kernel_file.ts";
import { writeStderr } from "./stdio.ts";
import { Timers } from "./timers.ts";
import {
  activatedListener,
  listenUnix,
  type UnixListener,
} from "./unix_listener.ts";
import { UnixServer } from "./unix_server.ts";

const PID_FILE_MODE = 0o644;
/** A call that runs when the daemon is told to stop may take so long; then it is told so. */
const STOP_TIMEOUT_MS = 10_000;
const MACHINE_ID = "/etc/machine-id";
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
/** The machine's id itself is for the machine alone (machine-id(5)): servers get a digest of it. */
const DUID_PURPOSE = "cni dhcp ipam duid";

/** A start that came to nothing; its text is the log line. */
class StartError extends Error {}

/**
 * Runs the daemon until it is told to stop.
 *
 * @param args What stands after `daemon`.
 * @returns The exit status.
 */
export async function runDaemon(
  args: readonly string[],
  version: string,
): Promise<number> {
  const parsed = parseFlags(args);
  if (parsed.kind === "exit") {
    writeStderr(parsed.text);
    return parsed.exitStatus;
  }
  const { flags } = parsed;
  const log = logger(flags);
  try {
    return await serve(flags, version, log);
  } catch (error) {
    if (!(error instanceof StartError || error instanceof SystemError)) {
      throw error;
    }
    const advice = error instanceof SystemError ? error.advice : "";
    log("error", error.message, advice === "" ? {} : { advice });
    return 1;
  }
}

async function serve(
  flags: DaemonFlags,
  version: string,
  log: Log,
): Promise<number> {
  using _pidFile = writePidFile(flags);
  const socketPath = `${flags.hostPrefix}${flags.socketPath}`;
  using listener = listen(socketPath);
  const stop = stopSignal();
  await using loop = new EventLoop((error) => {
    const text = error instanceof Error ? error.stack ?? error.message : error;
    log("error", "unexpected error", { stack: String(text) });
  });
  using timers = new Timers(loop);
  using monitor = new LinkMonitor(loop);
  const scheduler = systemScheduler(timers);
  const sha256 = await loadSha256();
  const noteDir = stateDirOf(socketPath);
  const stateDir = flags.stateDir === "" ? noteDir : flags.stateDir;
  const leases = new LeaseFiles({ stateDir, noteDir }, sha256, scheduler);
  using _lock = lockDirectory(stateDir);
  const ports: DaemonPorts = {
    scheduler,
    randomU32,
    digest: sha256,
    machineId: readMachineId(flags.hostPrefix, sha256),
    bootId: readKernelFile(BOOT_ID).trim(),
    interfaces: netnsInterfaces({ loop, monitor }),
    leases,
    log,
  };
  const daemon = new Daemon(ports, flags);
  await daemon.adopt();
  const calls = new Set<Promise<void>>();
  const context = { ownUid: Deno.uid() ?? 0, version, log };
  {
    using _server = new UnixServer(loop, listener, {
      maxLineBytes: MOST_REQUEST_BYTES,
      onConnection: (connection) => {
        const call = serveConnection(connection, daemon, context);
        calls.add(call);
        call.finally(() => calls.delete(call));
      },
    });
    log("info", "serving", { socket: socketPath, state: stateDir, version });
    log("info", "stopping", { signal: await stop });
  }
  listener[Symbol.dispose]();
  await Promise.race([Promise.all(calls), sleep(STOP_TIMEOUT_MS)]);
  daemon.stop();
  await Promise.all(calls);
  log("info", "stopped; leases are kept");
  return 0;
}

function listen(socketPath: string): UnixListener {
  try {
    return activatedListener(Deno.env, Deno.pid) ?? listenUnix(socketPath);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const advice = error.advice === "" ? "" : ` (${error.advice})`;
    throw new StartError(`Error getting listener: ${error.message}${advice}`);
  }
}

/** Removed again at the end. */
function writePidFile({ pidFile }: DaemonFlags): Disposable {
  if (pidFile === "") return { [Symbol.dispose]: () => {} };
  const quoted = JSON.stringify(pidFile);
  try {
    if (!pidFile.startsWith("/")) {
      throw new SystemError("path not absolute", "");
    }
    const temporary = `${pidFile}.${Deno.pid}`;
    createFile(temporary, String(Deno.pid), PID_FILE_MODE);
    renameFile(temporary, pidFile);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new StartError(`Error writing pidfile ${quoted}: ${error.message}`);
  }
  return { [Symbol.dispose]: () => removeFile(pidFile) };
}

/** Two daemons on one directory would each believe that all leases are theirs. */
function lockDirectory(path: string): Disposable {
  const directory = attempt("open", path, () => Deno.openSync(path));
  if (attempt("flock", path, () => directory.tryLockSync(true))) {
    return directory;
  }
  directory.close();
  throw new SystemError(`flock ${path}: another daemon has it`, "");
}

/** The name of the first signal that asks for the end. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}

function systemScheduler(timers: Timers): Scheduler {
  return {
    nowMs: bootTimeMs,
    wallMs: () => Date.now(),
    timer: (callback) => timers.create(callback),
  };
}

function logger({ debug }: DaemonFlags): Log {
  return (level, message, fields) => {
    if (level === "debug" && !debug) return;
    const time = new Date().toISOString();
    writeStderr(`time=${time} ${formatLogLine(level, message, fields)}`);
  };
}

/** Not among the imports above: in the bundle those of the daemon are loaded by the plugin too. */
async function loadSha256(): Promise<Digest> {
  const { createHash } = await import("node:crypto");
  return (bytes) => createHash("sha256").update(bytes).digest();
}

function randomU32(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value;
}

/** Undefined if the machine has no id. */
function readMachineId(
  hostPrefix: string,
  digest: Digest,
): Uint8Array | undefined {
  for (const path of [`${hostPrefix}${MACHINE_ID}`, MACHINE_ID]) {
    try {
      const id = parseHex(Deno.readTextFileSync(path).trim());
      if (id?.length !== 16) continue;
      const purpose = new TextEncoder().encode(DUID_PURPOSE);
      return digest(Uint8Array.of(...purpose, ...id)).subarray(0, 16);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
