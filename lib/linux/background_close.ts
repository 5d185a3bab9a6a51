/**
 * Closing descriptors on other threads.
 *
 * The kernel lets close(2) of a packet socket wait until no processor can still be delivering to it: 8 to 20 ms, which the
 * loop of JavaScript must not stand still for. @module
 */

import type { Descriptor } from "./descriptor.ts";
import { libc } from "./libc.ts";

/** Those that wait at the same time wait for the same thing, so eight threads close some 600 a second. */
const MAX_AT_ONCE = 8;

const queue: number[] = [];
const running = new Set<Promise<void>>();

/** Closes it soon. It counts as closed at once; dispose of its watch before. */
export function closeInBackground(descriptor: Descriptor): void {
  const fd = descriptor.release();
  if (fd === undefined) return;
  queue.push(fd);
  if (running.size >= MAX_AT_ONCE) return;
  const closing = closeQueued().finally(() => running.delete(closing));
  running.add(closing);
}

/** Resolves when everything is closed that was to be, so that a namespace is free, or a test leaves nothing behind. */
export async function backgroundCloses(): Promise<void> {
  while (running.size > 0) await Promise.all(running);
}

async function closeQueued(): Promise<void> {
  for (let fd = queue.shift(); fd !== undefined; fd = queue.shift()) {
    // A socket has nothing to write back that could fail.
    await libc().close_blocking(fd);
  }
}
