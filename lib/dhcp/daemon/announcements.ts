/** Announces a changed address to the hosts of its link (RFC 5227 section 2.3). @module */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { Timer } from "../../base/timer.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { AttachedInterface, Scheduler } from "./ports.ts";

/** ANNOUNCE_NUM and ANNOUNCE_INTERVAL (RFC 5227 section 1.1). */
const ANNOUNCEMENTS = 2;
const INTERVAL_MS = 2000;

/** What announcements need. */
export interface AnnouncementOptions {
  readonly attached: Pick<AttachedInterface, "announce">;
  readonly scheduler: Pick<Scheduler, "nowMs" | "timer">;
  readonly log: Log;
}

/** Announces one address at a time. A failure is logged and changes nothing else. */
export class Announcements implements Disposable {
  readonly #options: AnnouncementOptions;
  readonly #timer: Timer;
  #address: Ipv4Address | undefined;
  #left = 0;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
    this.#timer = options.scheduler.timer(() => this.#announce());
  }

  /** Announces an address now and once more later. */
  begin(address: Ipv4Address): void {
    this.#address = address;
    this.#left = ANNOUNCEMENTS;
    this.#announce();
  }

  /** Ends the announcements: the address is not used any more. */
  cancel(): void {
    this.#address = undefined;
    this.#timer.set(Infinity);
  }

  [Symbol.dispose](): void {
    this.cancel();
    this.#timer[Symbol.dispose]();
  }

  #announce(): void {
    const { attached, scheduler, log } = this.#options;
    const address = this.#address;
    if (address === undefined) return;
    this.#left -= 1;
    if (this.#left > 0) this.#timer.set(scheduler.nowMs() + INTERVAL_MS);
    try {
      attached.announce(address);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      log("warn", "announcement-failed", {
        address: formatIpAddress(address),
        reason: error.message,
      });
    }
  }
}
