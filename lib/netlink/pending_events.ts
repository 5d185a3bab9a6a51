/**
 * Interface events that wait for delivery, and who listens to which interface. Pure.
 *
 * A container decides how often its interfaces change, and a listener that reads the interface
 * spends more time on an event than the container does on causing it. So the events of one
 * interface are merged and rate-limited, and one call delivers only a bounded number of them. The
 * first events are delivered at once, and the last one is never lost.
 *
 * @module
 */

import { RateLimiter } from "../base/rate_limiter.ts";
import type { InterfaceEvent } from "./notification.ts";

/**
 * Events of one interface: a burst that is enough for all the steps of an ADD, then 10 a second.
 */
const EVENT_LIMIT = { intervalMs: 100, burst: 8 };
/** Lost notifications, which concern every interface. */
const LOSS_LIMIT = { intervalMs: 1000, burst: 1 };
/** A listener takes some 0.1 ms to read its interface. */
const MAX_DELIVERIES = 16;

/** Receives events. By then the interface may have changed again. */
export type InterfaceListener = (event: InterfaceEvent) => void;

/** One interface that has listeners. */
interface Subject {
  readonly listeners: Set<InterfaceListener>;
  readonly limiter: RateLimiter;
}

/** The listeners and pending events of one monitor. */
export class PendingEvents {
  /** By namespace id and interface index. */
  readonly #subjects = new Map<number, Map<number, Subject>>();
  /** The latest event of each interface, in the order of delivery. */
  readonly #pending = new Map<Subject, InterfaceEvent>();
  readonly #lossLimiter = new RateLimiter(LOSS_LIMIT);
  #hasLoss = false;

  /** Adds a listener to an interface. @returns Dispose of it to remove the listener. */
  listen(
    netnsId: number,
    ifIndex: number,
    listener: InterfaceListener,
  ): Disposable {
    const interfaces = this.#subjects.get(netnsId) ?? new Map();
    this.#subjects.set(netnsId, interfaces);
    const subject: Subject = interfaces.get(ifIndex) ??
      { listeners: new Set(), limiter: new RateLimiter(EVENT_LIMIT) };
    interfaces.set(ifIndex, subject);
    // A new function, so that the same listener can be added twice.
    const own: InterfaceListener = (event) => listener(event);
    subject.listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        subject.listeners.delete(own);
        if (subject.listeners.size > 0) return;
        this.#pending.delete(subject);
        if (interfaces.get(ifIndex) !== subject) return;
        interfaces.delete(ifIndex);
        if (interfaces.size > 0) return;
        if (this.#subjects.get(netnsId) === interfaces) {
          this.#subjects.delete(netnsId);
        }
      },
    };
  }

  /** Returns whether an interface of this namespace has a listener. */
  hasListeners(netnsId: number): boolean {
    return this.#subjects.has(netnsId);
  }

  /**
   * Adds an event of an interface. It replaces an earlier one that is still pending, except that an
   * interface that is up again was down.
   */
  add(netnsId: number, ifIndex: number, event: InterfaceEvent): void {
    const subject = this.#subjects.get(netnsId)?.get(ifIndex);
    if (subject === undefined) return;
    const wasDown = this.#pending.get(subject) === "set-down";
    if (event !== "changed" || !wasDown) this.#pending.set(subject, event);
  }

  /**
   * Adds the end of a namespace. Its listeners receive `netns-gone` and nothing after it, because
   * another namespace can have the id from now on.
   */
  addNetnsEnd(netnsId: number): void {
    const interfaces = this.#subjects.get(netnsId);
    this.#subjects.delete(netnsId);
    for (const subject of interfaces?.values() ?? []) {
      this.#pending.set(subject, "netns-gone");
    }
  }

  /** Adds the loss of notifications: every interface may have changed. */
  addLoss(): void {
    this.#hasLoss = true;
  }

  /**
   * Delivers the events that are due.
   *
   * @param guard Runs each listener and handles what it throws.
   * @returns When to call again; `Infinity` if nothing is pending.
   */
  deliver(nowMs: number, guard: (body: () => void) => void): number {
    if (this.#hasLoss && this.#lossLimiter.nextAllowedMs <= nowMs) {
      this.#spreadLoss(nowMs);
    }
    let nextMs = this.#hasLoss ? this.#lossLimiter.nextAllowedMs : Infinity;
    let deliveries = 0;
    for (const [subject, event] of this.#pending) {
      const dueMs = subject.limiter.nextAllowedMs;
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs);
        continue;
      }
      if (deliveries === MAX_DELIVERIES) return nowMs;
      deliveries += 1;
      this.#pending.delete(subject);
      subject.limiter.count(nowMs);
      for (const listener of [...subject.listeners]) {
        if (subject.listeners.has(listener)) guard(() => listener(event));
      }
    }
    return nextMs;
  }

  #spreadLoss(nowMs: number): void {
    this.#hasLoss = false;
    this.#lossLimiter.count(nowMs);
    for (const interfaces of this.#subjects.values()) {
      for (const subject of interfaces.values()) {
        if (!this.#pending.has(subject)) this.#pending.set(subject, "changed");
      }
    }
  }
}
