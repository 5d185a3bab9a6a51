/** The interfaces of a namespace: what they are, their IPv4 addresses and routes, and changing them. @module */

import { formatIpAddress } from "../net/ip_address.ts";
import {
  decodeAddress,
  encodeAddress,
  encodeAddressDump,
  type InterfaceAddress,
  type Ipv4Cidr,
} from "../netlink/address_message.ts";
import {
  decodeLink,
  encodeLinkByName,
  encodeLinkState,
  type LinkInfo,
} from "../netlink/link_message.ts";
import { NLM_F } from "../netlink/netlink_message.ts";
import {
  decodeRoute,
  encodeNewRoute,
  encodeOldRoute,
  encodeRouteDump,
  type Ipv4Route,
} from "../netlink/route_message.ts";
import { isErrno } from "./errno.ts";
import type { Netns } from "./netns.ts";
import { type NetlinkSocket, openNetlinkSocket } from "./netlink_socket.ts";

/**
 * Interfaces by netlink. It keeps its namespace alive until disposed, so hold it for a few requests only.
 *
 * Every method throws a {@link SyscallError} if the kernel refuses: ENODEV if the interface is gone, EPERM without
 * CAP_NET_ADMIN for changes.
 */
export class LinkControl implements Disposable {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The interface called `name`; undefined if there is none. */
  find(name: string): LinkInfo | undefined {
    try {
      const [link] = this.#socket.request({
        type: "GETLINK",
        body: encodeLinkByName(name),
        subject: name,
      }, decodeLink);
      return link;
    } catch (error) {
      // ERANGE: longer than a name can be.
      if (isErrno(error, "ENODEV", "ERANGE")) return undefined;
      throw error;
    }
  }

  /** Sets an interface up or down. Up does not mean that it has a carrier: that is told by a `LinkMonitor`. */
  setState(ifIndex: number, state: "up" | "down"): void {
    this.#socket.request({
      type: "NEWLINK",
      body: encodeLinkState(ifIndex, state),
      subject: `interface ${ifIndex} ${state}`,
    });
  }

  /** The IPv4 addresses of an interface, in the kernel's order. */
  addresses(ifIndex: number): readonly InterfaceAddress[] {
    const all = this.#socket.request({
      type: "GETADDR",
      flags: NLM_F.DUMP,
      body: encodeAddressDump(),
      subject: `interface ${ifIndex}`,
    }, decodeAddress);
    return all.filter((address) => address.ifIndex === ifIndex);
  }

  /** Adds an address, with its subnet's broadcast address; one that is there already is fine. */
  addAddress(address: InterfaceAddress): void {
    this.#socket.request({
      type: "NEWADDR",
      flags: NLM_F.CREATE | NLM_F.REPLACE,
      body: encodeAddress(address),
      subject: subjectOf(address),
    });
  }

  /**
   * Removes an address; one that is not there is fine.
   *
   * The kernel removes routes that need it, and, if it was the first address of its subnet there, the other addresses of
   * that subnet; so a changed lease is: remove the old address, add the new one, add the routes.
   */
  removeAddress(address: InterfaceAddress): void {
    this.#remove("EADDRNOTAVAIL", {
      type: "DELADDR",
      body: encodeAddress(address),
      subject: subjectOf(address),
    });
  }

  /** The routes of the main table through an interface, the kernel's own included. */
  routes(ifIndex: number): readonly Ipv4Route[] {
    const all = this.#socket.request({
      type: "GETROUTE",
      flags: NLM_F.DUMP,
      body: encodeRouteDump(),
      subject: `interface ${ifIndex}`,
    }, decodeRoute);
    return all.filter((route) => route.ifIndex === ifIndex);
  }

  /**
   * Adds a route (`proto dhcp`).
   *
   * @returns False if there is a route to that destination with that metric already, whichever way it leads.
   */
  addRoute(route: Ipv4Route): boolean {
    try {
      this.#newRoute(route, NLM_F.CREATE | NLM_F.EXCL);
      return true;
    } catch (error) {
      if (isErrno(error, "EEXIST")) return false;
      throw error;
    }
  }

  /** Adds a route in place of one to the same destination with the same metric, through whichever interface that leads. */
  replaceRoute(route: Ipv4Route): void {
    this.#newRoute(route, NLM_F.CREATE | NLM_F.REPLACE);
  }

  /** Removes a route; one that is not there is fine. */
  removeRoute(route: Ipv4Route): void {
    this.#remove("ESRCH", {
      type: "DELROUTE",
      body: encodeOldRoute(route),
      subject: subjectOf(route.dst),
    });
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #newRoute(route: Ipv4Route, flags: number): void {
    this.#socket.request({
      type: "NEWROUTE",
      flags,
      body: encodeNewRoute(route),
      subject: subjectOf(route.dst),
    });
  }

  #remove(
    absent: string,
    request: Parameters<NetlinkSocket["request"]>[0],
  ): void {
    try {
      this.#socket.request(request);
    } catch (error) {
      if (!isErrno(error, absent)) throw error;
    }
  }
}

/** The interfaces of a namespace. @throws {SyscallError} */
export function openLinkControl(netns: Netns): LinkControl {
  return new LinkControl(openNetlinkSocket(netns));
}

function subjectOf({ address, prefixLength }: Ipv4Cidr): string {
  return `${formatIpAddress(address)}/${prefixLength}`;
}
