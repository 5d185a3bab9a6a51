/**
 * Network interfaces in memory. `attached_interface_contract.ts` says what they share with real
 * ones.
 *
 * @module
 */

import { SystemError } from "../../../../lib/base/errors.ts";
import type { InterfaceLocation } from "../../../../lib/dhcp/daemon/lease_record.ts";
import {
  type AttachedInterface,
  type Datagram,
  type DhcpSocket,
  type InterfaceChange,
  type Interfaces,
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

/** What a fake interface needs from its host. */
export interface FakeNetwork {
  readonly scheduler: FakeScheduler;
  /** Receives each datagram that is sent. */
  readonly onSend: (datagram: Datagram, from: FakeInterface) => void;
}

/** An interface in memory. */
export class FakeInterface implements AttachedInterface {
  link: LinkInfo | undefined = {
    index: 2,
    name: "eth0",
    htype: 1,
    macAddress: hex("02005e100001"),
    broadcastAddress: hex("ffffffffffff"),
    mtu: 1500,
    isUp: true,
    hasCarrier: true,
    kind: "veth",
  };
  /** Its addresses. */
  readonly cidrs: Ipv4Cidr[] = [];
  /** The changes that were made to it, in short. */
  readonly changes: string[] = [];
  /** Addresses that other hosts of the link use. */
  readonly usedElsewhere: Ipv4Address[] = [ip("192.0.2.1")];
  /** The hardware address of the server that each socket was opened with. */
  readonly servers: (Uint8Array | undefined)[] = [];
  /** How long a flush takes. */
  flushMs = 0;
  /** Called when a flush ends. */
  onFlush: () => void = () => {};
  readonly #network: FakeNetwork;
  readonly #sockets = new Set<FakeSocket>();
  readonly #listeners = new Set<(event: InterfaceEvent) => void>();
  #hasNamespace = true;

  constructor(readonly location: InterfaceLocation, network: FakeNetwork) {
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
    }
    this.notify("changed");
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

  change(change: InterfaceChange): void {
    if (this.link === undefined) throw this.#gone();
    this.changes.push(describeChange(change));
    if (change.kind !== "add-address" && change.kind !== "remove-address") {
      return;
    }
    const index = this.cidrs.findIndex((cidr) =>
      formatCidr(cidr) === formatCidr(change.address)
    );
    if (index >= 0) this.cidrs.splice(index, 1);
    if (change.kind === "add-address") this.cidrs.push(change.address);
  }

  open(
    { server, onReadable }: Parameters<AttachedInterface["open"]>[0],
  ): DhcpSocket {
    if (this.link === undefined) throw this.#gone();
    this.servers.push(server);
    const socket = new FakeSocket(onReadable, {
      send: (datagram) => {
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
  readonly sentFromHost: Datagram[] = [];
  readonly #byPath = new Map<string, FakeInterface>();
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

  find(netnsPath: string, ifName: string): FakeInterface {
    const found = this.#byPath.get(netnsPath);
    if (found === undefined) {
      throw new SystemError(
        `failed to Statfs "${netnsPath}": no such file or directory`,
      );
    }
    if (found.link === undefined || ifName !== found.location.ifName) {
      throw new SystemError(`error looking up "${ifName}": Link not found`);
    }
    return found;
  }

  isOwn({ inode }: InterfaceLocation["netns"]): boolean {
    return inode === "own";
  }

  findAgain(
    { netnsPath, netns }: InterfaceLocation,
  ): FakeInterface | undefined {
    const found = this.#byPath.get(netnsPath);
    return found?.link !== undefined && isSameNetns(found.location.netns, netns)
      ? found
      : undefined;
  }

  sendFromHost(datagram: Datagram): void {
    this.sentFromHost.push(datagram);
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
