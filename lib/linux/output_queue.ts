/** The output queue of a socket: what was sent and has not arrived. @module */

import type { Descriptor } from "./descriptor.ts";
import { checked } from "./errno.ts";
import { libc } from "./libc.ts";

/**
 * ioctl(2) request: bytes that were sent and have not left the host yet, or, on a Unix socket, that
 * the peer has not read yet.
 */
const SIOCOUTQ = 0x5411n;
const FIRST_POLL_MS = 1;
const MAX_POLL_MS = 250;

/** Returns whether the queue is empty. */
export function isFlushed({ fd }: Descriptor): boolean {
  const pending = new Int32Array(1);
  checked(libc().ioctl(fd, SIOCOUTQ, pending), "ioctl");
  return pending[0] === 0;
}

/**
 * Waits until the queue is empty.
 *
 * @returns False if that takes longer than `timeoutMs`, or the socket is closed first.
 */
export async function flushed(
  descriptor: Descriptor,
  timeoutMs: number,
): Promise<boolean> {
  let leftMs = timeoutMs;
  for (
    let pollMs = FIRST_POLL_MS;;
    pollMs = Math.min(2 * pollMs, MAX_POLL_MS)
  ) {
    if (descriptor.isClosed) return false;
    if (isFlushed(descriptor)) return true;
    if (leftMs <= 0) return false;
    const pauseMs = Math.min(pollMs, leftMs);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    leftMs -= pauseMs;
  }
}
