/**
 * Who is to be told what of which interface, and how often.
 *
 * What happens in a container is for the container to decide, and may happen all the time. Who hears of it looks at the
 * interface, which costs more than to make it happen; so news of one interface are told as one, not too often, and only so
 * many in one turn of the loop. The first ones are told at once and the last is never lost. @module
 */

import { Pace } from "../base/rate_limiter.ts";
import type { InterfaceEvent } from "./notification.ts";

/** News of one interface: enough at once for all the steps of an ADD, then ten a second. */
const NEWS = { intervalMs: 100, burst: 8 };
/** That notifications were lost, which concerns every interface. */
const LOSSES = { intervalMs: 1000, burst: 1 };
/** To look at one interface takes some 0.1 ms. */
const TOLD_PER_TURN = 16;

/** Is told what happened; the interface may be another by then. */
export type LinkListener = (event: InterfaceEvent) => void;

interface Watched {
  readonly listeners: Set<LinkListener>;
  readonly pace: Pace;
}

/** The listeners of one monitor. */
export class LinkListeners {
  /** By number of the namespace and of the interface. */
  readonly #watched = new Map<number, Map<number, Watched>>();
  /** What is still to be told, in the order in which it is. */
  readonly #news = new Map<Watched, InterfaceEvent>();
  readonly #losses = new Pace(LOSSES);
  #hasLost = false;

  /** @returns Dispose of it to hear no more. */
  add(netnsId: number, ifIndex: number, listener: LinkListener): Disposable {
    const interfaces = this.#watched.get(netnsId) ?? new Map();
    this.#watched.set(netnsId, interfaces);
    const watched: Watched = interfaces.get(ifIndex) ??
      { listeners: new Set(), pace: new Pace(NEWS) };
    interfaces.set(ifIndex, watched);
    // A function of its own, so that one listener can watch twice.
    const own: LinkListener = (event) => listener(event);
    watched.listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        watched.listeners.delete(own);
        if (watched.listeners.size > 0) return;
        this.#news.delete(watched);
        if (interfaces.get(ifIndex) !== watched) return;
        interfaces.delete(ifIndex);
        if (interfaces.size > 0) return;
        if (this.#watched.get(netnsId) === interfaces) {
          this.#watched.delete(netnsId);
        }
      },
    };
  }

  /** Whether anybody listens to interfaces of a namespace. */
  has(netnsId: number): boolean {
    return this.#watched.has(netnsId);
  }

  /** Something happened to an interface. */
  put(netnsId: number, ifIndex: number, event: InterfaceEvent): void {
    const watched = this.#watched.get(netnsId)?.get(ifIndex);
    if (watched !== undefined) this.#news.set(watched, event);
  }

  /** A namespace is gone. Its listeners are told so, and nothing after that: its number may be another's now. */
  putEnd(netnsId: number): void {
    const interfaces = this.#watched.get(netnsId);
    this.#watched.delete(netnsId);
    for (const watched of interfaces?.values() ?? []) {
      this.#news.set(watched, "netns-gone");
    }
  }

  /** Nobody knows what happened: everything may be another. */
  putLoss(): void {
    this.#hasLost = true;
  }

  /**
   * Tells what may be told.
   *
   * @param guard Runs each listener, and lets nothing through that it throws.
   * @returns When to call again; Infinity if there is nothing to tell.
   */
  tell(nowMs: number, guard: (body: () => void) => void): number {
    if (this.#hasLost && this.#losses.nextMs <= nowMs) this.#takeLoss(nowMs);
    let nextMs = this.#hasLost ? this.#losses.nextMs : Infinity;
    let told = 0;
    for (const [watched, event] of this.#news) {
      const dueMs = watched.pace.nextMs;
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs);
        continue;
      }
      if (told === TOLD_PER_TURN) return nowMs;
      told += 1;
      this.#news.delete(watched);
      watched.pace.take(nowMs);
      for (const listener of [...watched.listeners]) {
        if (watched.listeners.has(listener)) guard(() => listener(event));
      }
    }
    return nextMs;
  }

  #takeLoss(nowMs: number): void {
    this.#hasLost = false;
    this.#losses.take(nowMs);
    for (const interfaces of this.#watched.values()) {
      for (const watched of interfaces.values()) {
        if (!this.#news.has(watched)) this.#news.set(watched, "changed");
      }
    }
  }
}
