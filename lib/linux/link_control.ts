/**
 * The interfaces of a namespace: reading them, and changing their state, addresses and routes.
 *
 * @module
 */

import { formatCidr } from "../net/cidr.ts";
import {
  decodeAddress,
  encodeAddress,
  encodeAddressDump,
  type InterfaceAddress,
} from "../netlink/address_message.ts";
import {
  decodeLink,
  encodeLinkByIndex,
  encodeLinkByName,
  encodeLinkState,
  type LinkInfo,
} from "../netlink/link_message.ts";
import { NLM_F } from "../netlink/netlink_message.ts";
import {
  encodeNewRoute,
  encodeOldRoute,
  type Ipv4Route,
} from "../netlink/route_message.ts";
import { isErrno } from "./errno.ts";
import type { Netns } from "./netns.ts";
import {
  type NetlinkRequest,
  type NetlinkSocket,
  openNetlinkSocket,
} from "./netlink_socket.ts";

/**
 * Reads and changes interfaces. It keeps its namespace alive until it is disposed of, so hold it
 * for a few requests only.
 *
 * Every method throws a {@link SyscallError} if the kernel refuses: ENODEV if the interface is
 * gone, EPERM for a change without CAP_NET_ADMIN.
 */
export class LinkControl implements Disposable {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The cookie of its namespace; undefined before Linux 5.14. */
  get netnsCookie(): string | undefined {
    return this.#socket.netnsCookie();
  }

  /** Returns the interface called `name`; undefined if there is none. */
  find(name: string): LinkInfo | undefined {
    return this.#find(encodeLinkByName(name), name);
  }

  /** Returns the interface with this index, whatever its name; undefined if there is none. */
  read(ifIndex: number): LinkInfo | undefined {
    return this.#find(encodeLinkByIndex(ifIndex), `interface ${ifIndex}`);
  }

  /**
   * Sets an interface up or down. An interface that is up may still be without carrier; a
   * `LinkMonitor` reports when it has one.
   */
  setState(ifIndex: number, state: "up" | "down"): void {
    this.#socket.request({
      type: "NEWLINK",
      body: encodeLinkState(ifIndex, state),
      subject: `interface ${ifIndex} ${state}`,
    });
  }

  /** Returns the IPv4 addresses of an interface, in the kernel's order. */
  addresses(ifIndex: number): readonly InterfaceAddress[] {
    const all = this.#socket.request({
      type: "GETADDR",
      flags: NLM_F.DUMP,
      body: encodeAddressDump(),
      subject: `interface ${ifIndex}`,
    }, decodeAddress);
    return all.filter((address) => address.ifIndex === ifIndex);
  }

  /** Adds an address with its subnet's broadcast address. Adding it again does nothing. */
  addAddress(address: InterfaceAddress): void {
    this.#socket.request({
      type: "NEWADDR",
      flags: NLM_F.CREATE | NLM_F.REPLACE,
      body: encodeAddress(address),
      subject: formatCidr(address),
    });
  }

  /**
   * Removes an address. Removing it again does nothing.
   *
   * The kernel also removes the routes that need the address. If it was the first address of its
   * subnet on the interface, the kernel removes the other addresses of the subnet too. So to change
   * a lease: remove the old address, add the new one, then add the routes.
   */
  removeAddress(address: InterfaceAddress): void {
    this.#remove("EADDRNOTAVAIL", {
      type: "DELADDR",
      body: encodeAddress(address),
      subject: formatCidr(address),
    });
  }

  /**
   * Adds a route (`proto dhcp`).
   *
   * @returns False if there is already a route to this destination with this metric, through any
   *   interface.
   */
  addRoute(route: Ipv4Route): boolean {
    try {
      this.#socket.request({
        type: "NEWROUTE",
        flags: NLM_F.CREATE | NLM_F.EXCL,
        body: encodeNewRoute(route),
        subject: formatCidr(route.dst),
      });
      return true;
    } catch (error) {
      if (isErrno(error, "EEXIST")) return false;
      throw error;
    }
  }

  /** Removes a route. Removing it again does nothing. */
  removeRoute(route: Ipv4Route): void {
    this.#remove("ESRCH", {
      type: "DELROUTE",
      body: encodeOldRoute(route),
      subject: formatCidr(route.dst),
    });
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #find(body: Uint8Array, subject: string): LinkInfo | undefined {
    try {
      const request = { type: "GETLINK", body, subject } as const;
      const [link] = this.#socket.request(request, decodeLink);
      return link;
    } catch (error) {
      // ERANGE: longer than the name of an interface can be.
      if (isErrno(error, "ENODEV", "ERANGE")) return undefined;
      throw error;
    }
  }

  /** Sends a request to remove something. @param absent The error if it does not exist. */
  #remove(absent: string, request: NetlinkRequest): void {
    try {
      this.#socket.request(request);
    } catch (error) {
      if (!isErrno(error, absent)) throw error;
    }
  }
}

/** Opens the interfaces of a namespace. @throws {SyscallError} if that fails. */
export function openLinkControl(netns: Netns): LinkControl {
  return new LinkControl(openNetlinkSocket(netns));
}
