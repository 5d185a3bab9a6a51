/** What one lease client has sent and received, and what went wrong last. @module */

import type { LogEvent } from "../../base/log_event.ts";
import type { Log } from "../../base/log_line.ts";
import type { ReportedProblem } from "../protocol/lease_report.ts";
import type { Metrics } from "./metrics.ts";

/** Warnings that follow from another one. */
const CONSEQUENCES: readonly LogEvent[] = ["link-set-down", "link-kept-up"];

/** The counters of one client, which also count for the daemon, and its last problem. */
export class LeaseActivity implements Pick<Metrics, "count"> {
  readonly #metrics: Pick<Metrics, "count">;
  readonly #packets = new Map<string, number>();
  #lastProblem: ReportedProblem | undefined;
  /** The log of the client: its last warning or error is the last problem. */
  readonly log: Log;

  constructor(
    { metrics, log, wallMs }: {
      /** The counters of the daemon. */
      readonly metrics: Pick<Metrics, "count">;
      readonly log: Log;
      /** Returns the wall clock in milliseconds since 1970. */
      readonly wallMs: () => number;
    },
  ) {
    this.#metrics = metrics;
    this.log = (level, event, fields) => {
      const isProblem = level === "warn" || level === "error";
      if (isProblem && !CONSEQUENCES.includes(event)) {
        const reason = [fields?.["reason"], fields?.["message"]]
          .filter((part) => part !== undefined && part !== "").join(": ");
        this.#lastProblem = { event, reason, atMs: wallMs() };
      }
      log(level, event, fields);
    };
  }

  /** How many messages were sent, received and dropped, by type. */
  get packets(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#packets);
  }

  /** Undefined if nothing went wrong. */
  get lastProblem(): ReportedProblem | undefined {
    return this.#lastProblem;
  }

  /** Counts a message. @param name As in {@link Metrics}. */
  count(name: Parameters<Metrics["count"]>[0]): void {
    this.#packets.set(name, (this.#packets.get(name) ?? 0) + 1);
    this.#metrics.count(name);
  }
}
