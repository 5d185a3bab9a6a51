/**
 * What the daemon needs from the operating system. `lib/dhcp/host` and the fakes of the tests
 * implement it.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Timer } from "../../base/timer.ts";
import type { Log } from "../../base/log_line.ts";
import type { Attachment } from "../../cni/attachment.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { ClientPacket } from "../codec/packet.ts";
import type { HostDevice } from "../config/host_device.ts";
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

/** The operating system refuses every message of the daemon, not only this one. */
export class SendRefusedError extends SystemError {}

/** A socket on an interface, open while the client expects an answer. */
export interface DhcpSocket extends Disposable {
  /**
   * Sends a datagram; from now on receives only answers with its xid.
   *
   * @throws {SendRefusedError} if the daemon may not send.
   * @throws {SystemError} if the link is down, or it cannot be sent now for another reason.
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

/** The location of an interface that was found. */
export interface FoundLocation extends InterfaceLocation {
  readonly ifIndex: number;
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
 * The interface of an attachment: the one with its index, whatever its name is by now. It holds no
 * descriptor. Each call enters the namespace by its path, or through a process in it, and checks
 * that it is still the same one.
 *
 * Methods throw a SystemError if the operating system refuses, also if interface or namespace are
 * gone.
 */
export interface AttachedInterface {
  readonly location: FoundLocation;
  /** Returns its state; undefined if the interface or the namespace is gone. */
  read(): LinkInfo | undefined;
  /** Returns its IPv4 addresses; none if the interface is gone. */
  addresses(): readonly Ipv4Cidr[];
  setState(state: "up" | "down"): void;
  /** @returns False if there is such a route already. */
  change(change: InterfaceChange): boolean;
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
   * Tells the hosts of the link that this interface uses `address`: one announcement (RFC 5227
   * section 2.3).
   */
  announce(address: Ipv4Address): void;
  /**
   * Reports events to `listener` until disposed; read the interface afterwards to miss nothing.
   * There may be no event after the first "removed".
   */
  watch(listener: (event: InterfaceEvent) => void): Disposable;
}

/** A namespace as a caller names it. */
export interface NetnsReference {
  /** Its path, with the daemon's host prefix. */
  readonly path: string;
  /** The caller, which may see the path in a mount namespace of its own; 0 if it is unknown. */
  readonly callerPid: number;
}

/** What leads from the host to the server of a lease whose interface is gone. */
export interface HostRoute {
  /** Undefined if it is unknown. */
  readonly device: HostDevice | undefined;
  /** Hardware address of the client; empty if it has none. */
  readonly client: Uint8Array;
  /** Hardware address of the server, or of the router to it; undefined if it is unknown. */
  readonly server: Uint8Array | undefined;
}

/** The interfaces of all namespaces. */
export interface Interfaces {
  /**
   * Finds the interface `ifName` in a namespace.
   *
   * @throws {SystemError} with upstream's text if there is none.
   */
  find(netns: NetnsReference, ifName: string): AttachedInterface;
  /** Identifies a namespace. @throws {SystemError} with upstream's text if there is none. */
  identify(netns: NetnsReference): NetnsIdentity;
  /**
   * Adds a process whose view of the file system may lead to the namespaces of leases, until
   * disposed.
   */
  addCaller(pid: number): Disposable;
  /** Whether a namespace is the daemon's own. */
  isOwn(netns: NetnsIdentity): boolean;
  /** Finds the interface of a stored lease; undefined if it, or its namespace, is gone. */
  findAgain(location: InterfaceLocation): AttachedInterface | undefined;
  /**
   * Sends a message to a server from the daemon's own namespace, for a lease whose interface is
   * gone.
   *
   * @returns Which way it was sent: the name of a device, or `host`.
   * @throws {SystemError} if the host has neither such a device nor a route to the server.
   */
  sendFromHost(datagram: Datagram, route: HostRoute): string;
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
   * Writes a lease as `write` does. On return the file outlives this process; once the promise
   * resolves, it also outlives a crash of the machine. Simultaneous calls take hardly longer than
   * one.
   */
  writeAsync(record: LeaseRecord): Promise<void>;
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
