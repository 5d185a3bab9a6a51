/** File descriptors that are closed once. @module */

import { checked } from "./errno.ts";
import { libc } from "./libc.ts";

/** Owns one file descriptor. Hold it with `using`, or give it to an owner that disposes of it. */
export class Descriptor implements Disposable {
  #fd: number | undefined;

  /** @param fd An open descriptor that nothing else closes. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The number. @throws {TypeError} if it is closed: the number may be another file's by now. */
  get fd(): number {
    if (this.#fd === undefined) throw new TypeError("Descriptor is closed");
    return this.#fd;
  }

  /** Whether it is closed or released. */
  get isClosed(): boolean {
    return this.#fd === undefined;
  }

  /**
   * Releases the number without closing it. The caller has to close it.
   *
   * @returns Undefined if it is closed already.
   */
  release(): number | undefined {
    const fd = this.#fd;
    this.#fd = undefined;
    return fd;
  }

  /** Closes it; closing it again does nothing. */
  [Symbol.dispose](): void {
    const fd = this.release();
    if (fd === undefined) return;
    checked(libc().close(fd), "close");
  }
}

/** Runs `prepare` with `owner` and returns `owner`. If `prepare` throws, disposes of `owner`. */
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
