/** Requests to rtnetlink and their answers, which the kernel has ready when the request is sent (netlink(7)). @module */

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
import { errnoText, SyscallError } from "./errno.ts";
import { MessageReceiver, type ReceivedMessage } from "./message_receiver.ts";
import { type Netns, withNetns } from "./netns.ts";
import { AF, openSocket, sendTo, setOption, SOCK } from "./socket.ts";

/** The netlink protocol of addresses, links and routes. */
export const NETLINK_ROUTE = 0;
/** The level of netlink's socket options and control messages. */
export const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

const SOCKADDR_NL = 12;
/** The kernel builds answers to dumps of at most 32 KiB. */
const RECEIVE_BYTES = 0x10000;
/** How often a listing is begun again because the table changed meanwhile, before it is taken as it is. */
const DUMP_ATTEMPTS = 5;

/** What is asked for. */
export interface NetlinkRequest {
  readonly type: keyof typeof RTM;
  /** {@link NLM_F}, besides REQUEST and ACK. */
  readonly flags?: number;
  readonly body: Uint8Array;
  /** What it is about, for messages. */
  readonly subject: string;
}

/** One for all sockets: an answer is decoded before the next is taken. */
let receiver: MessageReceiver | undefined;

/** A netlink socket in a namespace, for one request at a time. */
export class NetlinkSocket implements Disposable {
  readonly #descriptor: Descriptor;
  #sequence = 0;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * Sends a request and takes all answers.
   *
   * Does not wait for others, except in the kernel for its lock on network configuration, as a rule below a millisecond.
   *
   * @param decode Makes a value of the body of each answer, which is only valid during the call; undefined leaves it out.
   * @throws {SyscallError} If the kernel refuses, with its own explanation where it gives one.
   */
  request<T>(
    request: NetlinkRequest,
    decode: (body: Uint8Array) => T | undefined = () => undefined,
  ): readonly T[] {
    const isDump = ((request.flags ?? 0) & NLM_F.DUMP) === NLM_F.DUMP;
    for (let attempt = 1;; attempt++) {
      const { values, isInterrupted } = this.#exchange(request, decode);
      if (!isDump || !isInterrupted || attempt === DUMP_ATTEMPTS) return values;
    }
  }

  #exchange<T>(
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
        throw new SystemError(`${name} ${subject}: no whole answer`);
      }
      for (const message of decodeMessages(received.bytes)) {
        // What is left of a request before, which ended in an error of ours.
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

/** Whether a message is the kernel's: root in the namespace can send some to any socket there, and to any group. */
export function isFromKernel({ name }: ReceivedMessage): boolean {
  // struct sockaddr_nl { u16 family; u16 pad; u32 pid; u32 groups; }
  const view = new DataView(name.buffer, name.byteOffset, name.byteLength);
  return name.length >= SOCKADDR_NL && view.getUint32(4, true) === 0;
}

/** Opens a netlink socket in a namespace. @throws {SyscallError} */
export function openNetlinkSocket(netns: Netns): NetlinkSocket {
  const socket = withNetns(
    netns,
    () => openSocket(AF.NETLINK, SOCK.RAW, NETLINK_ROUTE),
  );
  return new NetlinkSocket(
    prepared(socket, () => {
      setOption(socket, {
        level: SOL_NETLINK,
        name: NETLINK_CAP_ACK,
        value: 1,
      });
      setOption(socket, {
        level: SOL_NETLINK,
        name: NETLINK_EXT_ACK,
        value: 1,
      });
    }),
  );
}
