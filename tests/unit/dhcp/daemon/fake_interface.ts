/**
 * Network interfaces in memory. `attached_interface_contract.ts` says what they share with real
 * ones.
 *
 * @module
 */

import { SystemError } from "../../../../lib/base/errors.ts";
import type { InterfaceLocation } from "../../../../lib/dhcp/daemon/lease_record.ts";
import type { NetnsIdentity } from "../../../../lib/net/netns_identity.ts";
import {
  type AttachedInterface,
  type Datagram,
  type DhcpSocket,
  type FoundLocation,
  type HostRoute,
  type InterfaceChange,
  type Interfaces,
  type NetnsReference,
  type ReceivedPacket,
} from "../../../../lib/dhcp/daemon/ports.ts";
import type { DhcpMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type { ClientPacket } from "../../../../lib/dhcp/codec/packet.ts";
import { formatCidr, type Ipv4Cidr } from "../../../../lib/net/cidr.ts";
import {
  formatIpAddress,
  sameAddress,
} from "../../../../lib/net/ip_address.ts";
import type { Ipv4Address } from "../../../../lib/net/ipv4_address.ts";
import type { InterfaceEvent } from "../../../../lib/netlink/notification.ts";
import { hex } from "../../../support/bytes.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import type { FakeScheduler } from "./fake_scheduler.ts";
import { isSameNetns } from "../../../../lib/net/netns_identity.ts";
import type { LinkInfo } from "../../../../lib/netlink/link_message.ts";

/** Hardware address of every server. */
export const SERVER_MAC = hex("02005e1000fe");

/** A link that is up. */
export const LINK: LinkInfo = {
  index: 0,
  name: "eth0",
  htype: 1,
  macAddress: hex("02005e100001"),
  broadcastAddress: hex("ffffffffffff"),
  mtu: 1500,
  isUp: true,
  hasCarrier: true,
  kind: "veth",
  master: undefined,
};

/** What a fake interface needs from its host. */
export interface FakeNetwork {
  readonly scheduler: FakeScheduler;
  /** Receives each datagram that is sent. */
  readonly onSend: (datagram: Datagram, from: FakeInterface) => void;
}

/** An interface in memory. */
export class FakeInterface implements AttachedInterface {
  link: LinkInfo | undefined = LINK;
  /** Its addresses. */
  readonly cidrs: Ipv4Cidr[] = [];
  /** The changes that were made to it, in short. */
  readonly changes: string[] = [];
  /** Its routes, in short. */
  readonly routes = new Set<string>();
  /** The addresses that were announced. */
  readonly announced: string[] = [];
  /** Addresses that other hosts of the link use. */
  readonly usedElsewhere: Ipv4Address[] = [ip("192.0.2.1")];
  /** The hardware address of the server that each socket was opened with. */
  readonly servers: (Uint8Array | undefined)[] = [];
  /** Why no message can be sent. */
  sendError: SystemError | undefined;
  /** How long a flush takes. */
  flushMs = 0;
  /** Called when a flush ends. */
  onFlush: () => void = () => {};
  readonly #network: FakeNetwork;
  readonly #sockets = new Set<FakeSocket>();
  readonly #listeners = new Set<(event: InterfaceEvent) => void>();
  #hasNamespace = true;

  constructor(readonly location: FoundLocation, network: FakeNetwork) {
    this.set({ index: location.ifIndex });
    this.#network = network;
  }

  /** How many sockets are open. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Whether the daemon watches it. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Changes the link and notifies the watchers. */
  set(changes: Partial<LinkInfo>): void {
    if (this.link === undefined) throw this.#gone();
    this.link = { ...this.link, ...changes };
    if (!this.link.isUp) {
      for (const socket of this.#sockets) socket.isBroken = true;
      this.routes.clear();
    }
    this.notify(this.link.isUp ? "changed" : "set-down");
  }

  /** Removes the interface. */
  remove(event: "removed" | "netns-gone" = "removed"): void {
    this.link = undefined;
    this.#hasNamespace = event === "removed";
    this.notify(event);
  }

  /** Reports an event to the watchers. */
  notify(event: InterfaceEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Delivers a server's message to the sockets whose filter it passes. */
  deliver(message: DhcpMessage): void {
    const source = ip("192.0.2.1");
    for (const socket of [...this.#sockets]) {
      if (socket.xid !== message.xid) continue;
      socket.deliver({ kind: "message", message, source });
    }
  }

  /** Delivers a packet that is not a DHCP message. */
  deliverMalformed(): void {
    for (const socket of [...this.#sockets]) {
      socket.deliver({ kind: "dropped", reason: "malformed", detail: "" });
    }
  }

  /** Closes all sockets, as the kernel does when the daemon is killed. */
  closeSockets(): void {
    this.#sockets.clear();
    this.#listeners.clear();
  }

  read(): LinkInfo | undefined {
    return this.link;
  }

  addresses(): readonly Ipv4Cidr[] {
    if (!this.#hasNamespace) throw this.#gone();
    return this.link === undefined ? [] : [...this.cidrs];
  }

  setState(state: "up" | "down"): void {
    if (this.link === undefined) throw this.#gone();
    this.changes.push(state);
    this.set({ isUp: state === "up", hasCarrier: state === "up" });
  }

  change(change: InterfaceChange): boolean {
    if (this.link === undefined) throw this.#gone();
    const text = describeChange(change);
    this.changes.push(text);
    if ("dst" in change) {
      const isThere = this.routes.has(text.slice(1));
      if (change.kind === "add-route") this.routes.add(text.slice(1));
      else this.routes.delete(text.slice(1));
      return !isThere || change.kind === "remove-route";
    }
    const index = this.cidrs.findIndex((cidr) =>
      formatCidr(cidr) === formatCidr(change.address)
    );
    if (index >= 0) this.cidrs.splice(index, 1);
    if (change.kind === "add-address") this.cidrs.push(change.address);
    return true;
  }

  announce(address: Ipv4Address): void {
    if (this.link?.isUp !== true) throw new SystemError("network is down");
    this.announced.push(formatIpAddress(address));
  }

  open(
    { server, onReadable }: Parameters<AttachedInterface["open"]>[0],
  ): DhcpSocket {
    if (this.link === undefined) throw this.#gone();
    this.servers.push(server);
    const socket = new FakeSocket(onReadable, {
      send: (datagram) => {
        if (this.sendError !== undefined) throw this.sendError;
        if (this.link?.isUp !== true) throw new SystemError("network is down");
        this.#network.onSend(datagram, this);
      },
      flush: () => this.#flush(),
      close: () => this.#sockets.delete(socket),
    });
    this.#sockets.add(socket);
    return socket;
  }

  probe(
    address: Ipv4Address,
    { onConflict }: { readonly onConflict: () => void },
  ): Disposable {
    const answer = this.#network.scheduler.timer(onConflict);
    const isUsed = this.usedElsewhere.some((used) =>
      sameAddress(used, address)
    );
    if (isUsed) answer.set(this.#network.scheduler.nowMs() + 1);
    return answer;
  }

  watch(listener: (event: InterfaceEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async #flush(): Promise<boolean> {
    if (this.flushMs > 0) {
      await new Promise<void>((resolve) =>
        this.#network.scheduler.after(this.flushMs, resolve)
      );
    }
    this.onFlush();
    return true;
  }

  #gone(): SystemError {
    const { ifName, netnsPath } = this.location;
    return new SystemError(`${ifName} in ${netnsPath} no longer exists`);
  }
}

/** A socket of a {@link FakeInterface}. */
class FakeSocket implements DhcpSocket {
  /** The link went down: the next send fails, even if the link is up again. */
  isBroken = false;
  readonly #onReadable: () => void;
  readonly #interface: {
    readonly send: (datagram: Datagram) => void;
    readonly flush: () => Promise<boolean>;
    readonly close: () => void;
  };
  /** The xid that passes the filter. */
  xid: number | undefined;
  readonly #waiting: ReceivedPacket[] = [];
  #isClosed = false;

  constructor(
    onReadable: () => void,
    attached: {
      readonly send: (datagram: Datagram) => void;
      readonly flush: () => Promise<boolean>;
      readonly close: () => void;
    },
  ) {
    this.#onReadable = onReadable;
    this.#interface = attached;
  }

  send(datagram: Datagram): void {
    this.xid = datagram.xid;
    const { isBroken } = this;
    this.isBroken = false;
    if (isBroken) throw new SystemError("network is down");
    this.#interface.send(datagram);
  }

  /** Delivers a packet that passes the filter. */
  deliver(packet: ClientPacket): void {
    this.#waiting.push({ packet, sender: SERVER_MAC });
    this.#onReadable();
  }

  *receive(): Generator<ReceivedPacket> {
    for (;;) {
      const packet = this.#isClosed ? undefined : this.#waiting.shift();
      if (packet === undefined) return;
      yield packet;
    }
  }

  async flushed(): Promise<boolean> {
    return await this.#interface.flush();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#interface.close();
  }
}

/** Namespaces with one interface each, `eth0`. */
export class FakeInterfaces implements Interfaces {
  /** The datagrams that were sent from the host's own namespace. */
  readonly sentFromHost: (Datagram & { readonly route: HostRoute })[] = [];
  /** The processes that call at the moment. */
  readonly callers: number[] = [];
  readonly #byPath = new Map<string, FakeInterface>();
  #lastIndex = 1;
  readonly #network: FakeNetwork;

  constructor(network: FakeNetwork) {
    this.#network = network;
  }

  /** All interfaces. */
  get all(): readonly FakeInterface[] {
    return [...this.#byPath.values()];
  }

  /** Returns the inode of a namespace that does not exist yet. */
  unusedInode(): string {
    return String(this.#byPath.size + 1);
  }

  /** Makes a namespace at `path`, replacing an earlier one. */
  add(path: string, inode: string): FakeInterface {
    const location = {
      netnsPath: path,
      netns: { device: "0:4", inode },
      ifName: "eth0",
      ifIndex: this.#lastIndex += 1,
    };
    const made = new FakeInterface(location, this.#network);
    this.#byPath.set(path, made);
    return made;
  }

  /** The interface in the namespace at `path`. */
  at(path: string): FakeInterface | undefined {
    return this.#byPath.get(path);
  }

  /** Removes the namespace at `path`. */
  removeNamespace(path: string): void {
    const attached = this.#byPath.get(path);
    this.#byPath.delete(path);
    attached?.remove("netns-gone");
  }

  find(netns: NetnsReference, ifName: string): FakeInterface {
    const found = this.#open(netns);
    if (found.link?.name !== ifName) {
      throw new SystemError(`error looking up "${ifName}": Link not found`);
    }
    return found;
  }

  identify(netns: NetnsReference): NetnsIdentity {
    return this.#open(netns).location.netns;
  }

  addCaller(pid: number): Disposable {
    this.callers.push(pid);
    return {
      [Symbol.dispose]: () =>
        void this.callers.splice(this.callers.indexOf(pid), 1),
    };
  }

  isOwn({ inode }: NetnsIdentity): boolean {
    return inode === "own";
  }

  findAgain(
    { netnsPath, netns, ifName, ifIndex }: InterfaceLocation,
  ): FakeInterface | undefined {
    const found = this.#byPath.get(netnsPath);
    const isSame = ifIndex === undefined
      ? found?.link?.name === ifName
      : found?.link?.index === ifIndex;
    return found !== undefined && isSame &&
        isSameNetns(found.location.netns, netns)
      ? found
      : undefined;
  }

  sendFromHost(datagram: Datagram, route: HostRoute): string {
    this.sentFromHost.push({ ...datagram, route });
    return route.device?.name ?? "host";
  }

  #open({ path }: NetnsReference): FakeInterface {
    const found = this.#byPath.get(path);
    if (found !== undefined) return found;
    throw new SystemError(
      `failed to Statfs "${path}": no such file or directory`,
    );
  }
}

/** Describes a change in one short text. */
export function describeChange(change: InterfaceChange): string {
  switch (change.kind) {
    case "add-address":
      return `+${formatCidr(change.address)}`;
    case "remove-address":
      return `-${formatCidr(change.address)}`;
    case "add-route":
    case "remove-route": {
      const sign = change.kind === "add-route" ? "+" : "-";
      const via = change.gw === undefined
        ? ""
        : ` via ${formatIpAddress(change.gw)}`;
      return `${sign}route ${formatCidr(change.dst)}${via}`;
    }
  }
}
