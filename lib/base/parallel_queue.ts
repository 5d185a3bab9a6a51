/** A queue of work with a limited number of workers. Pure. @module */

/** How many workers there are. */
export interface QueueLimits {
  /** With a short queue. */
  readonly usual: number;
  /** How many waiting items add a worker. */
  readonly backlog: number;
  /** The maximum, however long the queue is. */
  readonly max: number;
}

/** A queue that adds workers as it grows. */
export class ParallelQueue<T> {
  readonly #work: (item: T) => Promise<unknown>;
  readonly #limits: QueueLimits;
  readonly #waiting: T[] = [];
  readonly #workers = new Set<Promise<void>>();

  /** @param work Handles an item. Must not reject. */
  constructor(work: (item: T) => Promise<unknown>, limits: QueueLimits) {
    this.#work = work;
    this.#limits = limits;
  }

  /** Adds an item; work on it begins at once or later. */
  add(item: T): void {
    this.#waiting.push(item);
    if (this.#workers.size >= this.#maxWorkers()) return;
    const worker = this.#empty().finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Resolves when all work is done. */
  async done(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  #maxWorkers(): number {
    const { usual, backlog, max } = this.#limits;
    return Math.min(usual + Math.floor(this.#waiting.length / backlog), max);
  }

  async #empty(): Promise<void> {
    for (
      let item = this.#waiting.shift();
      item !== undefined;
      item = this.#waiting.shift()
    ) await this.#work(item);
  }
}
