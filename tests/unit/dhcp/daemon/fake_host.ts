/** A host without an operating system: clock, interfaces, a DHCP server and a disk, all in memory. @module */

import { assertInstanceOf } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { CniError } from "../../../../lib/cni/error.ts";
import {
  decodeMessage,
  type DhcpMessage,
  messageTypeName,
} from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type { ClientPacket } from "../../../../lib/dhcp/codec/packet.ts";
import { Daemon } from "../../../../lib/dhcp/daemon/daemon.ts";
import {
  type DaemonFlags,
  parseFlags,
} from "../../../../lib/dhcp/daemon/flags.ts";
import { parseLeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import type { LeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import {
  formatLeaseRecord,
  type LeaseRecord,
  parseLeaseRecord,
  type Place,
} from "../../../../lib/dhcp/daemon/lease_record.ts";
import {
  type AttachedInterface,
  type DaemonPorts,
  type Datagram,
  type Exchange,
  type InterfaceChange,
} from "../../../../lib/dhcp/daemon/ports.ts";
import type { DaemonRequest } from "../../../../lib/dhcp/protocol/daemon_protocol.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { formatCidr, type Ipv4Cidr } from "../../../../lib/net/cidr.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import type { LinkInfo } from "../../../../lib/netlink/link_message.ts";
import { hex } from "../../../support/bytes.ts";
import { reply } from "../../../support/dhcp_messages.ts";
import {
  type Attachment,
  attachmentText,
} from "../../../../lib/cni/attachment.ts";
import type { InterfaceEvent } from "../../../../lib/netlink/notification.ts";
import { isSameNetns } from "../../../../lib/net/netns_identity.ts";

/** A message that some client sent. */
export interface Sent {
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly message: DhcpMessage;
}

/** Answers a message; nothing if it stays silent. */
export type Server = (sent: Sent) => readonly DhcpMessage[];

/** OFFER to DISCOVER, ACK to REQUEST, with the usual values of `reply`. */
export function friendly(
  { type, message: { xid, ciaddr } }: Sent,
): readonly DhcpMessage[] {
  if (type === "DISCOVER") return [reply("OFFER", xid)];
  if (type !== "REQUEST") return [];
  return [reply("ACK", xid, { ciaddr })];
}

/** Says nothing. */
export function silent(): readonly DhcpMessage[] {
  return [];
}

/** An interface that exists only here. */
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
  /** What was done to it. */
  readonly changes: string[] = [];
  /** Sockets that are open. */
  openExchanges = 0;
  /** How long it takes until all that was sent is gone. */
  flushMs = 0;
  /** Called at that moment. */
  onFlush: () => void = () => {};
  /** How often it was set down. */
  timesDown = 0;
  readonly #listeners = new Set<(event: InterfaceEvent) => void>();
  readonly #host: FakeHost;
  onConflict: (() => void) | undefined;

  constructor(readonly place: Place, host: FakeHost) {
    this.#host = host;
  }

  /** Whether somebody watches. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Changes the link and tells the watchers. */
  set(changes: Partial<LinkInfo>): void {
    if (this.link === undefined) throw new Error("gone");
    this.link = { ...this.link, ...changes };
    this.tell("changed");
  }

  /** Takes the interface away. */
  remove(event: "removed" | "netns-gone" = "removed"): void {
    this.link = undefined;
    this.tell(event);
  }

  tell(event: InterfaceEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  read(): LinkInfo | undefined {
    return this.link;
  }

  addresses(): readonly Ipv4Cidr[] {
    if (this.link === undefined) throw new SystemError("gone");
    return this.cidrs;
  }

  setState(state: "up" | "down"): void {
    this.changes.push(state);
    if (state === "down") this.timesDown += 1;
    this.set({ isUp: state === "up", hasCarrier: state === "up" });
  }

  change(change: InterfaceChange): void {
    switch (change.kind) {
      case "add-address":
        this.cidrs.push(change.address);
        this.changes.push(`+${formatCidr(change.address)}`);
        return;
      case "remove-address":
        this.cidrs.splice(
          this.cidrs.findIndex((cidr) =>
            formatCidr(cidr) === formatCidr(change.address)
          ),
          1,
        );
        this.changes.push(`-${formatCidr(change.address)}`);
        return;
      case "add-route":
      case "remove-route": {
        const sign = change.kind === "add-route" ? "+" : "-";
        const via = change.gw === undefined
          ? ""
          : ` via ${formatIpAddress(change.gw)}`;
        this.changes.push(`${sign}route ${formatCidr(change.dst)}${via}`);
      }
    }
  }

  open(onPacket: (packet: ClientPacket) => void): Exchange {
    if (this.link === undefined) throw new SystemError("gone");
    this.openExchanges += 1;
    let isOpen = true;
    const { timesDown } = this;
    return {
      send: (datagram) => {
        // A packet socket that saw its link go down says so at its next use, even if the link is up again.
        if (this.link?.isUp !== true || this.timesDown > timesDown) {
          throw new SystemError("down");
        }
        this.#host.deliver(datagram, (packet) => {
          if (isOpen) onPacket(packet);
        });
      },
      flushed: () => this.#flushed(),
      [Symbol.dispose]: () => {
        if (isOpen) this.openExchanges -= 1;
        isOpen = false;
      },
    };
  }

  async #flushed(): Promise<boolean> {
    if (this.flushMs > 0) {
      await new Promise<void>((resolve) =>
        this.#host.after(this.flushMs, resolve)
      );
    }
    this.onFlush();
    return true;
  }

  probe(
    _address: unknown,
    { onConflict }: { readonly onConflict: () => void },
  ): Disposable {
    this.onConflict = onConflict;
    return { [Symbol.dispose]: () => this.onConflict = undefined };
  }

  watch(listener: (event: InterfaceEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}

/** Everything outside of a daemon, and the daemon. */
export class FakeHost {
  nowMs = 1_000_000;
  server: Server = friendly;
  /** Time between a message and its answer. */
  delayMs = 1;
  bootId = "boot-1";
  readonly sent: Sent[] = [];
  /** What was sent from the host's own namespace. */
  readonly sentFromHost: string[] = [];
  /** Lines of the log, without those about packets. */
  readonly log: string[] = [];
  /** Interfaces by path of their namespace. */
  readonly interfaces = new Map<string, FakeInterface>();
  /** Lease files by attachment. */
  readonly files = new Map<string, string>();
  /** Every write of a lease file. */
  writes = 0;
  readonly tombstones = new Map<string, Attachment>();
  /** Writes fail. */
  isDiskFull = false;
  daemon: Daemon;
  readonly #timers = new Map<object, { atMs: number; run: () => void }>();
  readonly #flags: DaemonFlags;
  #lastRandom = 0;

  constructor(...flags: readonly string[]) {
    const parsed = parseFlags(flags);
    if (parsed.kind === "exit") throw new Error(parsed.text);
    this.#flags = parsed.flags;
    this.daemon = this.#makeDaemon();
  }

  /** A namespace with an interface; its path, and another inode for each call. */
  interface(
    path = "/ns/a",
    inode = String(this.interfaces.size + 1),
  ): FakeInterface {
    const place = {
      netnsPath: path,
      netns: { device: "0:4", inode },
      ifName: "eth0",
    };
    const made = new FakeInterface(place, this);
    this.interfaces.set(path, made);
    return made;
  }

  /** The daemon is killed and another one starts. */
  async restart(): Promise<void> {
    this.#timers.clear();
    for (const attached of this.interfaces.values()) {
      attached.openExchanges = 0;
    }
    this.daemon = this.#makeDaemon();
    await this.daemon.adopt();
  }

  /** An ADD that is answered and confirmed. @returns The address. */
  async add(
    attachment: Attachment = C1,
    options: Partial<LeaseOptions> = {},
    netns = "/ns/a",
  ): Promise<string> {
    const pending = this.daemon.allocate(
      allocate(attachment, options, netns),
      new AbortController().signal,
    );
    const allocation = await this.settle(pending);
    allocation.confirm();
    const [ip] = allocation.result.ips;
    if (ip === undefined) throw new Error("no address");
    const { address: { address, prefixLength } } = ip;
    this.interfaces.get(netns)?.cidrs.push({
      address: { family: 4, value: address.value },
      prefixLength,
    });
    this.interfaces.get(netns)?.tell("changed");
    return formatCidr(ip.address);
  }

  /** The result of `promise`, with as much time passing as it takes. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => isSettled = true);
    watched.catch(() => {});
    for (let turn = 0; turn < 100_000; turn++) {
      await flush();
      if (isSettled) return await watched;
      const next = this.#nextTimer();
      if (next === undefined) throw new Error("nothing is left to happen");
      await this.advance(next - this.nowMs);
    }
    throw new Error("never settled");
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await flush();
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= endMs)
        .sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      const [key, { atMs, run }] = due;
      this.#timers.delete(key);
      this.nowMs = Math.max(this.nowMs, atMs);
      run();
    }
    this.nowMs = endMs;
    await flush();
  }

  /** Time passes in which the process gets no turn: all that is due comes at once, as one look at the timers finds it. */
  async stall(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = [...this.#timers].filter(([, { atMs }]) => atMs <= this.nowMs)
      .sort(([, a], [, b]) => a.atMs - b.atMs);
    for (const [key, { run }] of due) {
      if (this.#timers.delete(key)) run();
    }
    await flush();
  }

  /** Takes what a client sends, and answers. */
  deliver(datagram: Datagram, onPacket: (packet: ClientPacket) => void): void {
    const message = decodeMessage(datagram.bytes);
    const sent = {
      type: typeOf(message),
      source: formatIpAddress(datagram.source),
      destination: formatIpAddress(datagram.destination),
      message,
    };
    this.sent.push(sent);
    for (const answer of this.server(sent)) {
      const source = { family: 4, value: 0xc0000201n } as const;
      this.after(
        this.delayMs,
        () => onPacket({ kind: "message", message: answer, source }),
      );
    }
  }

  /** The types of the messages sent so far. */
  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }

  /** Calls `run` after some time. */
  after(ms: number, run: () => void): void {
    this.#timers.set({}, { atMs: this.nowMs + ms, run });
  }

  /** The lease file of an attachment. */
  record(attachment: Attachment = C1): LeaseRecord | undefined {
    const text = this.files.get(attachmentText(attachment));
    return text === undefined ? undefined : parseLeaseRecord(text);
  }

  #nextTimer(): number | undefined {
    const times = [...this.#timers.values()].map(({ atMs }) => atMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #makeDaemon(): Daemon {
    return new Daemon(this.#ports(), this.#flags);
  }

  #ports(): DaemonPorts {
    return {
      scheduler: {
        nowMs: () => this.nowMs,
        wallMs: () => this.nowMs,
        timer: (callback) => {
          const key = {};
          return {
            set: (atMs) => {
              if (atMs === Infinity) this.#timers.delete(key);
              else this.#timers.set(key, { atMs, run: callback });
            },
            [Symbol.dispose]: () => this.#timers.delete(key),
          };
        },
      },
      randomU32: () => this.#lastRandom = (this.#lastRandom + 0x10001) >>> 0,
      digest: (bytes) => bytes.slice(0, 32),
      machineId: hex("00112233445566778899aabbccddeeff"),
      bootId: this.bootId,
      interfaces: {
        find: (path) => {
          const found = this.interfaces.get(path);
          if (found?.link === undefined) {
            throw new SystemError(`failed to Statfs "${path}"`);
          }
          return found;
        },
        isOwn: ({ inode }) => inode === "own",
        findAgain: ({ netnsPath, netns }) => {
          const found = this.interfaces.get(netnsPath);
          return found?.link !== undefined &&
              isSameNetns(found.place.netns, netns)
            ? found
            : undefined;
        },
        sendFromHost: ({ bytes }) => {
          this.sentFromHost.push(typeOf(decodeMessage(bytes)));
        },
      },
      leases: {
        write: (record) => {
          if (this.isDiskFull) throw new SystemError("disk full");
          this.writes += 1;
          const name = attachmentText(record.attachment);
          this.files.set(name, formatLeaseRecord(record));
        },
        remove: (attachment) => {
          this.files.delete(attachmentText(attachment));
        },
        read: (attachment) => this.record(attachment),
        readAll: () => ({
          records: [...this.files.values()].map(parseLeaseRecord),
          oddities: [],
        }),
        readTombstones: () => ({
          attachments: [...this.tombstones.values()],
          oddities: [],
        }),
        removeTombstone: (attachment) => {
          this.tombstones.delete(attachmentText(attachment));
        },
      },
      log: (level, message) => {
        if (level !== "debug") this.log.push(message);
      },
    };
  }
}

/** The attachment of most tests. */
export const C1: Attachment = {
  containerId: "c1",
  networkName: "net",
  ifName: "eth0",
};

/** An ADD. */
export function allocate(
  attachment: Attachment = C1,
  options: Partial<LeaseOptions> = {},
  netns = "/ns/a",
): Extract<DaemonRequest, { method: "allocate" }> {
  return {
    method: "allocate",
    attachment,
    netns,
    netnsOverride: false,
    options: { ...parseLeaseOptions(new JsonObject({}, "")), ...options },
  };
}

/** How long the leases of {@link friendly} are. */
export const HOUR_MS = 3_600_000;

/** Why a call failed. */
export async function failure(promise: Promise<unknown>): Promise<CniError> {
  try {
    await promise;
  } catch (error) {
    assertInstanceOf(error, CniError);
    return error;
  }
  throw new Error("it succeeded");
}

function typeOf({ options }: DhcpMessage): string {
  return messageTypeName(options.get(53)?.[0] ?? 0) ?? "?";
}

/** Lets everything happen that needs no time. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
