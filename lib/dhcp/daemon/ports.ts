/** What the daemon needs of the outside. Implemented in `lib/sys`, and by fakes in tests. @module */

import type { Timer } from "../../base/timer.ts";
import type { Log } from "../../base/log_line.ts";
import type { Attachment } from "../../cni/attachment.ts";
import type { ClientPacket } from "../codec/packet.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { LeaseRecord, Place } from "./lease_record.ts";
import type { NetnsIdentity } from "../../net/netns_identity.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** A cryptographic hash with at least 16 bytes of output, such as SHA-256. */
export type Digest = (bytes: Uint8Array) => Uint8Array;

/** The clock of leases and what waits on it. */
export interface Scheduler {
  /** Monotonic milliseconds, suspends included. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970; for people only. */
  wallMs(): number;
  /** A timer that is not set. */
  timer(callback: () => void): Timer;
}

/** A datagram to send. */
export interface Datagram {
  readonly xid: number;
  /** 0.0.0.0, or an address of the interface. */
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** An encoded DHCP message. */
  readonly bytes: Uint8Array;
}

/** Sockets on an interface, held as long as an answer is waited for. */
export interface Exchange extends Disposable {
  /** Sends a datagram; from now on only answers with its xid are received. @throws {SystemError} */
  send(datagram: Datagram): void;
  /** Waits until everything has left the host, `timeoutMs` at most. */
  flushed(timeoutMs: number): Promise<boolean>;
}

/** A change of an interface. */
export type InterfaceChange =
  | { readonly kind: "add-address"; readonly address: Ipv4Cidr }
  | { readonly kind: "remove-address"; readonly address: Ipv4Cidr }
  | {
    readonly kind: "add-route" | "remove-route";
    readonly dst: Ipv4Cidr;
    /** Undefined: on the link itself. */
    readonly gw: Ipv4Address | undefined;
    readonly metric: number;
  };

/**
 * The interface of an attachment. It holds no descriptor: each call enters the namespace by its path and makes sure that
 * it is still the same one.
 *
 * Methods throw a SystemError if the operating system refuses, also if interface or namespace are gone.
 */
export interface AttachedInterface {
  readonly place: Place;
  /** Undefined if the interface, or the namespace, is gone. */
  read(): LinkInfo | undefined;
  /** Its IPv4 addresses. */
  addresses(): readonly Ipv4Cidr[];
  setState(state: "up" | "down"): void;
  change(change: InterfaceChange): void;
  /** Opens sockets. @param onPacket Takes every packet that passes the filter. */
  open(onPacket: (packet: ClientPacket) => void): Exchange;
  /** Asks the link whether anybody has `address` (RFC 5227), until disposed. */
  probe(
    address: Ipv4Address,
    { durationMs, onConflict }: {
      readonly durationMs: number;
      readonly onConflict: () => void;
    },
  ): Disposable;
  /** Tells `listener` what happens; look afterwards, so that nothing is missed. Not after the first "removed". */
  watch(listener: (event: InterfaceEvent) => void): Disposable;
}

/** The interfaces of all namespaces. */
export interface Interfaces {
  /**
   * The interface `ifName` in the namespace at `netnsPath`.
   *
   * @throws {SystemError} with upstream's text if there is none.
   */
  find(netnsPath: string, ifName: string): AttachedInterface;
  /** Whether a namespace is the one that the daemon itself is in. */
  isOwn(netns: NetnsIdentity): boolean;
  /** The interface of a stored lease; undefined if it, or its namespace, is gone. */
  findAgain(place: Place): AttachedInterface | undefined;
  /**
   * Sends a message to a server from the daemon's own namespace: the last resort for a lease whose interface is gone.
   *
   * @throws {SystemError}
   */
  sendFromHost(datagram: Datagram): void;
}

/** A file of the state directory that is no lease. */
export interface Oddity {
  readonly path: string;
  readonly reason: string;
}

/** Leases on disk. Every method throws a SystemError if the file system refuses. */
export interface LeaseStore {
  /** Writes a lease over an earlier one: it outlives this process, and unless it is only an offer this machine too. */
  write(record: LeaseRecord): void;
  /** Forgets a lease; one that is not there is fine. After the end of the machine it may be there again. */
  remove(attachment: Attachment): void;
  /** The lease of an attachment; undefined if there is none that can be read. */
  read(attachment: Attachment): LeaseRecord | undefined;
  /** Every lease, and what else was found. */
  readAll(): {
    readonly records: readonly LeaseRecord[];
    readonly oddities: readonly Oddity[];
  };
  /** The attachments that were deleted while no daemon ran. */
  readTombstones(): {
    readonly attachments: readonly Attachment[];
    readonly oddities: readonly Oddity[];
  };
  removeTombstone(attachment: Attachment): void;
}

/** Everything. */
export interface DaemonPorts {
  readonly scheduler: Scheduler;
  readonly randomU32: () => number;
  readonly digest: Digest;
  /** 16 bytes that name this machine for good; undefined if it has none. */
  readonly machineId: Uint8Array | undefined;
  /** Names this start of the machine. */
  readonly bootId: string;
  readonly interfaces: Interfaces;
  readonly leases: LeaseStore;
  readonly log: Log;
}
