/** Leases as files. Pure. @module */

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

/** Where the interface of an attachment is. */
export interface Place {
  /** With the daemon's prefix. */
  readonly netnsPath: string;
  readonly netns: NetnsIdentity;
  readonly ifName: string;
}

/** As whom the server knows the client; must stay the same for the life of a lease. */
export interface ClientIdentity {
  readonly htype: number;
  readonly chaddr: Uint8Array;
  readonly clientIdentifier: Uint8Array;
}

/** `chaddr` holds no more; links with longer addresses leave it empty (RFC 4390). */
export const MAX_CHADDR = 16;

/** What the server has granted, or may have granted by now. */
export type Grant =
  | { readonly kind: "offered"; readonly offer: Offer }
  | { readonly kind: "leased"; readonly lease: Lease };

/** Everything that is needed to go on with a lease, or to give it back, after the daemon has ended in any way. */
export interface LeaseRecord {
  readonly attachment: Attachment;
  readonly place: Place;
  readonly identity: ClientIdentity;
  readonly options: LeaseOptions;
  readonly grant: Grant;
  /** Of which start of the machine the times of the lease are; the clock begins again with each. */
  readonly bootId: string;
  /** The lease must not be used any more, and another is being sought. */
  readonly isLost: boolean;
  /** The address was seen on the interface: from then on its absence means something. */
  readonly wasSeen: boolean;
  /** The interface is being brought to the values of the lease; undefined if it has them, or they are another's to put. */
  readonly change: InterfaceTransition | undefined;
}

/** On the way from one lease to the next. */
export interface InterfaceTransition {
  /** Whose values were on the interface; undefined: nobody's. */
  readonly from: Lease | undefined;
}

/** A lease, and not an offer. */
export type LeasedGrant = Extract<Grant, { readonly kind: "leased" }>;

/** A record of a lease. */
export type LeasedRecord = LeaseRecord & { readonly grant: LeasedGrant };

/** The content of the file of a lease. What stands under `info` is for people. */
export function formatLeaseRecord(
  record: LeaseRecord,
  info: Readonly<Record<string, string>> = {},
): string {
  const {
    attachment,
    place,
    identity,
    options,
    grant,
    bootId,
    isLost,
    wasSeen,
    change,
  } = record;
  return formatStateFile({
    attachment,
    place,
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
 * Reads the content of the file of a lease.
 *
 * @throws {DecodeError | ConfigError} if it is anything else, such as the half of one.
 */
export function parseLeaseRecord(text: string): LeaseRecord {
  const json = parseStateFile(text);
  const place = requiredObject(json, "place");
  const netns = requiredObject(place, "netns");
  return {
    attachment: requiredAttachment(json),
    place: {
      netnsPath: requiredString(place, "netnsPath"),
      netns: {
        device: requiredString(netns, "device"),
        inode: requiredString(netns, "inode"),
      },
      ifName: requiredString(place, "ifName"),
    },
    identity: readIdentity(requiredObject(json, "identity")),
    options: parseLeaseOptions(requiredObject(json, "options")),
    grant: readGrant(json),
    bootId: json.string("bootId") ?? "",
    isLost: json.boolean("isLost") ?? false,
    wasSeen: json.boolean("wasSeen") ?? false,
    change: readChange(json.object("change")),
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
    throw new DecodeError("chaddr is too long", json.at("chaddr"));
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
    throw new DecodeError("sentMs is no number", json.at("sentMs"));
  }
  const result = leaseFromAck(decodeMessage(readHex(json, "ack")), sentMs);
  if (result.kind === "lease") return result.lease;
  throw new ConfigError(result.reason, json.at("ack"));
}

function readIpv4(json: JsonObject, key: string): Ipv4Address {
  const address = parseIpAddress(requiredString(json, key));
  if (address?.family === 4) return { family: 4, value: address.value };
  throw new DecodeError(`${key} is no IPv4 address`, json.at(key));
}

function readHex(json: JsonObject, key: string): Uint8Array {
  const bytes = parseHex(json.string(key) ?? "");
  if (bytes !== undefined) return bytes;
  throw new DecodeError(`${key} is not hexadecimal`, json.at(key));
}
