/** What is remembered about the addresses of a network, in its file `.history`. @module */

import type { Log } from "../../base/log_line.ts";
import { bootIdSeconds, nowMs, uptimeSeconds } from "../../sys/clock.ts";
import {
  AddressHistory,
  type AddressUse,
  type HistorySettings,
  type Moment,
} from "../address_history.ts";
import { bestEffort } from "./best_effort.ts";
import type { NetworkDirectory } from "./network_directory.ts";

/** Returns the present moment. */
export function presentMoment(): Moment {
  return {
    bootId: bootIdSeconds() ?? 0,
    uptimeSeconds: uptimeSeconds(),
    atMs: nowMs(),
  };
}

/**
 * The file, read at most once. No call fails because of it: what cannot be read or written is
 * logged, and forgotten.
 */
export class HistoryFile {
  readonly settings: HistorySettings;
  /** When this call began to use it. */
  readonly now: Moment;
  readonly #directory: NetworkDirectory;
  readonly #log: Log;
  #history: AddressHistory | undefined;

  constructor(
    directory: NetworkDirectory,
    { settings, log, now = presentMoment() }: {
      readonly settings: HistorySettings;
      readonly log: Log;
      readonly now?: Moment;
    },
  ) {
    this.settings = settings;
    this.now = now;
    this.#directory = directory;
    this.#log = log;
  }

  /** What the file says. */
  get history(): AddressHistory {
    if (this.#history !== undefined) return this.#history;
    let text: string | undefined;
    bestEffort(this.#log, "history-unreadable", () => {
      text = this.#directory.readHistory();
    });
    return this.#history = AddressHistory.parse(text);
  }

  /**
   * Records uses of addresses. A release is recorded before the reservation is removed: if this
   * process ends in between, the reservation still holds the address, and is released again.
   */
  record(uses: readonly AddressUse[]): void {
    if (uses.length === 0) return;
    const { settings, now } = this;
    const { kind, text } = this.history.record(uses, { settings, now });
    bestEffort(
      this.#log,
      "history-not-written",
      () =>
        kind === "append"
          ? this.#directory.appendHistory(text)
          : this.#directory.replaceHistory(text),
    );
  }
}
