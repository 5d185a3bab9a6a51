/** The socket of a lease client on a real interface. @module */

import { SystemError } from "../../base/errors.ts";
import { sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { dhcpReplyFilter, ETHER_TYPE } from "../../net/packet_filter.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { isErrno } from "../../linux/errno.ts";
import { EPOLL, type EventLoop, type Watch } from "../../linux/event_loop.ts";
import { openLinkControl } from "../../linux/link_control.ts";
import type { Netns } from "../../linux/netns.ts";
import {
  openPacketSocket,
  type PacketSocket,
} from "../../linux/packet_socket.ts";
import {
  openUnicastSocket,
  type UnicastSocket,
} from "../../linux/unicast_socket.ts";
import { decodeClientPacket, encodeClientPacket } from "../codec/packet.ts";
import {
  type Datagram,
  type DhcpSocket,
  type ReceivedPacket,
  SendRefusedError,
} from "../daemon/ports.ts";

/** No route leads to the server, or a firewall in the container forbids it. */
const UNREACHABLE = ["ENETUNREACH", "EHOSTUNREACH", "EPERM", "EACCES"];

/** The daemon lacks a capability, or its sandbox does not allow packet sockets. */
const REFUSALS = [
  ...["EPERM", "EACCES", "EAFNOSUPPORT", "EPROTONOSUPPORT"],
  ...["ESOCKTNOSUPPORT", "ENOSYS"],
];
const REFUSAL_ADVICE =
  "the daemon needs CAP_NET_RAW and sockets of the family AF_PACKET";
/** The size of a message that every DHCP client and server must accept (RFC 2131 section 2). */
const MIN_MTU = 576;

/** What an {@link InterfaceSocket} needs. */
export interface InterfaceSocketOptions {
  readonly loop: EventLoop;
  readonly link: LinkInfo;
  /** Runs `body` with the namespace of the interface. */
  readonly enter: <T>(body: (netns: Netns) => T) => T;
  /** Hardware address of the server, or of the router to it; undefined if it is unknown. */
  readonly server: Uint8Array | undefined;
  /** Called whenever packets wait: it must receive them or close the socket. */
  readonly onReadable: () => void;
}

/**
 * A packet socket to receive and broadcast, and a UDP socket to send from the leased address. It
 * keeps the namespace alive until disposed.
 */
export class InterfaceSocket implements DhcpSocket {
  readonly #options: InterfaceSocketOptions;
  #socket: PacketSocket | undefined;
  #watch: Watch | undefined;
  #unicast: UnicastSocket | undefined;

  constructor(options: InterfaceSocketOptions) {
    this.#options = options;
  }

  send(datagram: Datagram): void {
    try {
      this.#send(datagram);
    } catch (error) {
      const advice = this.#adviceOn(error);
      if (advice === undefined || !(error instanceof SystemError)) throw error;
      throw new SendRefusedError(error.message, { advice, cause: error });
    }
  }

  /** What to do about an error that every message meets; undefined for other errors. */
  #adviceOn(error: unknown): string | undefined {
    if (isErrno(error, ...REFUSALS)) return REFUSAL_ADVICE;
    return isErrno(error, "EMSGSIZE")
      ? `set the MTU of ${this.#options.link.name} to at least ${MIN_MTU}`
      : undefined;
  }

  #send(datagram: Datagram): void {
    const socket = this.#receiveOnly(datagram.xid);
    const isUnicast = !sameAddress(datagram.source, UNSPECIFIED_ADDRESS) &&
      !sameAddress(datagram.destination, LIMITED_BROADCAST);
    if (isUnicast && this.#sendFromAddress(datagram)) return;
    const { link, server } = this.#options;
    const packet = encodeClientPacket(datagram, datagram.bytes);
    const nextHop = isUnicast
      ? server ?? link.broadcastAddress
      : link.broadcastAddress;
    socket.send(packet, nextHop);
  }

  *receive(): Generator<ReceivedPacket> {
    for (
      const { packet, sender, checksum } of this.#socket?.receiveSome() ?? []
    ) {
      // Copies: the next packet overwrites the buffer.
      yield {
        packet: decodeClientPacket(packet, checksum),
        sender: sender.slice(),
      };
    }
  }

  async flushed(timeoutMs: number): Promise<boolean> {
    return await this.#unicast?.flushed(timeoutMs) ?? true;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
    this.#unicast?.[Symbol.dispose]();
    this.#unicast = undefined;
  }

  #receiveOnly(xid: number): PacketSocket {
    const filter = dhcpReplyFilter(xid);
    if (this.#socket !== undefined) {
      this.#socket.setFilter(filter);
      return this.#socket;
    }
    const { link: { index }, enter, loop, onReadable } = this.#options;
    const socket = enter((netns) =>
      openPacketSocket(netns, {
        ifIndex: index,
        etherType: ETHER_TYPE.ipv4,
        filter,
      })
    );
    this.#socket = socket;
    this.#watch = loop.watch(socket.descriptor, EPOLL.IN, onReadable);
    return socket;
  }

  /**
   * Sends as an ordinary program does. Returns false if that is impossible: the address or a route
   * is missing, or a firewall rule of the container forbids it. Such a rule must not cost the
   * container its address.
   */
  #sendFromAddress({ source, destination, bytes }: Datagram): boolean {
    this.#unicast ??= this.#openUnicast(source);
    if (this.#unicast === undefined) return false;
    try {
      this.#unicast.send(bytes, destination);
      return true;
    } catch (error) {
      if (isErrno(error, ...UNREACHABLE)) return false;
      throw error;
    }
  }

  #openUnicast(address: Ipv4Address): UnicastSocket | undefined {
    const { enter, link } = this.#options;
    return enter((netns) => {
      // bind(2) does not fail in a namespace that never had an address; the source is 0.0.0.0 then.
      using control = openLinkControl(netns);
      const isPresent = control.addresses(link.index).some((other) =>
        sameAddress(other.address, address)
      );
      return isPresent
        ? openUnicastSocket(netns, { address, ifName: link.name })
        : undefined;
    });
  }
}
