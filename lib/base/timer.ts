/** A timer, whichever clock it runs on. Pure. @module */

/** One timer. Disposing of it clears it. */
export interface Timer extends Disposable {
  /**
   * Calls back once at `atMs` on the clock of its owner, soon if that has passed. Replaces the time
   * set before; `Infinity` clears it.
   */
  set(atMs: number): void;
}
