/** Waiting for promises and values within a test, with a time limit. @module */

/** Reached only if something fails; long enough for a busy machine. */
const TIMEOUT_MS = 60_000;

/** Returns the value of `promise`. @throws {Error} if there is none within a minute. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${what}`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A queue of values that arrive; a test takes them one by one. */
export class Mailbox<T> {
  readonly #values: T[] = [];
  #notify: (() => void) | undefined;

  /** Adds a value. */
  readonly put = (value: T): void => {
    this.#values.push(value);
    this.#notify?.();
  };

  /** The number of values not taken yet. */
  get size(): number {
    return this.#values.length;
  }

  /**
   * Takes the first value that `accepts` accepts, and drops those before it.
   *
   * @throws {Error} after a minute.
   */
  async take(
    what: string,
    accepts: (value: T) => boolean = () => true,
  ): Promise<T> {
    return await soon(this.#take(accepts), what);
  }

  async #take(accepts: (value: T) => boolean): Promise<T> {
    for (;;) {
      while (this.#values.length > 0) {
        const [value] = this.#values.splice(0, 1) as [T];
        if (accepts(value)) return value;
      }
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
  }
}
