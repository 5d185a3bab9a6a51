/**
 * Closing descriptors on other threads.
 *
 * For a packet socket the kernel lets close(2) wait until no processor can still be delivering to
 * it. That takes 8 to 20 ms, for which the JavaScript event loop must not stand still.
 *
 * @module
 */

import type { Descriptor } from "./descriptor.ts";
import { libc } from "./libc.ts";

/**
 * Calls that wait at the same time wait for the same thing, so 8 threads close some 600 a second.
 */
const MAX_AT_ONCE = 8;

const queue: number[] = [];
const running = new Set<Promise<void>>();

/**
 * Closes a descriptor soon. It counts as closed at once. The caller disposes of its watch before.
 */
export function closeInBackground(descriptor: Descriptor): void {
  const fd = descriptor.release();
  if (fd === undefined) return;
  queue.push(fd);
  if (running.size >= MAX_AT_ONCE) return;
  const closing = closeQueued().finally(() => running.delete(closing));
  running.add(closing);
}

/** Resolves when every descriptor given to {@link closeInBackground} is closed. */
export async function backgroundClosesDone(): Promise<void> {
  while (running.size > 0) await Promise.all(running);
}

async function closeQueued(): Promise<void> {
  for (let fd = queue.shift(); fd !== undefined; fd = queue.shift()) {
    // Errors are ignored: a socket has no data to write back, so closing it cannot lose any.
    await libc().close_blocking(fd);
  }
}
