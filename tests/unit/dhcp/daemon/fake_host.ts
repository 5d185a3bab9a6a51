/** A host in memory: a clock, interfaces, a DHCP server, a disk, and a daemon on top. @module */

import { assertInstanceOf } from "@std/assert";
import { parseFlags } from "../../../../lib/base/flags.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import type { LogFields } from "../../../../lib/base/log_line.ts";
import type { Attachment } from "../../../../lib/cni/attachment.ts";
import { CniError } from "../../../../lib/cni/error.ts";
import {
  decodeMessage,
  type DhcpMessage,
  messageTypeName,
} from "../../../../lib/dhcp/codec/dhcp_message.ts";
import {
  type LeaseOptions,
  parseLeaseOptions,
} from "../../../../lib/dhcp/config/lease_options.ts";
import { type Caller, Daemon } from "../../../../lib/dhcp/daemon/daemon.ts";
import {
  DAEMON_FLAGS,
  type DaemonFlags,
} from "../../../../lib/dhcp/daemon/flags.ts";
import type { LeaseRecord } from "../../../../lib/dhcp/daemon/lease_record.ts";
import type {
  DaemonPorts,
  Datagram,
} from "../../../../lib/dhcp/daemon/ports.ts";
import type { DaemonRequest } from "../../../../lib/dhcp/protocol/daemon_protocol.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { type FakeInterface, FakeInterfaces } from "./fake_interface.ts";
import { FakeLeaseStore, FakeReleaseNotes } from "./fake_lease_store.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

/** A message that a client sent. */
export interface Sent {
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly message: DhcpMessage;
}

/** Returns the answers to a message. */
export type Server = (sent: Sent) => readonly DhcpMessage[];

/** Answers DISCOVER with OFFER and REQUEST with ACK, with the values of `reply`. */
export function friendly(
  { type, message: { xid, ciaddr } }: Sent,
): readonly DhcpMessage[] {
  if (type === "DISCOVER") return [reply("OFFER", xid)];
  if (type !== "REQUEST") return [];
  return [reply("ACK", xid, { ciaddr })];
}

/** Returns a server that grants `address`, also to a client that has another. */
export function granting(address: string): Server {
  const yiaddr = ip(address);
  return ({ type, message: { xid } }) => {
    if (type === "DISCOVER") return [reply("OFFER", xid, { yiaddr })];
    return type === "REQUEST" ? [reply("ACK", xid, { yiaddr })] : [];
  };
}

/** Answers nothing. */
export function silent(): readonly DhcpMessage[] {
  return [];
}

/** A host and its daemon. */
export class FakeHost {
  readonly scheduler = new FakeScheduler();
  readonly interfaces = new FakeInterfaces({
    scheduler: this.scheduler,
    onSend: (datagram, from) => this.#answer(datagram, from),
  });
  readonly leases = new FakeLeaseStore();
  readonly releaseNotes = new FakeReleaseNotes();
  server: Server = friendly;
  /** Time between a message and its answer. */
  delayMs = 1;
  bootId = "boot-1";
  readonly sent: Sent[] = [];
  /** The events of the log, without those of level debug. */
  readonly log: string[] = [];
  readonly #fields: (readonly [event: string, fields: LogFields])[] = [];
  daemon: Daemon;
  readonly #flags: DaemonFlags;
  #lastRandom = 0;

  /** The fields of each event of this name. */
  logged(event: string): readonly LogFields[] {
    return this.#fields.filter(([name]) => name === event)
      .map(([, fields]) => fields);
  }

  constructor(...flags: readonly string[]) {
    const parsed = parseFlags(flags, DAEMON_FLAGS);
    if (parsed.kind === "exit") throw new Error(parsed.text);
    this.#flags = parsed.flags;
    this.daemon = new Daemon(this.#ports(), this.#flags);
  }

  /** The types of the messages sent so far. */
  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }

  /** The types of the messages sent from the host's own namespace. */
  get typesFromHost(): string[] {
    return this.interfaces.sentFromHost.map(({ bytes }) =>
      typeOf(decodeMessage(bytes))
    );
  }

  get nowMs(): number {
    return this.scheduler.nowMs();
  }

  /** Makes a namespace with an interface. */
  interface(
    path = "/ns/a",
    inode = this.interfaces.unusedInode(),
  ): FakeInterface {
    return this.interfaces.add(path, inode);
  }

  /** Kills the daemon and starts another. */
  async restart(): Promise<void> {
    this.scheduler.clear();
    for (const attached of this.interfaces.all) attached.closeSockets();
    this.daemon = new Daemon(this.#ports(), this.#flags);
    await this.daemon.resume();
  }

  /** Makes an ADD that is answered and confirmed. @returns The address. */
  async add(
    attachment: Attachment = C1,
    options: Partial<LeaseOptions> = {},
    netns = "/ns/a",
  ): Promise<string> {
    const pending = this.daemon.allocate(
      allocate(attachment, options, netns),
      anyCaller(),
    );
    const allocation = await this.settle(pending);
    allocation.confirm();
    const [first] = allocation.result.ips;
    if (first === undefined) throw new Error("no address");
    const { address: { address, prefixLength } } = first;
    const attached = this.interfaces.at(netns);
    attached?.cidrs.push({
      address: { family: 4, value: address.value },
      prefixLength,
    });
    attached?.notify("changed");
    return formatCidr(first.address);
  }

  /** As {@link FakeScheduler.settle}. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    return await this.scheduler.settle(promise);
  }

  /** As {@link FakeScheduler.advance}. */
  async advance(ms: number): Promise<void> {
    await this.scheduler.advance(ms);
  }

  /** The content of a lease file. */
  record(attachment: Attachment = C1): LeaseRecord | undefined {
    return this.leases.read(attachment);
  }

  #answer(datagram: Datagram, from: FakeInterface): void {
    const message = decodeMessage(datagram.bytes);
    const sent = {
      type: typeOf(message),
      source: formatIpAddress(datagram.source),
      destination: formatIpAddress(datagram.destination),
      message,
    };
    this.sent.push(sent);
    for (const answer of this.server(sent)) {
      this.scheduler.after(this.delayMs, () => from.deliver(answer));
    }
  }

  #ports(): DaemonPorts {
    const { scheduler, interfaces, leases, releaseNotes, bootId } = this;
    return {
      scheduler,
      interfaces,
      leases,
      releaseNotes,
      bootId,
      randomU32: () => this.#lastRandom = (this.#lastRandom + 0x10001) >>> 0,
      digest: (bytes) => bytes.slice(0, 32),
      machineId: hex("00112233445566778899aabbccddeeff"),
      log: (level, event, fields) => {
        this.#fields.push([event, fields ?? {}]);
        if (level !== "debug") this.log.push(event);
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

/** Returns an ADD. */
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

/** Returns a caller. By default it stays connected. */
export function anyCaller(hungUp = new AbortController().signal): Caller {
  return { pid: 1, hungUp };
}

/** The duration of the leases of {@link friendly}. */
export const HOUR_MS = 3_600_000;

/** Returns the error with which a call fails. */
export async function failure(promise: Promise<unknown>): Promise<CniError> {
  try {
    await promise;
  } catch (error) {
    assertInstanceOf(error, CniError);
    return error;
  }
  throw new Error("the call succeeded");
}

function typeOf({ options }: DhcpMessage): string {
  return messageTypeName(options.get(53)?.[0] ?? 0) ?? "?";
}
