/**
 * What happens to interfaces in any number of namespaces, on one descriptor: a netlink socket in this namespace that listens
 * to all namespaces that have a number here (NETLINK_LISTEN_ALL_NSID).
 *
 * The number does not keep a namespace alive, so its end is noticed too, and a lease that only waits costs no descriptor.
 * @module
 */

import { DecodeError } from "../base/errors.ts";
import { decodeMessages, RTM } from "../netlink/netlink_message.ts";
import { decodeNetnsId } from "../netlink/netns_id_message.ts";
import {
  decodeLinkNotification,
  type InterfaceEvent,
} from "../netlink/notification.ts";
import { bootTimeMs } from "./boottime_clock.ts";
import { findControlMessage } from "./control_message.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { pinnedBytes } from "./libc.ts";
import { LinkListeners } from "../netlink/pending_events.ts";
import { MessageReceiver, type ReceivedMessage } from "./message_receiver.ts";
import { type Netns, ownNetns } from "./netns.ts";
import { assignNetnsId, netnsIdOf } from "./netns_id.ts";
import { isFromKernel, NETLINK_ROUTE, SOL_NETLINK } from "./netlink_socket.ts";
import {
  AF,
  bindSocket,
  openSocket,
  setOption,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";
import type { Timer, Timers } from "./timers.ts";

const NETLINK_LISTEN_ALL_NSID = 8;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
/** Room for some thousand notifications between two turns of the loop. */
const RECEIVE_QUEUE_BYTES = 4 * 1024 * 1024;
const RECEIVE_BYTES = 0x10000;
/** How many are taken before others get their turn. */
const MESSAGES_PER_TURN = 64;
/** RTNLGRP_LINK (1), RTNLGRP_IPV4_IFADDR (5), RTNLGRP_NSID (28), as bits. */
const GROUPS = (1 << 0) | (1 << 4) | (1 << 27);

/** Watches interfaces. */
export class LinkMonitor implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #watch: Watch;
  readonly #loop: EventLoop;
  readonly #timer: Timer;
  /** Not the one for requests: they are made while a message is looked at. */
  readonly #receiver = new MessageReceiver(RECEIVE_BYTES);
  readonly #listeners = new LinkListeners();

  /** @throws {SyscallError} EPERM without CAP_NET_BROADCAST. */
  constructor(loop: EventLoop, timers: Timers) {
    this.#loop = loop;
    this.#descriptor = openMonitorSocket();
    this.#timer = timers.create(() => this.#tell());
    this.#watch = loop.watch(this.#descriptor, EPOLL.IN, () => this.#receive());
  }

  /**
   * Tells `listener` what happens to an interface from now on; look at its state afterwards, so that nothing is missed.
   * If much happens it is told as one, a little later.
   *
   * @returns Dispose of it to hear no more.
   * @throws {SyscallError} EPERM without CAP_NET_ADMIN in the own namespace.
   */
  watch(
    netns: Netns,
    ifIndex: number,
    listener: (event: InterfaceEvent) => void,
  ): Disposable {
    return this.#listeners.add(assignNetnsId(netns), ifIndex, listener);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
  }

  #receive(): void {
    for (let count = 0; count < MESSAGES_PER_TURN; count++) {
      const message = this.#next();
      if (message === undefined) break;
      if (message === "overflow") this.#listeners.putLoss();
      else if (isFromKernel(message)) this.#takeWhole(message);
    }
    this.#tell();
  }

  #next(): ReceivedMessage | "overflow" | undefined {
    try {
      return this.#receiver.receive(this.#descriptor);
    } catch (error) {
      if (isErrno(error, "ENOBUFS")) return "overflow";
      throw error;
    }
  }

  /** Drops what cannot be read: one datagram must not keep others from being heard. */
  #takeWhole(message: ReceivedMessage): void {
    try {
      this.#take(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  #take({ bytes, control }: ReceivedMessage): void {
    const source = findControlMessage(
      control,
      SOL_NETLINK,
      NETLINK_LISTEN_ALL_NSID,
    )?.getInt32(0, true);
    for (const message of decodeMessages(bytes)) {
      if (message.type === RTM.DELNSID) {
        if (isOwnWord(source)) this.#takeEnd(message.body);
      } else if (source !== undefined && this.#listeners.has(source)) {
        const notification = decodeLinkNotification(message);
        if (notification === undefined) continue;
        this.#listeners.put(source, notification.ifIndex, notification.kind);
      }
    }
  }

  #takeEnd(body: Uint8Array): void {
    const netnsId = decodeNetnsId(body);
    if (netnsId !== undefined) this.#listeners.putEnd(netnsId);
  }

  #tell(): void {
    const guard = (body: () => void): void => this.#loop.guard(body);
    this.#timer.set(this.#listeners.tell(bootTimeMs(), guard));
  }
}

function openMonitorSocket(): Descriptor {
  const socket = openSocket(AF.NETLINK, SOCK.RAW, NETLINK_ROUTE);
  return prepared(socket, () => {
    const level = SOL_NETLINK;
    setOption(socket, { level, name: NETLINK_LISTEN_ALL_NSID, value: 1 });
    makeRoom(socket);
    // struct sockaddr_nl { u16 family; u16 pad; u32 pid; u32 groups; }
    const address = pinnedBytes(12);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF.NETLINK, true);
    view.setUint32(8, GROUPS, true);
    bindSocket(socket, address, "netlink groups");
  });
}

/** In a user namespace no more than the system's limit may be had (net.core.rmem_max); notifications are lost earlier. */
function makeRoom(socket: Descriptor): void {
  const level = SOL_SOCKET;
  const value = RECEIVE_QUEUE_BYTES;
  try {
    setOption(socket, { level, name: SO_RCVBUFFORCE, value });
  } catch (error) {
    if (!isErrno(error, "EPERM")) throw error;
    setOption(socket, { level, name: SO_RCVBUF, value });
  }
}

/** Whether a message from the namespace of this number is this namespace's: others tell of the numbers that they gave. */
function isOwnWord(source: number | undefined): boolean {
  return source === undefined || source === netnsIdOf(ownNetns());
}
