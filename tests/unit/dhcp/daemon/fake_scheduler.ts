/** A clock and its timers, in memory: time passes only when a test says so. @module */

import type { Scheduler } from "../../../../lib/dhcp/daemon/ports.ts";
import type { Timer } from "../../../../lib/base/timer.ts";

/** A clock that stands still until a test advances it. */
export class FakeScheduler implements Scheduler {
  #nowMs = 1_000_000;
  readonly #due = new Map<object, { atMs: number; run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  timer(callback: () => void): Timer {
    const key = {};
    return {
      set: (atMs) => {
        if (atMs === Infinity) this.#due.delete(key);
        else this.#due.set(key, { atMs, run: callback });
      },
      [Symbol.dispose]: () => this.#due.delete(key),
    };
  }

  /** Calls `run` after some time. */
  after(ms: number, run: () => void): void {
    this.timer(run).set(this.#nowMs + ms);
  }

  /** Clears all timers. */
  clear(): void {
    this.#due.clear();
  }

  /** Lets time pass; each timer fires at its time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await flush();
      const [next] = this.#inOrder();
      if (next === undefined || next.atMs > endMs) break;
      this.#due.delete(next.key);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = endMs;
    await flush();
  }

  /** Lets time pass while the process does not run: all due timers fire in one turn. */
  async stall(ms: number): Promise<void> {
    this.skip(ms);
    for (const { key, atMs, run } of this.#inOrder()) {
      if (atMs <= this.#nowMs && this.#due.delete(key)) run();
    }
    await flush();
  }

  /** Lets time pass without any timer. */
  skip(ms: number): void {
    this.#nowMs += ms;
  }

  /** Waits for `promise`, while as much time passes as it needs. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => isSettled = true);
    watched.catch(() => {});
    for (let turn = 0; turn < 100_000; turn++) {
      await flush();
      if (isSettled) return await watched;
      const [next] = this.#inOrder();
      if (next === undefined) throw new Error("no timer is left");
      await this.advance(next.atMs - this.#nowMs);
    }
    throw new Error("the promise is never settled");
  }

  #inOrder(): readonly {
    readonly key: object;
    readonly atMs: number;
    readonly run: () => void;
  }[] {
    return [...this.#due].map(([key, timer]) => ({ key, ...timer }))
      .sort((a, b) => a.atMs - b.atMs);
  }
}

/** Lets everything happen that needs no time. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}
