/** The format of a lease file: a {@link LeaseRecord} as JSON. Pure. @module */

import { ConfigError, DecodeError } from "../../base/errors.ts";
import { formatHex, parseHex } from "../../base/hex.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import { formatIpAddress, parseIpAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { type Lease, leaseFromAck } from "../client/lease.ts";
import { decodeMessage } from "../codec/dhcp_message.ts";
import {
  formatLeaseOptions,
  parseLeaseOptions,
} from "../config/lease_options.ts";
import {
  requiredAttachment,
  requiredObject,
  requiredString,
} from "../protocol/required_keys.ts";
import { formatStateFile, parseStateFile } from "../protocol/state_file.ts";
import {
  type ClientIdentity,
  type Grant,
  type InterfaceTransition,
  type LeaseRecord,
  MAX_CHADDR,
} from "./lease_record.ts";

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
  const cookie = netns.string("cookie");
  return {
    attachment: requiredAttachment(json),
    location: {
      netnsPath: requiredString(place, "netnsPath"),
      netns: {
        device: requiredString(netns, "device"),
        inode: requiredString(netns, "inode"),
        ...(cookie === undefined ? {} : { cookie }),
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
