/** File descriptors that are closed once. @module */

import { checked } from "./errno.ts";
import { libc } from "./libc.ts";

/** Owns one file descriptor; hold it with `using`, or give it to an owner that disposes of it. */
export class Descriptor implements Disposable {
  #fd: number | undefined;

  /** @param fd An open descriptor that nobody else closes. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The number. @throws {TypeError} after closing, when the number may be another file's. */
  get fd(): number {
    if (this.#fd === undefined) throw new TypeError("Descriptor is closed");
    return this.#fd;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#fd === undefined;
  }

  /** Gives it up without closing it: who asks has to. Undefined if it is closed already. */
  release(): number | undefined {
    const fd = this.#fd;
    this.#fd = undefined;
    return fd;
  }

  /** Closes it; the second time does nothing. */
  [Symbol.dispose](): void {
    const fd = this.release();
    if (fd === undefined) return;
    checked(libc().close(fd), "close");
  }
}

/** `owner` made ready by `prepare`, or closed if that throws. */
export function prepared<T extends Disposable>(
  owner: T,
  prepare: (owner: T) => void,
): T {
  try {
    prepare(owner);
    return owner;
  } catch (error) {
    owner[Symbol.dispose]();
    throw error;
  }
}
