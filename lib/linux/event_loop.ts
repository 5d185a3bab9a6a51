/**
 * One epoll instance for all descriptors. One extra thread waits on it, so the JavaScript event
 * loop stays free. Callbacks run on the JavaScript event loop, one after the other.
 *
 * @module
 */

import { Descriptor } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { EPOLL_EVENT, libc, pinnedBytes } from "./libc.ts";

/** Events of a descriptor (epoll_ctl(2)). ERR and HUP are always reported. */
export const EPOLL = { IN: 0x1, OUT: 0x4, ERR: 0x8, HUP: 0x10 } as const;

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EFD_FLAGS = 0x80000 | 0x800;
const NEVER_MS = -1;
const MAX_EVENTS = 64;

/** A descriptor in the loop. Dispose of it before closing the descriptor. */
export interface Watch extends Disposable {
  /** Sets the events to wait for (`EPOLL.IN | ...`). They are level-triggered. */
  modify(events: number): void;
}

/**
 * Receives the events that are ready. It must consume what makes them ready, or change the watch.
 */
export type ReadyCallback = (events: number) => void;

/** The event loop. It keeps the process alive until it is disposed of. */
export class EventLoop implements AsyncDisposable {
  readonly #epoll: Descriptor;
  readonly #wake: Descriptor;
  readonly #onError: (error: unknown) => void;
  readonly #callbacks = new Map<number, ReadyCallback>();
  readonly #events = pinnedBytes(MAX_EVENTS * EPOLL_EVENT.size);
  readonly #view = new DataView(this.#events.buffer);
  readonly #running: Promise<void>;
  #lastId = 0;
  #isClosing = false;

  /**
   * @param onError Receives what a callback throws, which is a bug; the loop continues. Also
   *   receives the error if waiting itself fails, which ends the loop.
   * @throws {SyscallError} if the process is out of descriptors.
   */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#epoll = new Descriptor(
      checked(libc().epoll_create1(EPOLL_CLOEXEC), "epoll_create1"),
    );
    this.#wake = new Descriptor(
      checked(libc().eventfd(0, EFD_FLAGS), "eventfd"),
    );
    this.watch(this.#wake, EPOLL.IN, () => {});
    this.#running = this.#run().catch(onError);
  }

  /**
   * Calls `callback` on the JavaScript event loop whenever one of `events` is ready on
   * `descriptor`.
   *
   * @throws {SyscallError} EEXIST if the descriptor is in the loop already.
   */
  watch(
    descriptor: Descriptor,
    events: number,
    callback: ReadyCallback,
  ): Watch {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#control(EPOLL_CTL_ADD, descriptor, events, id);
    this.#callbacks.set(id, callback);
    let current = events;
    return {
      modify: (events) => {
        if (events === current || !this.#callbacks.has(id)) return;
        current = events;
        this.#control(EPOLL_CTL_MOD, descriptor, events, id);
      },
      [Symbol.dispose]: () => {
        if (!this.#callbacks.delete(id)) return;
        // Closing has removed it already, unless another process shares the descriptor.
        if (descriptor.isClosed || this.#epoll.isClosed) return;
        this.#control(EPOLL_CTL_DEL, descriptor, 0, id);
      },
    };
  }

  /** Runs `body`. What it throws goes to `onError`, so that other callbacks still run. */
  guard(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.report(error);
    }
  }

  /** Passes an error to `onError`. */
  report(error: unknown): void {
    this.#onError(error);
  }

  /** Ends the loop; no callback runs any more. The watched descriptors stay open. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      const one = BigUint64Array.of(1n);
      const result = libc().write(this.#wake.fd, one, 8n);
      checked(result, "write eventfd");
    }
    await this.#running;
    this.#wake[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
  }

  #control(
    operation: number,
    { fd }: Descriptor,
    events: number,
    id: number,
  ): void {
    const event = new DataView(new ArrayBuffer(EPOLL_EVENT.size));
    event.setUint32(0, events, true);
    // A separate id, not the descriptor number: when a number is reused, the new descriptor must
    // not get events of the old one.
    event.setBigUint64(EPOLL_EVENT.dataOffset, BigInt(id), true);
    const result = libc().epoll_ctl(this.#epoll.fd, operation, fd, event);
    checked(result, "epoll_ctl", String(fd));
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      const count = await libc().epoll_wait_blocking(
        this.#epoll.fd,
        this.#events,
        MAX_EVENTS,
        NEVER_MS,
      );
      // The errno of a failure is lost on the other thread: poll once more on this one, without
      // waiting.
      this.#dispatch(count < 0 ? this.#poll() : count);
    }
  }

  #poll(): number {
    try {
      const result = libc().epoll_wait(
        this.#epoll.fd,
        this.#events,
        MAX_EVENTS,
        0,
      );
      return checked(result, "epoll_wait");
    } catch (error) {
      if (isErrno(error, "EINTR")) return 0;
      throw error;
    }
  }

  #dispatch(count: number): void {
    for (let index = 0; index < count && !this.#isClosing; index++) {
      const offset = index * EPOLL_EVENT.size;
      const events = this.#view.getUint32(offset, true);
      const id = this.#view.getBigUint64(
        offset + EPOLL_EVENT.dataOffset,
        true,
      );
      this.guard(() => this.#callbacks.get(Number(id))?.(events));
    }
  }
}
