/**
 * The daemon's interfaces on a real kernel: found by path and name, without a descriptor between
 * two uses.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { InterfaceLocation } from "../daemon/lease_record.ts";
import type {
  AttachedInterface,
  Datagram,
  DhcpSocket,
  InterfaceChange,
  Interfaces,
} from "../daemon/ports.ts";
import { SERVER_PORT } from "../codec/dhcp_message.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { probeAddress } from "./address_probe.ts";
import { InterfaceSocket } from "./dhcp_socket.ts";
import { isErrno } from "../../linux/errno.ts";
import type { EventLoop } from "../../linux/event_loop.ts";
import { type LinkControl, openLinkControl } from "../../linux/link_control.ts";
import type { LinkMonitor } from "../../linux/link_monitor.ts";
import {
  type Netns,
  NotNetnsError,
  openNetns,
  ownNetns,
} from "../../linux/netns.ts";
import { openSocket, sendTo, SOCK } from "../../linux/socket.ts";
import { AF, inetAddress } from "../../linux/socket_address.ts";
import { isSameNetns } from "../../net/netns_identity.ts";
import type { Timers } from "../../linux/timers.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** What all interfaces use. */
export interface InterfaceContext {
  readonly loop: EventLoop;
  readonly timers: Timers;
  readonly monitor: LinkMonitor;
}

/** The namespace or the interface no longer exists. */
class GoneError extends SystemError {}

class NetnsInterface implements AttachedInterface {
  readonly #context: InterfaceContext;
  readonly #ifIndex: number;

  constructor(
    readonly location: InterfaceLocation,
    ifIndex: number,
    context: InterfaceContext,
  ) {
    this.#ifIndex = ifIndex;
    this.#context = context;
  }

  read(): LinkInfo | undefined {
    try {
      return this.#existingLink();
    } catch (error) {
      if (error instanceof GoneError) return undefined;
      throw error;
    }
  }

  addresses(): readonly Ipv4Cidr[] {
    return this.#control((control) => control.addresses(this.#ifIndex));
  }

  setState(state: "up" | "down"): void {
    this.#control((control) => control.setState(this.#ifIndex, state));
  }

  change(change: InterfaceChange): void {
    const ifIndex = this.#ifIndex;
    this.#control((control) => {
      switch (change.kind) {
        case "add-address":
          return control.addAddress({ ...change.address, ifIndex });
        case "remove-address":
          return control.removeAddress({ ...change.address, ifIndex });
        case "add-route":
          return void control.addRoute({ ...change, ifIndex });
        case "remove-route":
          return control.removeRoute({ ...change, ifIndex });
        default:
          change satisfies never;
      }
    });
  }

  open(
    options: {
      readonly server: Uint8Array | undefined;
      readonly onReadable: () => void;
    },
  ): DhcpSocket {
    return new InterfaceSocket({
      loop: this.#context.loop,
      link: this.#existingLink(),
      ifName: this.location.ifName,
      enter: (body) => this.#enter(body),
      ...options,
    });
  }

  probe(
    address: Ipv4Address,
    options: { readonly durationMs: number; readonly onConflict: () => void },
  ): Disposable {
    const { loop, timers } = this.#context;
    const link = this.#existingLink();
    return this.#enter((netns) =>
      probeAddress(netns, { loop, timers, link, address, ...options })
    );
  }

  watch(listener: (event: InterfaceEvent) => void): Disposable {
    return this.#enter((netns) =>
      this.#context.monitor.watch(netns, this.#ifIndex, listener)
    );
  }

  #existingLink(): LinkInfo {
    return this.#control((control) => this.#link(control));
  }

  #link(control: LinkControl): LinkInfo {
    const link = control.find(this.location.ifName);
    // Another interface of the same name is not the one that the lease was acquired for.
    if (link?.index !== this.#ifIndex) throw gone(this.location);
    return link;
  }

  #control<T>(body: (control: LinkControl) => T): T {
    return this.#enter((netns) => {
      using control = openLinkControl(netns);
      return body(control);
    });
  }

  /**
   * Runs `body` with the namespace, which is open until it returns.
   *
   * @throws {GoneError} if the namespace no longer exists.
   */
  #enter<T>(body: (netns: Netns) => T): T {
    using netns = openAgain(this.location);
    if (netns === undefined) throw gone(this.location);
    return body(netns);
  }
}

/** Returns the interfaces of this host and of its namespaces. */
export function netnsInterfaces(context: InterfaceContext): Interfaces {
  return {
    find: (netnsPath, ifName) => {
      using netns = openNetns(netnsPath);
      using control = openLinkControl(netns);
      const link = control.find(ifName);
      if (link === undefined) {
        const quoted = JSON.stringify(ifName);
        throw new SystemError(`error looking up ${quoted}: Link not found`);
      }
      const location = { netnsPath, netns: netns.identity, ifName };
      return new NetnsInterface(location, link.index, context);
    },
    isOwn: (netns) => isSameNetns(netns, ownNetns().identity),
    findAgain: (location) => {
      using netns = openAgain(location);
      if (netns === undefined) return undefined;
      using control = openLinkControl(netns);
      const link = control.find(location.ifName);
      return link && new NetnsInterface(location, link.index, context);
    },
    sendFromHost,
  };
}

/**
 * Opens the namespace of a location; undefined if its path leads nowhere, or to another namespace.
 */
function openAgain(
  { netnsPath, netns }: InterfaceLocation,
): Netns | undefined {
  const opened = openUnlessGone(netnsPath);
  if (opened === undefined || isSameNetns(opened.identity, netns)) {
    return opened;
  }
  opened[Symbol.dispose]();
  return undefined;
}

function openUnlessGone(path: string): Netns | undefined {
  try {
    return openNetns(path);
  } catch (error) {
    // The plain file that a namespace was mounted on is left behind if its removal was interrupted.
    const isGone = error instanceof NotNetnsError ||
      isErrno(error, "ENOENT", "ENOTDIR", "ESRCH");
    if (isGone) return undefined;
    throw error;
  }
}

function gone({ netnsPath, ifName }: InterfaceLocation): GoneError {
  return new GoneError(`${ifName} in ${netnsPath} no longer exists`);
}

function sendFromHost({ destination, bytes }: Datagram): void {
  using socket = openSocket(AF.INET, SOCK.DGRAM);
  const address = inetAddress(destination, SERVER_PORT);
  const subject = `${formatIpAddress(destination)}:${SERVER_PORT}`;
  sendTo(socket, bytes, { address, subject });
}
