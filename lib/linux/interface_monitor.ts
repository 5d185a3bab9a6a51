/** Watching interfaces with the capabilities that there are. @module */

import type { InterfaceListener } from "../netlink/pending_events.ts";
import { bootTimeMs } from "./boottime_clock.ts";
import { isErrno } from "./errno.ts";
import type { EventLoop } from "./event_loop.ts";
import { LinkMonitor } from "./link_monitor.ts";
import type { Netns } from "./netns.ts";
import type { Timers } from "./timers.ts";

/** How often an interface is read whose events the kernel does not report. */
const POLL_MS = 5000;

/** Watches interfaces: by notifications, or by a timer if this process may not receive any. */
export class InterfaceMonitor implements Disposable {
  readonly #timers: Timers;
  readonly #monitor: LinkMonitor | undefined;

  /** @throws {SyscallError} if there are no descriptors left. */
  constructor(loop: EventLoop, timers: Timers) {
    this.#timers = timers;
    this.#monitor = unlessForbidden(() => new LinkMonitor(loop, timers));
  }

  /**
   * As {@link LinkMonitor.watch}. Without CAP_NET_BROADCAST and CAP_NET_ADMIN, `listener` is called
   * every few seconds instead.
   */
  watch(
    netns: Netns,
    ifIndex: number,
    listener: InterfaceListener,
  ): Disposable {
    const watch = unlessForbidden(() =>
      this.#monitor?.watch(netns, ifIndex, listener)
    );
    return watch ?? this.#poll(listener);
  }

  [Symbol.dispose](): void {
    this.#monitor?.[Symbol.dispose]();
  }

  #poll(listener: InterfaceListener): Disposable {
    const timer = this.#timers.create(() => {
      timer.set(bootTimeMs() + POLL_MS);
      listener("changed");
    });
    timer.set(bootTimeMs() + POLL_MS);
    return timer;
  }
}

function unlessForbidden<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (isErrno(error, "EPERM")) return undefined;
    throw error;
  }
}
