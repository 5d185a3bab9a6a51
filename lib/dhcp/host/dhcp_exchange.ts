/** The sockets of one exchange with DHCP servers on an interface. @module */

import type { Datagram, Exchange } from "../daemon/ports.ts";
import {
  type ClientPacket,
  decodeClientPacket,
  encodeClientPacket,
} from "../codec/packet.ts";
import { sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { dhcpReplyFilter } from "../../net/packet_filter.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { isErrno } from "../../linux/errno.ts";
import { openLinkControl } from "../../linux/link_control.ts";
import { EPOLL, type EventLoop, type Watch } from "../../linux/event_loop.ts";
import type { Netns } from "../../linux/netns.ts";
import {
  ETHER_TYPE,
  openPacketSocket,
  type PacketSocket,
} from "../../linux/packet_socket.ts";
import {
  openUnicastSocket,
  type UnicastSocket,
} from "../../linux/unicast_socket.ts";

/** No route leads to the server, or a firewall in the container is against it. */
const NO_WAY = ["ENETUNREACH", "EHOSTUNREACH", "EPERM", "EACCES"];

/** What an exchange is made of. */
export interface DhcpExchangeOptions {
  readonly loop: EventLoop;
  readonly link: LinkInfo;
  readonly ifName: string;
  /** Runs `body` with the namespace of the interface. */
  readonly enter: <T>(body: (netns: Netns) => T) => T;
  /** Hardware address of the server, or of the router to it; undefined if none was heard of. */
  readonly server: Uint8Array | undefined;
  /** @param sender Hardware address. */
  readonly onPacket: (packet: ClientPacket, sender: Uint8Array) => void;
}

/** A packet socket to receive on, and what it takes to send. It keeps the namespace alive until disposed. */
export class DhcpExchange implements Exchange {
  readonly #options: DhcpExchangeOptions;
  #socket: PacketSocket | undefined;
  #watch: Watch | undefined;
  #unicast: UnicastSocket | undefined;

  constructor(options: DhcpExchangeOptions) {
    this.#options = options;
  }

  send(datagram: Datagram): void {
    const socket = this.#receiveOnly(datagram.xid);
    const isUnicast = !sameAddress(datagram.source, UNSPECIFIED_ADDRESS) &&
      !sameAddress(datagram.destination, LIMITED_BROADCAST);
    if (isUnicast && this.#sendFromAddress(datagram)) return;
    const { link, server } = this.#options;
    const packet = encodeClientPacket(datagram, datagram.bytes);
    const nextHop = isUnicast ? server ?? link.broadcastAddress : link
      .broadcastAddress;
    socket.send(packet, nextHop);
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
    const { link: { index }, enter, loop } = this.#options;
    const socket = enter((netns) =>
      openPacketSocket(netns, {
        ifIndex: index,
        etherType: ETHER_TYPE.ipv4,
        filter,
      })
    );
    this.#socket = socket;
    this.#watch = loop.watch(
      socket.descriptor,
      EPOLL.IN,
      () => this.#receive(socket),
    );
    return socket;
  }

  #receive(socket: PacketSocket): void {
    for (const { packet, sender, checksum } of socket.receiveSome()) {
      const hardwareAddress = sender.slice();
      this.#options.onPacket(
        decodeClientPacket(packet, checksum),
        hardwareAddress,
      );
    }
  }

  /**
   * Sends as an ordinary program does; false if that is not possible, for want of the address or a route, or because the
   * container's own rules forbid it: what they are for is not what keeps its address alive.
   */
  #sendFromAddress({ source, destination, bytes }: Datagram): boolean {
    this.#unicast ??= this.#openUnicast(source);
    if (this.#unicast === undefined) return false;
    try {
      this.#unicast.send(bytes, destination);
      return true;
    } catch (error) {
      if (isErrno(error, ...NO_WAY)) return false;
      throw error;
    }
  }

  #openUnicast(address: Ipv4Address): UnicastSocket | undefined {
    const { enter, link, ifName } = this.#options;
    return enter((netns) => {
      // bind(2) does not tell: in a namespace that never had an address it takes any, and sends from 0.0.0.0.
      using control = openLinkControl(netns);
      const isThere = control.addresses(link.index).some((other) =>
        sameAddress(other.address, address)
      );
      return isThere
        ? openUnicastSocket(netns, { address, ifName })
        : undefined;
    });
  }
}
