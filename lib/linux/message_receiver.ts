/** recvmsg(2) into memory that is reused for the next message. @module */

import type { Descriptor } from "./descriptor.ts";
import { addressOf, libc, pinnedBytes } from "./libc.ts";
import { nonBlocking } from "./socket.ts";

const MSG_CTRUNC = 0x08;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/**
 * ```text
 * struct msghdr {
 *   void *name; socklen_t namelen; struct iovec *iov; size_t iovlen;
 *   void *control; size_t controllen; int flags; }
 * struct iovec { void *base; size_t len; }
 * ```
 * The same on x86_64 and aarch64.
 */
const MSGHDR_BYTES = 56;
const NAMELEN_OFFSET = 8;
const CONTROLLEN_OFFSET = 40;
const FLAGS_OFFSET = 48;
const IOVEC_BYTES = 16;

/** Enough for every `struct sockaddr_*`. */
const NAME_BYTES = 128;
const CONTROL_BYTES = 256;

/** One message. All arrays are views that the next `receive` overwrites. */
export interface ReceivedMessage {
  readonly bytes: Uint8Array;
  /** The sender's address, a `struct sockaddr_*`; empty if there is none. */
  readonly sender: Uint8Array;
  /** Control messages, for `findControlMessage`. */
  readonly control: Uint8Array;
  /** Whether the message or its control messages did not fit, and were cut. */
  readonly isTruncated: boolean;
}

/** Memory for one message at a time. Any number of sockets can share it. */
export class MessageReceiver {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #name = pinnedBytes(NAME_BYTES);
  readonly #control = pinnedBytes(CONTROL_BYTES);
  readonly #iovec = pinnedBytes(IOVEC_BYTES);
  readonly #header = pinnedBytes(MSGHDR_BYTES);
  readonly #view = new DataView(this.#header.buffer);

  /** @param capacity Size of the longest message, in bytes. */
  constructor(capacity: number) {
    this.#bytes = pinnedBytes(capacity);
    const iovec = new DataView(this.#iovec.buffer);
    iovec.setBigUint64(0, addressOf(this.#bytes), true);
    iovec.setBigUint64(8, BigInt(capacity), true);
    this.#view.setBigUint64(0, addressOf(this.#name), true);
    this.#view.setBigUint64(16, addressOf(this.#iovec), true);
    this.#view.setBigUint64(24, 1n, true);
    this.#view.setBigUint64(32, addressOf(this.#control), true);
  }

  /**
   * Receives the next message. Does not block.
   *
   * @returns Undefined if there is none.
   * @throws {SyscallError} as recvmsg(2) fails.
   */
  receive({ fd }: Descriptor): ReceivedMessage | undefined {
    this.#view.setUint32(NAMELEN_OFFSET, NAME_BYTES, true);
    this.#view.setBigUint64(CONTROLLEN_OFFSET, BigInt(CONTROL_BYTES), true);
    const length = nonBlocking(
      () => libc().recvmsg(fd, this.#header, MSG_DONTWAIT),
      "recvmsg",
    );
    if (length === undefined) return undefined;
    const nameLength = this.#view.getUint32(NAMELEN_OFFSET, true);
    const controlLength = this.#view.getBigUint64(CONTROLLEN_OFFSET, true);
    const flags = this.#view.getInt32(FLAGS_OFFSET, true);
    return {
      bytes: this.#bytes.subarray(0, length),
      sender: this.#name.subarray(0, Math.min(nameLength, NAME_BYTES)),
      control: this.#control.subarray(0, Number(controlLength)),
      isTruncated: (flags & (MSG_TRUNC | MSG_CTRUNC)) !== 0,
    };
  }
}
