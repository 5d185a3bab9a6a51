/** Waiting for what a test expects, with an end. @module */

/** Reached only if something fails; long enough for a busy machine. */
const LIMIT_MS = 60_000;

/** The value of `promise`; fails the test if there is none after a minute. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${what}`)), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Values as they come in; a test takes them one by one. */
export class Mailbox<T> {
  readonly #values: T[] = [];
  #notify: (() => void) | undefined;

  /** Puts a value in. */
  readonly put = (value: T): void => {
    this.#values.push(value);
    this.#notify?.();
  };

  /** Values that nobody took. */
  get size(): number {
    return this.#values.length;
  }

  /** The first value that `accepts` accepts; those before it are thrown away. Fails after a minute. */
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
