/**
 * The daemon process, `dhcp daemon`: connects the daemon to Linux, serves calls and shuts down.
 *
 * `main_dhcp.ts` loads this module only for the daemon, so that the plugin never opens the C
 * library.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { formatLogLine, type Log } from "../../base/log_line.ts";
import { Daemon } from "../daemon/daemon.ts";
import { type DaemonFlags, parseFlags } from "../daemon/flags.ts";
import type { DaemonPorts } from "../daemon/ports.ts";
import { MAX_REQUEST_BYTES } from "../protocol/daemon_protocol.ts";
import { serveConnection } from "../daemon/server.ts";
import { stateDirOf } from "../protocol/state_directory.ts";
import { netnsInterfaces } from "./netns_interface.ts";
import { bootTimeMs } from "../../linux/boottime_clock.ts";
import { nowMs } from "../../sys/clock.ts";
import { EventLoop } from "../../linux/event_loop.ts";
import { LinkMonitor } from "../../linux/link_monitor.ts";
import { backgroundClosesDone } from "../../linux/background_close.ts";
import { withTimeout } from "../../sys/timeout.ts";
import { writeStderr } from "../../sys/stdio.ts";
import { readBootId } from "./boot_id.ts";
import { lockDirectory } from "./directory_lock.ts";
import { LeaseFiles } from "./lease_files.ts";
import { readMachineId } from "./machine_id.ts";
import { checkPidFilePath, writePidFile } from "./pid_file.ts";
import { randomU32 } from "./random.ts";
import { ReleaseNotes } from "./release_notes.ts";
import { loadSha256 } from "./sha256.ts";
import { Timers } from "../../linux/timers.ts";
import {
  activatedListener,
  listenUnix,
  type UnixListener,
} from "../../linux/unix_listener.ts";
import { UnixServer } from "../../linux/unix_server.ts";

/** How long the calls in progress may take after a stop signal; then they fail. */
const STOP_TIMEOUT_MS = 10_000;
/** How long the final error replies may take. TimeoutStopSec of the unit is longer than both. */
const DRAIN_TIMEOUT_MS = 5000;

/**
 * Runs the daemon until it receives SIGTERM or SIGINT.
 *
 * @param args The command line after `daemon`.
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
    await serve(flags, version, log);
    return 0;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { message, advice } = error;
    log("error", "command-failed", {
      reason: message,
      ...(advice === "" ? {} : { advice }),
    });
    return 1;
  }
}

async function serve(
  flags: DaemonFlags,
  version: string,
  log: Log,
): Promise<void> {
  checkPidFilePath(flags.pidFile);
  // First of all: from now on a caller waits instead of being refused.
  const wantedPath = `${flags.hostPrefix}${flags.socketPath}`;
  using listener = listen(wantedPath);
  // Plugins derive the directory of release notes from the socket that they call, not from a flag.
  const socketPath = listener.path ?? wantedPath;
  const stop = stopSignal();
  await using loop = new EventLoop((error) =>
    log("error", "unexpected-error", { stack: stackOf(error) })
  );
  using timers = new Timers(loop);
  using monitor = new LinkMonitor(loop, timers);
  const noteDir = stateDirOf(socketPath);
  const stateDir = flags.stateDir === "" ? noteDir : flags.stateDir;
  const digest = await loadSha256();
  const scheduler: DaemonPorts["scheduler"] = {
    // Whole milliseconds: lease files and log lines contain them.
    nowMs: () => Math.floor(bootTimeMs()),
    wallMs: nowMs,
    timer: (callback) => timers.create(callback),
  };
  const leases = new LeaseFiles(stateDir, { digest, scheduler });
  const releaseNotes = new ReleaseNotes(noteDir, { digest, scheduler });
  using _lock = lockDirectory(stateDir);
  using _pidFile = writePidFile(flags.pidFile);
  const daemon = new Daemon({
    scheduler,
    randomU32,
    digest,
    machineId: readMachineId(flags.hostPrefix, digest),
    bootId: readBootId(),
    interfaces: netnsInterfaces({ loop, timers, monitor }),
    leases,
    releaseNotes,
    log,
  }, flags);
  await daemon.resume();
  const ownUid = Deno.uid() ?? 0;
  const context = { ownUid, version, log, nowMs: bootTimeMs };
  const calls = new Set<Promise<void>>();
  const server = new UnixServer(loop, listener, {
    maxLineBytes: MAX_REQUEST_BYTES,
    onConnection: (connection) => {
      const call = serveConnection(connection, daemon, context)
        .catch((error) => loop.report(error))
        .finally(() => calls.delete(call));
      calls.add(call);
    },
  });
  log("info", "serving", { socket: socketPath, state: stateDir, version });
  log("info", "stopping", { signal: await stop });
  server[Symbol.dispose]();
  listener[Symbol.dispose]();
  await withTimeout(Promise.all(calls), STOP_TIMEOUT_MS);
  daemon.stop();
  await withTimeout(Promise.all(calls), DRAIN_TIMEOUT_MS);
  if (calls.size > 0) log("warn", "calls-abandoned", { calls: calls.size });
  await backgroundClosesDone();
  log("info", "stopped");
}

function listen(socketPath: string): UnixListener {
  try {
    return activatedListener(Deno.env, Deno.pid) ?? listenUnix(socketPath);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const message = `Error getting listener: ${error.message}`;
    throw new SystemError(message, { advice: error.advice, cause: error });
  }
}

/**
 * Resolves with the name of the first stop signal. From now on these signals do not end the
 * process.
 */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}

function logger({ debug }: DaemonFlags): Log {
  return (level, event, fields) => {
    if (level === "debug" && !debug) return;
    const time = new Date().toISOString();
    writeStderr(`time=${time} ${formatLogLine(level, event, fields)}`);
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
