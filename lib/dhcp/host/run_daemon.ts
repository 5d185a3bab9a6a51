/**
 * The daemon process, `dhcp daemon`: connects the daemon to Linux, serves calls and shuts down.
 *
 * `main_dhcp.ts` loads this module only for the daemon, so that the plugin never opens the C
 * library.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { LogLimiter } from "../../base/log_limiter.ts";
import { type Log, type LogFields } from "../../base/log_line.ts";
import { missingCapabilities } from "../daemon/capabilities.ts";
import { Daemon } from "../daemon/daemon.ts";
import { DAEMON_FLAGS, type DaemonFlags } from "../daemon/flags.ts";
import type { DaemonPorts } from "../daemon/ports.ts";
import { MAX_REQUEST_BYTES } from "../protocol/daemon_protocol.ts";
import {
  refuseCaller,
  serveConnection,
  type ServerContext,
} from "../daemon/server.ts";
import {
  type LauncherContext,
  serveLauncher,
} from "../resident/serve_launcher.ts";
import { netnsInterfaces } from "./netns_interface.ts";
import { bootTimeMs } from "../../linux/boottime_clock.ts";
import { nowMs } from "../../sys/clock.ts";
import { EventLoop } from "../../linux/event_loop.ts";
import { effectiveCapabilities } from "../../linux/capabilities.ts";
import { InterfaceMonitor } from "../../linux/interface_monitor.ts";
import { backgroundClosesDone } from "../../linux/background_close.ts";
import { withTimeout } from "../../sys/timeout.ts";
import { MetricsService } from "../../sys/metrics_service.ts";
import { runDaemonProcess } from "../../sys/daemon_process.ts";
import { readBootId } from "./boot_id.ts";
import { DaemonMetrics } from "./daemon_metrics.ts";
import { DaemonSocket } from "./daemon_socket.ts";
import { openEndpoint } from "./endpoint.ts";
import { DaemonFileCheck } from "./file_check.ts";
import { LeaseFiles } from "./lease_files.ts";
import { readMachineId } from "./machine_id.ts";
import { placeOf } from "./place.ts";
import { checkPidFilePath, PidFile } from "../../sys/pid_file.ts";
import { randomU32 } from "./random.ts";
import { storageProblem } from "./readiness.ts";
import { writeReleaseNote } from "./release_note_writer.ts";
import { ReleaseNotes } from "./release_notes.ts";
import { loadSha256 } from "./sha256.ts";
import { onStatusSignal, stopSignal } from "../../sys/signals.ts";
import { ServiceManager } from "../../linux/service_manager.ts";
import type { ServiceState } from "../../sys/service_variables.ts";
import { Timers } from "../../linux/timers.ts";

/** How long the calls in progress may take after a stop signal; then they fail. */
const STOP_TIMEOUT_MS = 10_000;
/** How long the final error replies may take. TimeoutStopSec of the unit is longer than both. */
const DRAIN_TIMEOUT_MS = 5000;
/** How often the daemon checks its files and reports suppressed log lines. */
const CHECK_INTERVAL_MS = 3000;

/**
 * Runs the daemon until it receives SIGTERM, SIGINT or SIGQUIT.
 *
 * @param args The command line after `daemon`.
 * @returns The exit status.
 */
export async function runDaemon(
  args: readonly string[],
  version: string,
): Promise<number> {
  return await runDaemonProcess(args, {
    flags: DAEMON_FLAGS,
    nowMs: bootTimeMs,
    serve: (flags, limiter) => serve(flags, version, limiter),
  });
}

async function serve(
  flags: DaemonFlags,
  version: string,
  limiter: LogLimiter,
): Promise<void> {
  const { log } = limiter;
  const startMs = nowMs();
  const stop = stopSignal();
  let status = (): LogFields => ({});
  onStatusSignal((signal) =>
    log("info", "status-reported", { signal, ...status() })
  );
  const serviceManager = new ServiceManager(Deno.env, Deno.pid);
  checkPidFilePath(flags.pidFile);
  const capabilityProblem = checkCapabilities(log);
  // As early as possible: from now on a caller waits instead of being refused.
  using endpoint = await openEndpoint(flags);
  const { listener, socketPath, stateDir, noteDir, locks } = endpoint;
  using pidFile = new PidFile(flags.pidFile);
  await using loop = new EventLoop((error) =>
    log("error", "unexpected-error", { stack: stackOf(error) })
  );
  using timers = new Timers(loop);
  using monitor = new InterfaceMonitor(loop, timers);
  const digest = await loadSha256();
  const scheduler: DaemonPorts["scheduler"] = {
    // Whole milliseconds: lease files and log lines contain them.
    nowMs: () => Math.floor(bootTimeMs()),
    wallMs: nowMs,
    timer: (callback) => timers.create(callback),
  };
  const releaseNotes = new ReleaseNotes(noteDir, { digest, scheduler });
  const daemon = new Daemon({
    scheduler,
    randomU32,
    digest,
    machineId: readMachineId(flags.hostPrefix, digest),
    bootId: readBootId(),
    interfaces: netnsInterfaces({ loop, timers, monitor }),
    leases: new LeaseFiles(stateDir, { digest, scheduler }),
    releaseNotes,
    log,
  }, flags);
  for (const { directory, problem } of locks) {
    if (problem === undefined) continue;
    const { message: reason } = problem;
    log("error", "state-not-writable", { path: directory, reason });
  }
  await daemon.resume();
  const metrics = flags.metrics === ""
    ? undefined
    : new DaemonMetrics(daemon, { version, startMs, nowMs: bootTimeMs });
  using service = metrics && await MetricsService.open(flags.metrics, {
    hostPrefix: flags.hostPrefix,
    advice: "choose another address",
    log,
    text: () => metrics.text(),
  });
  const ownUid = Deno.uid() ?? 0;
  const launchers: LauncherContext = {
    version,
    log,
    clock: scheduler,
    place: () => placeOf(socketPath, flags),
    serve: (connection) => serveConnection(connection, daemon, context),
    writeReleaseNote: (attachment) => writeReleaseNote(socketPath, attachment),
  };
  const context: ServerContext = {
    ownUid,
    version,
    unready: () => capabilityProblem ?? storageProblem(stateDir),
    log,
    nowMs: bootTimeMs,
    onCall: (command, outcome) => {
      const { code, seconds } = outcome;
      const durationMs = Math.round(seconds * 1000);
      log("debug", "call-ended", { command, code, durationMs });
      metrics?.record(command, outcome);
    },
    serveLauncher: (caller) => serveLauncher(caller, launchers),
  };
  const calls = new Set<Promise<void>>();
  using socket = new DaemonSocket(loop, listener, {
    maxLineBytes: MAX_REQUEST_BYTES,
    refuse: (peer) => refuseCaller(peer, context),
    onConnection: (connection) => {
      const call = serveConnection(connection, daemon, context)
        .catch((error) => loop.report(error))
        .finally(() => calls.delete(call));
      calls.add(call);
    },
  });
  const check = new DaemonFileCheck(
    { locks, socket, pidFile, releaseNotes, metrics: service },
    { daemon, log },
  );
  // The file of a socket that a service manager passed may be gone already.
  await check.run();
  using _check = repeat(timers, CHECK_INTERVAL_MS, () => {
    limiter.report();
    check.run().catch((error) => loop.report(error));
  });
  const notify = (state: ServiceState): void => {
    try {
      serviceManager.notify(state);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      log("warn", "notify-failed", { state, reason: error.message });
    }
  };
  const { watchdogMs = Infinity } = serviceManager;
  // In the loop that serves calls and leases: the watchdog notices if it hangs.
  using _heartbeat = repeat(
    timers,
    watchdogMs / 2,
    () => notify("WATCHDOG=1"),
  );
  status = () => {
    const { leases, counters } = daemon.status();
    const total = Object.values(leases).reduce((sum, count) => sum + count, 0);
    return { leases: total, ...leases, ...counters };
  };
  log("info", "serving", {
    socket: socketPath,
    state: stateDir,
    ...(service?.address === undefined ? {} : { metrics: service.address }),
    version,
  });
  notify("READY=1");
  log("info", "stopping", { signal: await stop });
  notify("STOPPING=1");
  socket[Symbol.dispose]();
  daemon.watchers.end();
  await withTimeout(Promise.all(calls), STOP_TIMEOUT_MS);
  daemon.stop();
  await withTimeout(Promise.all(calls), DRAIN_TIMEOUT_MS);
  if (calls.size > 0) log("warn", "calls-abandoned", { calls: calls.size });
  await backgroundClosesDone();
  limiter.report();
  log("info", "stopped");
}

/**
 * Warns about missing capabilities.
 *
 * @returns Why no ADD can succeed; undefined if one can.
 * @throws {SystemError} if nothing works without one of them.
 */
function checkCapabilities(log: Log): string | undefined {
  const missing = missingCapabilities(effectiveCapabilities());
  for (const { name: capability, consequence, isFatal } of missing) {
    if (isFatal) {
      throw new SystemError(
        `missing capability ${capability}: ${consequence}`,
        {
          advice:
            "run the daemon as root, with the capabilities of its systemd unit",
        },
      );
    }
    log("warn", "capability-missing", { capability, consequence });
  }
  const worst = missing.find(({ failsEveryAdd }) => failsEveryAdd);
  return worst &&
    `the daemon lacks the capability ${worst.name}: ${worst.consequence}`;
}

/** Calls `body` every `intervalMs`, for the first time after that time. Infinity: never. */
function repeat(
  timers: Timers,
  intervalMs: number,
  body: () => void,
): Disposable {
  const set = (): void => timer.set(bootTimeMs() + intervalMs);
  const timer = timers.create(() => {
    set();
    body();
  });
  set();
  return timer;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
