/**
 * Requests to rtnetlink and their answers, which the kernel has ready when the request is sent
 * (netlink(7)).
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import {
  decodeMessages,
  decodeStatus,
  encodeMessage,
  NLM_F,
  NLM_F_DUMP_INTR,
  NLMSG,
  RTM,
} from "../netlink/netlink_message.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { errnoText, isErrno, SyscallError } from "./errno.ts";
import { MessageReceiver, type ReceivedMessage } from "./message_receiver.ts";
import { type Netns, withNetns } from "./netns.ts";
import {
  getOption,
  openSocket,
  sendTo,
  setOption,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";
import { AF, netlinkPortId } from "./socket_address.ts";

/** The netlink protocol of links, addresses and routes. */
export const NETLINK_ROUTE = 0;
/** The level of netlink's socket options and control messages. */
export const SOL_NETLINK = 270;
const SO_NETNS_COOKIE = 71;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

/** The kernel builds answers to dumps of at most 32 KiB. */
const RECEIVE_BYTES = 0x10000;
/** How often a dump is repeated because the table changed during it, before its list is used. */
const MAX_DUMPS = 5;

/** A request to rtnetlink. */
export interface NetlinkRequest {
  readonly type: keyof typeof RTM;
  /** {@link NLM_F}, in addition to REQUEST and ACK. */
  readonly flags?: number;
  readonly body: Uint8Array;
  /** The object of the request, for error messages. */
  readonly subject: string;
}

/** Shared by all sockets: an answer is decoded before the next one is received. */
let receiver: MessageReceiver | undefined;

/** A netlink socket in a namespace, for one request at a time. */
export class NetlinkSocket implements Disposable {
  readonly #descriptor: Descriptor;
  #sequence = 0;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * Returns the number of the socket's namespace, in decimal; undefined before Linux 5.14, which
   * does not tell.
   */
  netnsCookie(): string | undefined {
    const option = { level: SOL_SOCKET, name: SO_NETNS_COOKIE, size: 8 };
    try {
      return String(getOption(this.#descriptor, option).getBigUint64(0, true));
    } catch (error) {
      if (isErrno(error, "ENOPROTOOPT")) return undefined;
      throw error;
    }
  }

  /**
   * Sends a request and receives all its answers.
   *
   * Blocks only in the kernel, on its lock for network configuration, normally below a millisecond.
   *
   * @param decode Decodes the body of an answer, which is valid only during the call. Answers for
   *   which it returns undefined are left out.
   * @throws {SyscallError} if the kernel refuses, with the kernel's explanation if it gives one.
   * @throws {SystemError} if an answer is missing or cut short.
   */
  request<T>(
    request: NetlinkRequest,
    decode: (body: Uint8Array) => T | undefined = () => undefined,
  ): readonly T[] {
    const isDump = ((request.flags ?? 0) & NLM_F.DUMP) === NLM_F.DUMP;
    for (let dumps = 1;; dumps++) {
      const { values, isInterrupted } = this.#requestOnce(request, decode);
      if (!isDump || !isInterrupted || dumps === MAX_DUMPS) return values;
    }
  }

  #requestOnce<T>(
    { type, flags = 0, body, subject }: NetlinkRequest,
    decode: (body: Uint8Array) => T | undefined,
  ): { readonly values: readonly T[]; readonly isInterrupted: boolean } {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const name = `RTM_${type}`;
    const bytes = encodeMessage({
      type: RTM[type],
      flags: NLM_F.REQUEST | NLM_F.ACK | flags,
      sequence,
      body,
    });
    receiver ??= new MessageReceiver(RECEIVE_BYTES);
    sendTo(this.#descriptor, bytes, { address: null, subject: name });
    const values: T[] = [];
    let isInterrupted = false;
    for (;;) {
      const received = receiver.receive(this.#descriptor);
      if (received !== undefined && !isFromKernel(received)) continue;
      if (received === undefined || received.isTruncated) {
        throw new SystemError(`${name} ${subject}: incomplete reply`);
      }
      for (const message of decodeMessages(received.bytes)) {
        // An answer to an earlier request that ended with an error of ours, before it was read.
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) isInterrupted = true;
        if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) {
          const { errno, text } = decodeStatus(message);
          if (errno === 0) return { values, isInterrupted };
          const reason = errnoText(errno) +
            (text === undefined ? "" : ` (${text})`);
          throw new SyscallError(name, errno, subject, reason);
        }
        const value = decode(message.body);
        if (value !== undefined) values.push(value);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/**
 * Returns whether the kernel sent a message. Root in a namespace can send messages to any netlink
 * socket and multicast group there.
 */
export function isFromKernel({ sender }: ReceivedMessage): boolean {
  return netlinkPortId(sender) === 0;
}

/** Opens a netlink socket in a namespace. @throws {SyscallError} if that fails. */
export function openNetlinkSocket(netns: Netns): NetlinkSocket {
  const socket = withNetns(
    netns,
    () => openSocket(AF.NETLINK, SOCK.RAW, NETLINK_ROUTE),
  );
  return new NetlinkSocket(
    prepared(socket, () => {
      for (const name of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
        setOption(socket, { level: SOL_NETLINK, name, value: 1 });
      }
    }),
  );
}
