/**
 * Any number of timers on one descriptor of the event loop (timerfd_create(2)). A deadline that
 * passes while the machine is suspended fires as soon as it resumes.
 *
 * @module
 */

import { bootTimeMs, CLOCK_BOOTTIME } from "./boottime_clock.ts";
import { type Deadline, DeadlineHeap } from "../base/deadline_heap.ts";
import type { Timer } from "../base/timer.ts";
import { Descriptor } from "./descriptor.ts";
import { checked } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { libc } from "./libc.ts";

const TFD_FLAGS = 0x80000 | 0x800;
const TFD_TIMER_ABSTIME = 1;
/** Some 3000 years. The kernel is not asked to wait longer than that at once. */
const MAX_DEADLINE_MS = 1e14;
const NS_PER_S = 1_000_000_000;
const NS_PER_MS = 1_000_000;

/** The timers of a process. */
export class Timers implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #watch: Watch;
  readonly #heap = new DeadlineHeap<() => void>();
  readonly #loop: EventLoop;
  #armedMs = Infinity;

  /** @throws {SyscallError} if the process is out of descriptors. */
  constructor(loop: EventLoop) {
    this.#loop = loop;
    this.#descriptor = new Descriptor(
      checked(
        libc().timerfd_create(CLOCK_BOOTTIME, TFD_FLAGS),
        "timerfd_create",
      ),
    );
    this.#watch = loop.watch(this.#descriptor, EPOLL.IN, () => this.#fire());
  }

  /** Creates a timer that is not set. */
  create(callback: () => void): Timer {
    const entry: Deadline<() => void> = {
      value: callback,
      atMs: Infinity,
      index: undefined,
    };
    const clear = (): void => {
      this.#heap.clear(entry);
      this.#arm();
    };
    return {
      set: (atMs) => {
        if (atMs === Infinity) return clear();
        this.#heap.set(entry, atMs);
        this.#arm();
      },
      [Symbol.dispose]: clear,
    };
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
  }

  #fire(): void {
    // Timers that a callback sets to a time in the past wait for the next turn of the loop.
    const nowMs = bootTimeMs();
    for (;;) {
      const first = this.#heap.first;
      if (first === undefined || first.atMs > nowMs) break;
      this.#heap.clear(first);
      this.#loop.guard(first.value);
    }
    // The armed deadline has fired. Arming the descriptor again also makes it unreadable.
    this.#armedMs = NaN;
    this.#arm();
  }

  #arm(): void {
    const atMs = this.#heap.first?.atMs ?? Infinity;
    if (atMs === this.#armedMs || this.#descriptor.isClosed) return;
    this.#armedMs = atMs;
    // struct itimerspec { struct timespec interval; struct timespec value; }
    // A zero value disarms the timer.
    const spec = new BigInt64Array(4);
    if (atMs !== Infinity) {
      const ms = Math.min(Math.max(atMs, 0), MAX_DEADLINE_MS);
      const seconds = Math.floor(ms / 1e3);
      const rest = Math.ceil((ms - seconds * 1e3) * NS_PER_MS);
      spec[2] = BigInt(seconds);
      spec[3] = BigInt(Math.min(Math.max(rest, 1), NS_PER_S - 1));
    }
    const { fd } = this.#descriptor;
    const result = libc().timerfd_settime(fd, TFD_TIMER_ABSTIME, spec, null);
    checked(result, "timerfd_settime");
  }
}
