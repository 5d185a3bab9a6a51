/** The calls that the resident process runs, each as the plugin would run it. @module */

import type { LogFields } from "../../base/log_line.ts";
import { formatLogLine, type Log } from "../../base/log_line.ts";
import type { Plugin } from "../../cni/plugin.ts";
import { COMMANDS, parseCommand } from "../../cni/spec_version.ts";
import { CallMetrics } from "../../metrics/call_metrics.ts";
import type { MetricFamily } from "../../metrics/exposition.ts";
import type { LauncherRequest } from "../../resident/launcher_protocol.ts";
import {
  type Call,
  type CallContext,
  refuseCall,
  serveCall,
} from "../../resident/serve_call.ts";
import { nowMs } from "../../sys/clock.ts";
import { attempt } from "../../sys/files.ts";
import { readNamedFile } from "../../sys/small_file.ts";
import { BackgroundSync } from "../../sys/disk_sync.ts";
import { createTimer } from "../../sys/timer.ts";
import { relativePathIn } from "../foreign_paths.ts";
import { hostLocalHandlers } from "../handlers.ts";
import type { HostLocalPorts } from "../ports.ts";
import { diskStores } from "../store/open_store.ts";
import { NetworkLocks } from "../store/network_lock.ts";
import type { OnDemand } from "./on_demand.ts";
import { METRICS_PREFIX } from "../operator/address_metrics.ts";
import { atHostPrefix } from "./host_prefix.ts";
import type { CallerStream } from "../../resident/launcher_connection.ts";

/** The label of a call without a command that the specification has. */
const OTHER_COMMAND = "other";

/** Calls at the same time; the launchers of further ones run the standalone executable. */
const MAX_CALLS = 512;

/**
 * A call of a small network takes a millisecond or two; one that waits for the lock of a network
 * ten seconds.
 */
const BUCKET_SECONDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/**
 * Up to this many reservations it is faster to read them all than to open an index. In this process
 * SQLite is loaded only once.
 */
const INDEX_THRESHOLD = 24;

const TEXT = new TextDecoder();

/** What the calls have in common. */
interface CallsOptions {
  /** Prefix of every path in a network configuration. */
  readonly hostPrefix: string;
  readonly version: string;
  /** The log of this process; what a call logs goes to its launcher. */
  readonly log: Log;
  readonly onDemand: OnDemand;
}

/** Serves calls, and counts them. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #context: CallContext;
  readonly #locks = new NetworkLocks();
  readonly #sync = new BackgroundSync();
  readonly #running = new Set<Promise<void>>();
  readonly #metrics = new CallMetrics({
    prefix: METRICS_PREFIX,
    commands: COMMANDS,
    bucketSeconds: BUCKET_SECONDS,
  });
  #served = 0;
  #refused = 0;
  #isStopping = false;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#context = {
      plugin: (call) => this.#plugin(call),
      refusal: (request) => this.#refusal(request),
      isStopping: () => this.#isStopping,
      log: options.log,
      nowMs: () => performance.now(),
      timer: createTimer,
    };
  }

  /** Serves the call of a connection. */
  serve(stream: CallerStream): void {
    const call = this.#serve(stream)
      .finally(() => this.#running.delete(call));
    this.#running.add(call);
  }

  /** From now on no call begins to run. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Resolves when all calls have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** How many calls run now, and how many there have been. */
  status(): LogFields & { readonly running: number } {
    return {
      running: this.#running.size,
      served: this.#served,
      refused: this.#refused,
    };
  }

  /** Returns the metrics of the calls. */
  families(): readonly MetricFamily[] {
    return [
      ...this.#metrics.families(),
      {
        name: `${METRICS_PREFIX}_calls_running`,
        help: "Calls that are running now",
        type: "gauge",
        samples: [{ value: this.#running.size }],
      },
      {
        name: `${METRICS_PREFIX}_calls_refused_total`,
        help: "Calls that were refused: the launcher ran them itself",
        type: "counter",
        samples: [{ value: this.#refused }],
      },
    ];
  }

  async #serve(stream: CallerStream): Promise<void> {
    if (this.#running.size < MAX_CALLS) {
      return await serveCall(stream, this.#context);
    }
    const reason = this.#noteRefusal(`more than ${MAX_CALLS} calls`);
    await refuseCall(stream, reason, this.#context);
  }

  #noteRefusal(reason: string): string {
    this.#refused++;
    this.#options.log("info", "call-refused", { reason });
    return reason;
  }

  #refusal({ root, stdin }: LauncherRequest): string | undefined {
    const reason = this.#isStopping
      ? "the resident process is stopping"
      : this.#isOwnRoot(root)
      ? relativePathIn(TEXT.decode(stdin))
      : "the root directory is another";
    return reason === undefined ? undefined : this.#noteRefusal(reason);
  }

  #isOwnRoot({ device, inode }: LauncherRequest["root"]): boolean {
    const path = `${this.#options.hostPrefix}/`;
    const { dev, ino } = attempt("stat", path, () => Deno.statSync(path));
    return dev === device && ino === inode;
  }

  #plugin({ request, writeStderr, ...caller }: Call): Plugin {
    const startMs = performance.now();
    this.#served++;
    const { hostPrefix, version, onDemand } = this.#options;
    const command = TEXT.decode(request.environment.get("CNI_COMMAND"));
    this.#options.log("debug", "call-started", { command, pid: request.pid });
    const log: Log = (level, event, fields) =>
      writeStderr(formatLogLine(level, event, fields));
    const ports: HostLocalPorts = {
      stores: diskStores({
        log,
        loadHistory: onDemand.loadHistory,
        locks: this.#locks,
        caller,
        takesTurns: true,
        indexThreshold: INDEX_THRESHOLD,
        sync: this.#sync,
      }),
      readNamedFile,
      nowMs,
      log,
      // At another place the traces are those of this container, not of the host.
      ...(hostPrefix === ""
        ? { findReclaimable: onDemand.findReclaimable }
        : {}),
    };
    const handlers = hostLocalHandlers(atHostPrefix(hostPrefix, ports));
    return {
      name: "host-local",
      version,
      handlers,
      onEnd: (code) => {
        const durationMs = performance.now() - startMs;
        this.#metrics.record(parseCommand(command) ?? OTHER_COMMAND, {
          code,
          seconds: durationMs / 1000,
        });
        this.#options.log("debug", "call-ended", {
          command,
          pid: request.pid,
          code,
          durationMs: Math.round(durationMs),
        });
      },
    };
  }
}
