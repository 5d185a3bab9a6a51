/**
 * Events of interfaces in any number of namespaces, on one descriptor: a netlink socket in the
 * process's own namespace that listens to every namespace with an id there
 * (NETLINK_LISTEN_ALL_NSID).
 *
 * An id does not keep its namespace alive, so the end of the namespace is reported too, and a lease
 * that only waits needs no descriptor.
 *
 * @module
 */

import { DecodeError } from "../base/errors.ts";
import type { Timer } from "../base/timer.ts";
import { decodeMessages, RTM } from "../netlink/netlink_message.ts";
import { decodeNetnsId } from "../netlink/netns_id_message.ts";
import { decodeLinkNotification } from "../netlink/notification.ts";
import {
  type InterfaceListener,
  PendingEvents,
} from "../netlink/pending_events.ts";
import { bootTimeMs } from "./boottime_clock.ts";
import { findControlMessage } from "./control_message.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { MessageReceiver, type ReceivedMessage } from "./message_receiver.ts";
import { isFromKernel, NETLINK_ROUTE, SOL_NETLINK } from "./netlink_socket.ts";
import { type Netns, ownNetns } from "./netns.ts";
import { assignNetnsId, netnsIdOf } from "./netns_id.ts";
import {
  bindSocket,
  openSocket,
  setOption,
  setReceiveQueue,
  SOCK,
} from "./socket.ts";
import { AF, netlinkAddress } from "./socket_address.ts";
import type { Timers } from "./timers.ts";

const NETLINK_LISTEN_ALL_NSID = 8;
/** Enough for some thousand notifications between two turns of the event loop. */
const RECEIVE_QUEUE_BYTES = 4 * 1024 * 1024;
const RECEIVE_BYTES = 0x10000;
/** How many messages are received before other descriptors get their turn. */
const MESSAGES_PER_TURN = 64;
/**
 * More than the receive queue holds: the kernel doubles its size, and counts at least 768 bytes for
 * each message.
 */
const MAX_QUEUED_MESSAGES = 0x4000;
/** RTNLGRP_LINK (1), RTNLGRP_IPV4_IFADDR (5), RTNLGRP_NSID (28), as bits. */
const GROUPS = (1 << 0) | (1 << 4) | (1 << 27);

/** Watches interfaces. */
export class LinkMonitor implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #watch: Watch;
  readonly #loop: EventLoop;
  readonly #timer: Timer;
  /** Not shared with netlink requests: some are made while a notification is decoded. */
  readonly #receiver = new MessageReceiver(RECEIVE_BYTES);
  readonly #events = new PendingEvents();

  /** @throws {SyscallError} EPERM without CAP_NET_BROADCAST. */
  constructor(loop: EventLoop, timers: Timers) {
    this.#loop = loop;
    this.#descriptor = openMonitorSocket();
    this.#timer = timers.create(() => this.#deliver());
    this.#watch = loop.watch(this.#descriptor, EPOLL.IN, () => {
      this.#receive(MESSAGES_PER_TURN);
      this.#deliver();
    });
  }

  /**
   * Calls `listener` for what happens to an interface from now on. Read its state after this call,
   * so that no change is missed. Frequent events are merged and delivered a little later.
   *
   * @returns Dispose of it to stop.
   * @throws {SyscallError} EPERM without CAP_NET_ADMIN in the own namespace.
   */
  watch(
    netns: Netns,
    ifIndex: number,
    listener: InterfaceListener,
  ): Disposable {
    const netnsId = assignNetnsId(netns);
    // Ids are reused: a notification that is queued now may be about an earlier namespace with this
    // id, even about its end. It must not reach the new listener.
    this.#receive(MAX_QUEUED_MESSAGES);
    this.#timer.set(bootTimeMs());
    return this.#events.listen(netnsId, ifIndex, listener);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
  }

  /** Receives what is queued, but no more than `maxMessages`. */
  #receive(maxMessages: number): void {
    for (let count = 0; count < maxMessages; count++) {
      const message = this.#next();
      if (message === undefined) return;
      if (message === "overflow") this.#events.addLoss();
      else if (isFromKernel(message)) this.#addEvents(message);
    }
  }

  #next(): ReceivedMessage | "overflow" | undefined {
    try {
      return this.#receiver.receive(this.#descriptor);
    } catch (error) {
      if (isErrno(error, "ENOBUFS")) return "overflow";
      throw error;
    }
  }

  /** Drops a datagram that cannot be decoded: it must not stop the ones after it. */
  #addEvents(message: ReceivedMessage): void {
    try {
      this.#decode(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  #decode({ bytes, control }: ReceivedMessage): void {
    const source = findControlMessage(
      control,
      SOL_NETLINK,
      NETLINK_LISTEN_ALL_NSID,
    )?.getInt32(0, true);
    for (const message of decodeMessages(bytes)) {
      if (message.type === RTM.DELNSID) {
        const netnsId = decodeNetnsId(message.body);
        if (netnsId === undefined || !isOwnNetns(source)) continue;
        this.#events.addNetnsEnd(netnsId);
      } else if (source !== undefined && this.#events.hasListeners(source)) {
        const notification = decodeLinkNotification(message);
        if (notification === undefined) continue;
        this.#events.add(source, notification.ifIndex, notification.kind);
      }
    }
  }

  #deliver(): void {
    const guard = (body: () => void): void => this.#loop.guard(body);
    this.#timer.set(this.#events.deliver(bootTimeMs(), guard));
  }
}

function openMonitorSocket(): Descriptor {
  const socket = openSocket(AF.NETLINK, SOCK.RAW, NETLINK_ROUTE);
  return prepared(socket, () => {
    const level = SOL_NETLINK;
    setOption(socket, { level, name: NETLINK_LISTEN_ALL_NSID, value: 1 });
    setReceiveQueue(socket, RECEIVE_QUEUE_BYTES);
    bindSocket(socket, netlinkAddress(GROUPS), "netlink groups");
  });
}

/**
 * Returns whether a notification comes from the process's own namespace. Others report the ids that
 * they assigned themselves.
 *
 * @param netnsId Id of the namespace that it comes from; undefined is the own one too.
 */
function isOwnNetns(netnsId: number | undefined): boolean {
  return netnsId === undefined || netnsId === netnsIdOf(ownNetns());
}
