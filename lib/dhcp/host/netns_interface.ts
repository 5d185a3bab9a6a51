/**
 * The daemon's interfaces on a real kernel: found by path and index, without a descriptor between
 * two uses.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { InterfaceLocation } from "../daemon/lease_record.ts";
import type {
  AttachedInterface,
  DhcpSocket,
  FoundLocation,
  InterfaceChange,
  Interfaces,
} from "../daemon/ports.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { announceAddress } from "./address_announcement.ts";
import { probeAddress } from "./address_probe.ts";
import { InterfaceSocket } from "./dhcp_socket.ts";
import { sendFromHost } from "./host_release.ts";
import { type EnteredNetns, NetnsEntrance } from "./entered_netns.ts";
import { NetnsLookup } from "./netns_lookup.ts";
import type { EventLoop } from "../../linux/event_loop.ts";
import type { LinkControl } from "../../linux/link_control.ts";
import type { InterfaceMonitor } from "../../linux/interface_monitor.ts";
import { type Netns, ownNetns } from "../../linux/netns.ts";
import { isSameNetns } from "../../net/netns_identity.ts";
import type { Timers } from "../../linux/timers.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** What all interfaces use. */
export interface InterfaceContext {
  readonly loop: EventLoop;
  readonly timers: Timers;
  readonly monitor: InterfaceMonitor;
  readonly entrance: NetnsEntrance;
}

/** The namespace or the interface no longer exists. */
class GoneError extends SystemError {}

class NetnsInterface implements AttachedInterface {
  readonly #context: InterfaceContext;

  constructor(readonly location: FoundLocation, context: InterfaceContext) {
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
    return this.#control((control) => control.addresses(this.location.ifIndex));
  }

  setState(state: "up" | "down"): void {
    this.#control((control) => control.setState(this.location.ifIndex, state));
  }

  change(change: InterfaceChange): boolean {
    const { ifIndex } = this.location;
    return this.#control((control) => {
      switch (change.kind) {
        case "add-address":
          control.addAddress({ ...change.address, ifIndex });
          return true;
        case "remove-address":
          control.removeAddress({ ...change.address, ifIndex });
          return true;
        case "add-route":
          return control.addRoute({ ...change, ifIndex });
        case "remove-route":
          control.removeRoute({ ...change, ifIndex });
          return true;
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

  announce(address: Ipv4Address): void {
    const link = this.#existingLink();
    this.#enter((netns) => announceAddress(netns, link, address));
  }

  watch(listener: (event: InterfaceEvent) => void): Disposable {
    return this.#enter((netns) =>
      this.#context.monitor.watch(netns, this.location.ifIndex, listener)
    );
  }

  #existingLink(): LinkInfo {
    return this.#control((control) => {
      const link = control.read(this.location.ifIndex);
      if (link === undefined) throw gone(this.location);
      return link;
    });
  }

  #control<T>(body: (control: LinkControl) => T): T {
    return body(this.#entered().control);
  }

  #enter<T>(body: (netns: Netns) => T): T {
    return body(this.#entered().netns);
  }

  /** @throws {GoneError} if the namespace no longer exists. */
  #entered(): EnteredNetns {
    const { location: { netnsPath, netns } } = this;
    const entered = this.#context.entrance.enterAgain(netnsPath, netns);
    if (entered === undefined) throw gone(this.location);
    return entered;
  }
}

/** Returns the interfaces of this host and of its namespaces. */
export function netnsInterfaces(
  resources: Omit<InterfaceContext, "entrance">,
): Interfaces {
  const lookup = new NetnsLookup();
  const entrance = new NetnsEntrance(lookup);
  const context = { ...resources, entrance };
  return {
    find: ({ path, callerPid }, ifName) => {
      const { control, identity } = entrance.enter(path, callerPid);
      const link = control.find(ifName);
      if (link === undefined) {
        const quoted = JSON.stringify(ifName);
        throw new SystemError(`error looking up ${quoted}: Link not found`);
      }
      const { index: ifIndex } = link;
      const location = { netnsPath: path, netns: identity, ifName, ifIndex };
      return new NetnsInterface(location, context);
    },
    identify: ({ path, callerPid }) => entrance.enter(path, callerPid).identity,
    addCaller: (pid) => lookup.addCaller(pid),
    isOwn: (netns) => isSameNetns(netns, ownNetns().identity),
    findAgain: (location) => {
      const { netnsPath, netns: identity, ifName, ifIndex } = location;
      const control = entrance.enterAgain(netnsPath, identity)?.control;
      if (control === undefined) return undefined;
      const link = ifIndex === undefined
        ? control.find(ifName)
        : control.read(ifIndex);
      return link &&
        new NetnsInterface({ ...location, ifIndex: link.index }, context);
    },
    sendFromHost,
  };
}

function gone({ netnsPath, ifName }: InterfaceLocation): GoneError {
  return new GoneError(`${ifName} in ${netnsPath} no longer exists`);
}
