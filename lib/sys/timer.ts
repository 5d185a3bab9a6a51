/** Timers of the runtime's event loop. @module */

import type { Timer } from "../base/timer.ts";
import { MAX_TIMER_MS } from "./timeout.ts";

/** Creates a timer on the clock of `performance.now`. It is not set. */
export function createTimer(callback: () => void): Timer {
  let id: ReturnType<typeof setTimeout> | undefined;
  return {
    set: (atMs) => {
      clearTimeout(id);
      if (atMs === Infinity) return;
      const delayMs = Math.min(atMs - performance.now(), MAX_TIMER_MS);
      id = setTimeout(callback, delayMs);
    },
    [Symbol.dispose]: () => clearTimeout(id),
  };
}
