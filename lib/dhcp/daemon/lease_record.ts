/**
 * What is stored of a lease: everything that the next daemon needs to resume or release it. Pure.
 *
 * @module
 */

import type { Attachment } from "../../cni/attachment.ts";
import type { NetnsIdentity } from "../../net/netns_identity.ts";
import type { Lease } from "../client/lease.ts";
import type { Offer } from "../client/state.ts";
import type { LeaseOptions } from "../config/lease_options.ts";

/** Where an interface is. */
export interface InterfaceLocation {
  /** Path of the namespace, with the daemon's host prefix. */
  readonly netnsPath: string;
  readonly netns: NetnsIdentity;
  /** The name at ADD; it may have another one by now. */
  readonly ifName: string;
  /** Its index, by which it is found; undefined in the files of earlier versions. */
  readonly ifIndex: number | undefined;
}

/** The identity by which servers know a client; it must stay the same for the life of a lease. */
export interface ClientIdentity {
  readonly htype: number;
  readonly chaddr: Uint8Array;
  readonly clientIdentifier: Uint8Array;
}

/** The size of `chaddr`; links with longer addresses leave it empty (RFC 4390). */
export const MAX_CHADDR = 16;

/** What a server has granted, or may have granted by now. */
export type Grant =
  | { readonly kind: "offered"; readonly offer: Offer }
  | { readonly kind: "leased"; readonly lease: Lease };

/**
 * A lease or an offer, and what it takes to resume or release it after the daemon has ended in any
 * way.
 */
export interface LeaseRecord {
  readonly attachment: Attachment;
  readonly location: InterfaceLocation;
  readonly identity: ClientIdentity;
  readonly options: LeaseOptions;
  readonly grant: Grant;
  /** The boot that the times of the lease belong to: the clock starts again with each boot. */
  readonly bootId: string;
  /** The lease must not be used any more, and the client seeks another. */
  readonly isLost: boolean;
  /** The address was seen on the interface: from then on its absence is significant. */
  readonly wasSeen: boolean;
  /**
   * The interface is receiving the values of the lease; undefined if it has them, or the main
   * plugin sets them.
   */
  readonly change: InterfaceTransition | undefined;
  /**
   * Hardware address of the server, or of the router to it; undefined if it is unknown, and in the
   * files of earlier versions.
   */
  readonly serverMac: Uint8Array | undefined;
}

/** A change of the interface from one lease to the next, in progress. */
export interface InterfaceTransition {
  /** The lease whose values were on the interface; undefined if there was none. */
  readonly from: Lease | undefined;
}

/** A grant that is a lease, not an offer. */
export type LeasedGrant = Extract<Grant, { readonly kind: "leased" }>;

/** A record of a lease. */
export type LeasedRecord = LeaseRecord & { readonly grant: LeasedGrant };
