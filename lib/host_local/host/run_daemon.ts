/**
 * The resident process, `host-local daemon`: runs the plugin's handlers for calls that launchers
 * forward.
 *
 * `main_host_local.ts` loads this module only for the daemon: the plugin runs for every command and
 * needs none of it.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { LogLimiter } from "../../base/log_limiter.ts";
import { nowMs } from "../../sys/clock.ts";
import { runDaemonProcess } from "../../sys/daemon_process.ts";
import { MetricsService } from "../../sys/metrics_service.ts";
import { checkPidFilePath, PidFile } from "../../sys/pid_file.ts";
import {
  isSocketPassed,
  type ServiceState,
} from "../../sys/service_variables.ts";
import { onStatusSignal, stopSignal } from "../../sys/signals.ts";
import { withTimeout } from "../../sys/timeout.ts";
import { DAEMON_FLAGS, type DaemonFlags } from "../daemon_flags.ts";
import { listenActivated } from "./activated_listener.ts";
import {
  type CallListener,
  type OnConnection,
  OwnListener,
} from "./call_listener.ts";
import { Calls } from "./calls.ts";
import { daemonMetrics } from "./daemon_metrics.ts";
import { FileCheck } from "../../sys/file_check.ts";
import type { OnDemand } from "./on_demand.ts";
import { ServiceManager } from "./service_manager.ts";

/** How long running calls may take after a stop signal. TimeoutStopSec of the unit is longer. */
const STOP_TIMEOUT_MS = 10_000;
/** How often the process checks its files and reports suppressed log lines. */
const CHECK_INTERVAL_MS = 3000;

/** What the entry point gives the daemon. */
interface DaemonOptions {
  readonly version: string;
  readonly onDemand: OnDemand;
}

/**
 * Serves calls until it receives SIGTERM, SIGINT or SIGQUIT.
 *
 * @param args The command line after `daemon`.
 * @param options `onDemand`: what only some calls need.
 * @returns The exit status.
 */
export async function runDaemon(
  args: readonly string[],
  options: DaemonOptions,
): Promise<number> {
  return await runDaemonProcess(args, {
    flags: DAEMON_FLAGS,
    nowMs: () => performance.now(),
    serve: (flags, limiter) => serve(flags, options, limiter),
  });
}

async function serve(
  flags: DaemonFlags,
  { version, onDemand }: DaemonOptions,
  limiter: LogLimiter,
): Promise<void> {
  const { log } = limiter;
  const startMs = nowMs();
  const stop = stopSignal();
  const { hostPrefix } = flags;
  const socketPath = `${hostPrefix}${flags.socketPath}`;
  using serviceManager = new ServiceManager(Deno.env, {
    pid: Deno.pid,
    ownPath: `${socketPath}.notify`,
  });
  checkPidFilePath(flags.pidFile);
  const calls = new Calls({ hostPrefix, version, log, onDemand });
  onStatusSignal((signal) =>
    log("info", "status-reported", { signal, ...calls.status() })
  );
  using listener = await listen(socketPath, (stream) => calls.serve(stream));
  using metrics = flags.metrics === ""
    ? undefined
    : await MetricsService.open(flags.metrics, {
      hostPrefix,
      advice:
        "use unix:/run/cni/host-local-metrics.sock, 127.0.0.1:PORT or [::1]:PORT",
      log,
      text: daemonMetrics({
        hostPrefix,
        version,
        startMs,
        monotonicMs: () => performance.now(),
        callFamilies: () => calls.families(),
      }),
    });
  using pidFile = new PidFile(flags.pidFile);
  const files = new FileCheck([
    listener,
    pidFile,
    ...(metrics === undefined ? [] : [metrics]),
  ], log);
  using _check = repeat(CHECK_INTERVAL_MS, () => {
    limiter.report();
    files.run();
  });
  const notify = (state: ServiceState): Promise<void> =>
    serviceManager.notify(state).catch((error) => {
      if (!(error instanceof SystemError)) throw error;
      log("warn", "notify-failed", { state, reason: error.message });
    });
  const { watchdogMs } = serviceManager;
  // In the loop that serves calls: the watchdog notices if it hangs.
  using _heartbeat = watchdogMs === undefined
    ? undefined
    : repeat(watchdogMs / 2, () => notify("WATCHDOG=1"));
  log("info", "serving", {
    socket: listener.path,
    ...(metrics?.address === undefined ? {} : { metrics: metrics.address }),
    version,
  });
  await notify("READY=1");
  log("info", "stopping", { signal: await stop });
  calls.stop();
  listener[Symbol.dispose]();
  await notify("STOPPING=1");
  await withTimeout(calls.ended(), STOP_TIMEOUT_MS);
  const { running } = calls.status();
  if (running > 0) log("warn", "calls-abandoned", { calls: running });
  limiter.report();
  log("info", "stopped");
}

/** Listens on the socket that systemd has passed, if it has; otherwise at `path`. */
async function listen(
  path: string,
  onConnection: OnConnection,
): Promise<CallListener> {
  return isSocketPassed(Deno.env, Deno.pid)
    ? await listenActivated(onConnection)
    : await OwnListener.open(path, onConnection);
}

/** Calls `body` every `intervalMs`. */
function repeat(intervalMs: number, body: () => void): Disposable {
  const id = setInterval(body, intervalMs);
  return { [Symbol.dispose]: () => clearInterval(id) };
}
