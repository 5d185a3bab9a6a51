/**
 * What the daemon needs from the operating system. `lib/dhcp/host` and the fakes of the tests
 * implement it.
 *
 * @module
 */

import type { Timer } from "../../base/timer.ts";
import type { Log } from "../../base/log_line.ts";
import type { Attachment } from "../../cni/attachment.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { ClientPacket } from "../codec/packet.ts";
import type { InterfaceLocation, LeaseRecord } from "./lease_record.ts";
import type { NetnsIdentity } from "../../net/netns_identity.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** A cryptographic hash with at least 16 bytes of output, such as SHA-256. */
export type Digest = (bytes: Uint8Array) => Uint8Array;

/** The clock of the leases, and its timers. */
export interface Scheduler {
  /** Returns monotonic milliseconds, suspends included. */
  nowMs(): number;
  /** Returns the wall clock in milliseconds since 1970, for operators only. */
  wallMs(): number;
  /** Returns a timer that is not set. */
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

/** A packet that passed the filter of a {@link DhcpSocket}. */
export interface ReceivedPacket {
  readonly packet: ClientPacket;
  /** Hardware address of the sender. */
  readonly sender: Uint8Array;
}

/** A socket on an interface, open while the client expects an answer. */
export interface DhcpSocket extends Disposable {
  /**
   * Sends a datagram; from now on receives only answers with its xid.
   *
   * @throws {SystemError} if the link is down, or the operating system refuses.
   */
  send(datagram: Datagram): void;
  /**
   * Returns the packets that wait, one by one, until the socket is closed; never waits itself. It
   * returns a limited number: the rest makes the socket readable again.
   */
  receive(): Iterable<ReceivedPacket>;
  /** Waits until everything has left the host, at most `timeoutMs`. @returns Whether it has. */
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
 * The interface of an attachment. It holds no descriptor: each call enters the namespace by its
 * path and checks that it is still the same one.
 *
 * Methods throw a SystemError if the operating system refuses, also if interface or namespace are
 * gone.
 */
export interface AttachedInterface {
  readonly location: InterfaceLocation;
  /** Returns its state; undefined if the interface or the namespace is gone. */
  read(): LinkInfo | undefined;
  /** Returns its IPv4 addresses; none if the interface is gone. */
  addresses(): readonly Ipv4Cidr[];
  setState(state: "up" | "down"): void;
  change(change: InterfaceChange): void;
  /**
   * Opens a socket.
   *
   * @param options `server` is the hardware address of the server, or of the router to it, if it is
   * known. `onReadable` is called whenever packets wait: it must receive them or close the socket.
   */
  open(
    options: {
      readonly server: Uint8Array | undefined;
      readonly onReadable: () => void;
    },
  ): DhcpSocket;
  /** Asks the hosts of the link whether one uses `address` (RFC 5227), until disposed. */
  probe(
    address: Ipv4Address,
    { durationMs, onConflict }: {
      readonly durationMs: number;
      readonly onConflict: () => void;
    },
  ): Disposable;
  /**
   * Reports events to `listener` until disposed; read the interface afterwards to miss nothing.
   * There may be no event after the first "removed".
   */
  watch(listener: (event: InterfaceEvent) => void): Disposable;
}

/** The interfaces of all namespaces. */
export interface Interfaces {
  /**
   * Finds the interface `ifName` in the namespace at `netnsPath`.
   *
   * @throws {SystemError} with upstream's text if there is none.
   */
  find(netnsPath: string, ifName: string): AttachedInterface;
  /** Whether a namespace is the daemon's own. */
  isOwn(netns: NetnsIdentity): boolean;
  /** Finds the interface of a stored lease; undefined if it, or its namespace, is gone. */
  findAgain(location: InterfaceLocation): AttachedInterface | undefined;
  /**
   * Sends a message to a server from the daemon's own namespace, for a lease whose interface is
   * gone.
   *
   * @throws {SystemError} if the host has no route to the server.
   */
  sendFromHost(datagram: Datagram): void;
}

/** A file of the state directory that is ignored. */
export interface UnusableFile {
  readonly path: string;
  readonly reason: string;
}

/** The lease files. Every method throws a SystemError if the file system refuses. */
export interface LeaseStore {
  /**
   * Writes a lease, replacing an earlier one. The file outlives this process; unless it is only an
   * offer, it also outlives a crash of the machine.
   */
  write(record: LeaseRecord): void;
  /**
   * Removes a lease, if there is one: from now on it is not read, even if its file cannot be
   * removed. After a crash of the machine it may be back.
   */
  remove(attachment: Attachment): void;
  /** Reads the lease of an attachment; undefined if there is none that can be read. */
  read(attachment: Attachment): LeaseRecord | undefined;
  /** Reads every lease. */
  readAll(): {
    readonly records: readonly LeaseRecord[];
    readonly unusable: readonly UnusableFile[];
  };
}

/**
 * The release notes: plugins leave one for each attachment that is deleted while no daemon is
 * running. Every method throws a SystemError if the file system refuses.
 */
export interface ReleaseNoteStore {
  /** Reads every release note. */
  readAll(): {
    readonly attachments: readonly Attachment[];
    readonly unusable: readonly UnusableFile[];
  };
  /** Removes a release note, if there is one. */
  remove(attachment: Attachment): void;
}

/** Everything that the daemon needs. */
export interface DaemonPorts {
  readonly scheduler: Scheduler;
  readonly randomU32: () => number;
  readonly digest: Digest;
  /** 16 bytes that identify this machine permanently; undefined if it has none. */
  readonly machineId: Uint8Array | undefined;
  /** Identifies this boot of the machine. */
  readonly bootId: string;
  readonly interfaces: Interfaces;
  readonly leases: LeaseStore;
  readonly releaseNotes: ReleaseNoteStore;
  readonly log: Log;
}
