/**
 * What happens to interfaces in any number of namespaces, on one descriptor: a netlink socket in this namespace that listens
 * to all namespaces that have a number here (NETLINK_LISTEN_ALL_NSID).
 *
 * The number does not keep a namespace alive, so its end is noticed too, and a lease that only waits costs no descriptor.
 * @module
 */

import { decodeAddress, type InterfaceAddress } from "../netlink/address.ts";
import { decodeLink, type LinkInfo } from "../netlink/link.ts";
import {
  decodeMessages,
  type NetlinkMessage,
  RTM,
} from "../netlink/message.ts";
import {
  decodeNetnsId,
  encodeNetnsIdAssignment,
  encodeNetnsIdQuery,
} from "../netlink/netns_id.ts";
import { findControlMessage } from "./control_message.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { pinnedBytes } from "./libc.ts";
import { MessageReceiver, type ReceivedMessage } from "./message_receiver.ts";
import { type Netns, ownNetns } from "./netns.ts";
import { NETLINK_ROUTE, openRouteSocket, SOL_NETLINK } from "./route_socket.ts";
import {
  AF,
  bindSocket,
  openSocket,
  setOption,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";

const NETLINK_LISTEN_ALL_NSID = 8;
const SO_RCVBUFFORCE = 33;
/** Room for some thousand notifications between two turns of the loop. */
const RECEIVE_QUEUE_BYTES = 4 * 1024 * 1024;
const RECEIVE_BYTES = 0x10000;
/** RTNLGRP_LINK (1), RTNLGRP_IPV4_IFADDR (5), RTNLGRP_NSID (28), as bits. */
const GROUPS = (1 << 0) | (1 << 4) | (1 << 27);

/** What happens to a watched interface. */
export type LinkEvent =
  /** It went up or down, got or lost its carrier, has another hardware address or MTU; or nothing of that changed. */
  | { readonly kind: "changed"; readonly link: LinkInfo }
  | { readonly kind: "address-added"; readonly address: InterfaceAddress }
  | { readonly kind: "address-removed"; readonly address: InterfaceAddress }
  /** It is gone from its namespace. */
  | { readonly kind: "removed" }
  /** Its whole namespace is gone. */
  | { readonly kind: "netns-gone" }
  /** Notifications were lost: look again. */
  | { readonly kind: "overflow" };

type Listener = (event: LinkEvent) => void;

/** A notification, and whom it concerns. */
interface Notification {
  readonly netnsId: number;
  /** Undefined: every interface there. */
  readonly ifIndex: number | undefined;
  readonly event: LinkEvent;
}

/** Watches interfaces. */
export class LinkMonitor implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #watch: Watch;
  readonly #loop: EventLoop;
  /** Not the one for requests: listeners make some. */
  readonly #receiver = new MessageReceiver(RECEIVE_BYTES);
  /** By number of the namespace and of the interface. */
  readonly #listeners = new Map<number, Map<number, Set<Listener>>>();

  /** @throws {SyscallError} EPERM without CAP_NET_BROADCAST. */
  constructor(loop: EventLoop) {
    this.#loop = loop;
    this.#descriptor = openMonitorSocket();
    this.#watch = loop.watch(this.#descriptor, EPOLL.IN, () => this.#receive());
  }

  /**
   * Tells `listener` what happens to an interface from now on; look at its state afterwards, so that nothing is missed.
   *
   * @returns Dispose of it to hear no more.
   * @throws {SyscallError} EPERM without CAP_NET_ADMIN in the own namespace.
   */
  watch(netns: Netns, ifIndex: number, listener: Listener): Disposable {
    const netnsId = assignNetnsId(netns);
    const interfaces = this.#listeners.get(netnsId) ?? new Map();
    this.#listeners.set(netnsId, interfaces);
    const listeners: Set<Listener> = interfaces.get(ifIndex) ?? new Set();
    interfaces.set(ifIndex, listeners);
    // A function of its own, so that one listener can watch twice.
    const own: Listener = (event) => listener(event);
    listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        listeners.delete(own);
        if (listeners.size > 0 || interfaces.get(ifIndex) !== listeners) return;
        interfaces.delete(ifIndex);
        if (interfaces.size > 0) return;
        if (this.#listeners.get(netnsId) === interfaces) {
          this.#listeners.delete(netnsId);
        }
      },
    };
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
  }

  #receive(): void {
    for (;;) {
      const message = this.#next();
      if (message === undefined) return;
      const notifications = message === "overflow"
        ? this.#overflow()
        : this.#notifications(message);
      for (const notification of notifications) this.#notify(notification);
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

  #overflow(): readonly Notification[] {
    return [...this.#listeners.keys()].map((netnsId) => ({
      netnsId,
      ifIndex: undefined,
      event: { kind: "overflow" },
    }));
  }

  #notifications(
    { bytes, control }: ReceivedMessage,
  ): readonly Notification[] {
    const source = findControlMessage(
      control,
      SOL_NETLINK,
      NETLINK_LISTEN_ALL_NSID,
    )?.getInt32(0, true);
    const notifications: Notification[] = [];
    for (const message of decodeMessages(bytes)) {
      const notification = message.type === RTM.DELNSID
        ? netnsGone(message, source)
        : source !== undefined && this.#listeners.has(source)
        ? linkNotification(message, source)
        : undefined;
      if (notification !== undefined) notifications.push(notification);
    }
    return notifications;
  }

  #notify({ netnsId, ifIndex, event }: Notification): void {
    const interfaces = this.#listeners.get(netnsId);
    if (interfaces === undefined) return;
    // The number may be given to another namespace now.
    if (event.kind === "netns-gone") this.#listeners.delete(netnsId);
    const sets = ifIndex === undefined
      ? [...interfaces.values()]
      : [interfaces.get(ifIndex) ?? new Set<Listener>()];
    for (const listeners of sets) {
      for (const listener of [...listeners]) {
        if (listeners.has(listener)) this.#loop.guard(() => listener(event));
      }
    }
  }
}

function openMonitorSocket(): Descriptor {
  const socket = openSocket(AF.NETLINK, SOCK.RAW, NETLINK_ROUTE);
  return prepared(socket, () => {
    const level = SOL_NETLINK;
    setOption(socket, { level, name: NETLINK_LISTEN_ALL_NSID, value: 1 });
    setOption(socket, {
      level: SOL_SOCKET,
      name: SO_RCVBUFFORCE,
      value: RECEIVE_QUEUE_BYTES,
    });
    // struct sockaddr_nl { u16 family; u16 pad; u32 pid; u32 groups; }
    const address = pinnedBytes(12);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF.NETLINK, true);
    view.setUint32(8, GROUPS, true);
    bindSocket(socket, address, "netlink groups");
  });
}

/** The number of a namespace in this one; gives it one if it has none. */
function assignNetnsId(netns: Netns): number {
  using socket = openRouteSocket(ownNetns());
  const { fd, path } = netns;
  const known = netnsIdOf(fd, path);
  if (known !== undefined) return known;
  try {
    socket.request({
      type: "NEWNSID",
      body: encodeNetnsIdAssignment(fd),
      subject: path,
    });
  } catch (error) {
    // Somebody else was faster.
    if (!isErrno(error, "EEXIST")) throw error;
  }
  const assigned = netnsIdOf(fd, path);
  if (assigned === undefined) throw new TypeError(`${path} has no number`);
  return assigned;
}

function netnsIdOf(fd: number, path: string): number | undefined {
  using socket = openRouteSocket(ownNetns());
  const [id] = socket.request({
    type: "GETNSID",
    body: encodeNetnsIdQuery(fd),
    subject: path,
  }, decodeNetnsId);
  return id;
}

/** A namespace that is gone, by its number here; other namespaces tell of the numbers that they gave. */
function netnsGone(
  { body }: NetlinkMessage,
  source: number | undefined,
): Notification | undefined {
  if (source !== undefined) {
    const { fd, path } = ownNetns();
    if (source !== netnsIdOf(fd, path)) return undefined;
  }
  const netnsId = decodeNetnsId(body);
  return netnsId === undefined
    ? undefined
    : { netnsId, ifIndex: undefined, event: { kind: "netns-gone" } };
}

function linkNotification(
  { type, body }: NetlinkMessage,
  netnsId: number,
): Notification | undefined {
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK: {
      const link = decodeLink(body);
      return link && {
        netnsId,
        ifIndex: link.index,
        event: type === RTM.NEWLINK
          ? { kind: "changed", link }
          : { kind: "removed" },
      };
    }
    case RTM.NEWADDR:
    case RTM.DELADDR: {
      const address = decodeAddress(body);
      return address && {
        netnsId,
        ifIndex: address.ifIndex,
        event: {
          kind: type === RTM.NEWADDR ? "address-added" : "address-removed",
          address,
        },
      };
    }
    default:
      return undefined;
  }
}
