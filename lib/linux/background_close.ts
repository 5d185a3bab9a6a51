/**
 * Closing descriptors on other threads.
 *
 * For a packet socket the kernel lets close(2) wait until no processor can still be delivering to
 * it. That takes 8 to 20 ms, for which the JavaScript event loop must not stand still.
 *
 * @module
 */

import { ParallelQueue } from "../base/parallel_queue.ts";
import type { Descriptor } from "./descriptor.ts";
import { libc } from "./libc.ts";

/**
 * Calls that wait at the same time wait for the same thing, so 8 threads close some 500 a second. A
 * busy event loop starts the next close late; without more threads, the descriptors that wait would
 * become more and more.
 */
const LIMITS = { usual: 8, backlog: 16, max: 64 };

let queue: ParallelQueue<number> | undefined;

/**
 * Closes a descriptor soon. It counts as closed at once. The caller disposes of its watch before.
 */
export function closeInBackground(descriptor: Descriptor): void {
  const fd = descriptor.release();
  if (fd === undefined) return;
  // Errors are ignored: a socket has no data to write back, so closing it cannot lose any.
  queue ??= new ParallelQueue((fd) => libc().close_blocking(fd), LIMITS);
  queue.add(fd);
}

/** Resolves when every descriptor given to {@link closeInBackground} is closed. */
export async function backgroundClosesDone(): Promise<void> {
  await queue?.done();
}
