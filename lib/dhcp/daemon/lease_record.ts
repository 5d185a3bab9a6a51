/**
 * The content of a lease file: everything that the next daemon needs to resume or release the
 * lease. Pure.
 *
 * @module
 */

import { ConfigError, DecodeError } from "../../base/errors.ts";
import { formatHex, parseHex } from "../../base/hex.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import { decodeMessage } from "../codec/dhcp_message.ts";
import { type Lease, leaseFromAck } from "../client/lease.ts";
import type { Offer } from "../client/state.ts";
import { formatIpAddress, parseIpAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import {
  formatLeaseOptions,
  type LeaseOptions,
  parseLeaseOptions,
} from "../config/lease_options.ts";
import {
  requiredAttachment,
  requiredObject,
  requiredString,
} from "../protocol/required_keys.ts";
import { formatStateFile, parseStateFile } from "../protocol/state_file.ts";
import type { Attachment } from "../../cni/attachment.ts";
import type { NetnsIdentity } from "../../net/netns_identity.ts";

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

/**
 * Formats the content of a lease file.
 *
 * @param info Values for operators; no program reads them.
 */
export function formatLeaseRecord(
  record: LeaseRecord,
  info: Readonly<Record<string, string>> = {},
): string {
  const {
    attachment,
    location,
    identity,
    options,
    grant,
    bootId,
    isLost,
    wasSeen,
    change,
    serverMac,
  } = record;
  return formatStateFile({
    attachment,
    // The name of this key in every version: earlier daemons must be able to read the file.
    place: location,
    identity: {
      htype: identity.htype,
      chaddr: formatHex(identity.chaddr),
      clientIdentifier: formatHex(identity.clientIdentifier),
    },
    options: formatLeaseOptions(options),
    ...formatGrant(grant),
    bootId,
    isLost,
    wasSeen,
    ...change === undefined ? {} : { change: formatChange(change) },
    ...serverMac === undefined ? {} : { serverMac: formatHex(serverMac) },
    info,
  });
}

function formatGrant(grant: Grant): Readonly<Record<string, unknown>> {
  switch (grant.kind) {
    case "offered": {
      const { address, server } = grant.offer;
      return {
        offer: {
          address: formatIpAddress(address),
          server: formatIpAddress(server),
        },
      };
    }
    case "leased":
      return { lease: formatLease(grant.lease) };
  }
}

function formatLease(
  { sentMs, ack }: Lease,
): Readonly<Record<string, unknown>> {
  return { sentMs, ack: formatHex(ack) };
}

function formatChange(
  { from }: InterfaceTransition,
): Readonly<Record<string, unknown>> {
  return from === undefined ? {} : { from: formatLease(from) };
}

/**
 * Parses the content of a lease file.
 *
 * @throws {DecodeError | ConfigError} if it is anything else, such as half of a lease file.
 */
export function parseLeaseRecord(text: string): LeaseRecord {
  const json = parseStateFile(text);
  const place = requiredObject(json, "place");
  const netns = requiredObject(place, "netns");
  return {
    attachment: requiredAttachment(json),
    location: {
      netnsPath: requiredString(place, "netnsPath"),
      netns: {
        device: requiredString(netns, "device"),
        inode: requiredString(netns, "inode"),
      },
      ifName: requiredString(place, "ifName"),
      ifIndex: place.integer("ifIndex"),
    },
    identity: readIdentity(requiredObject(json, "identity")),
    options: parseLeaseOptions(requiredObject(json, "options")),
    grant: readGrant(json),
    bootId: json.string("bootId") ?? "",
    isLost: json.boolean("isLost") ?? false,
    wasSeen: json.boolean("wasSeen") ?? false,
    change: readChange(json.object("change")),
    serverMac: json.has("serverMac") ? readHex(json, "serverMac") : undefined,
  };
}

function readChange(
  json: JsonObject | undefined,
): InterfaceTransition | undefined {
  if (json === undefined) return undefined;
  const from = json.object("from");
  return { from: from === undefined ? undefined : readLease(from) };
}

function readIdentity(json: JsonObject): ClientIdentity {
  const htype = json.integer("htype");
  if (htype === undefined || htype < 0 || htype > 0xff) {
    throw new DecodeError(
      `htype is ${htype}, expected a byte`,
      json.at("htype"),
    );
  }
  const chaddr = readHex(json, "chaddr");
  if (chaddr.length > MAX_CHADDR) {
    throw new DecodeError(
      `chaddr has ${chaddr.length} bytes, expected at most ${MAX_CHADDR}`,
      json.at("chaddr"),
    );
  }
  return {
    htype,
    chaddr,
    clientIdentifier: readHex(json, "clientIdentifier"),
  };
}

function readGrant(json: JsonObject): Grant {
  const offer = json.object("offer");
  if (offer !== undefined) {
    const address = readIpv4(offer, "address");
    return {
      kind: "offered",
      offer: { address, server: readIpv4(offer, "server") },
    };
  }
  return { kind: "leased", lease: readLease(requiredObject(json, "lease")) };
}

function readLease(json: JsonObject): Lease {
  const sentMs = json.value("sentMs");
  if (typeof sentMs !== "number" || !Number.isFinite(sentMs)) {
    throw new DecodeError("sentMs is not a number", json.at("sentMs"));
  }
  const result = leaseFromAck(decodeMessage(readHex(json, "ack")), { sentMs });
  if (result.kind === "lease") return result.lease;
  throw new ConfigError(result.reason, json.at("ack"));
}

function readIpv4(json: JsonObject, key: string): Ipv4Address {
  const address = parseIpAddress(requiredString(json, key));
  if (address?.family === 4) return { family: 4, value: address.value };
  throw new DecodeError(`${key} is not an IPv4 address`, json.at(key));
}

function readHex(json: JsonObject, key: string): Uint8Array {
  const bytes = parseHex(json.string(key) ?? "");
  if (bytes !== undefined) return bytes;
  throw new DecodeError(`${key} is not hexadecimal`, json.at(key));
}
