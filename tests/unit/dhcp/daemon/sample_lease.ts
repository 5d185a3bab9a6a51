/** A lease and its record, for tests that need any. @module */

import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { type Lease, leaseFromAck } from "../../../../lib/dhcp/client/lease.ts";
import { parseLeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import type {
  LeasedRecord,
  LeaseRecord,
} from "../../../../lib/dhcp/daemon/lease_record.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";

/** Returns the lease that the ACK of `reply` grants; the arguments replace its values. */
export function sampleLease(
  fields: Parameters<typeof reply>[2] = {},
  sentMs = 123_456,
): Lease {
  const result = leaseFromAck(reply("ACK", 7, fields), { sentMs });
  if (result.kind === "unusable") throw new Error(result.reason);
  return result.lease;
}

/** The record of {@link sampleLease}. */
export const LEASED: LeasedRecord = {
  attachment: { containerId: "c1", networkName: "net", ifName: "eth0" },
  location: {
    netnsPath: "/var/run/netns/x",
    netns: { device: "0:4", inode: "4026532000" },
    ifName: "eth0",
    ifIndex: 2,
  },
  identity: {
    htype: 1,
    chaddr: hex("02005e100001"),
    clientIdentifier: hex("0063312f6e65742f65746830"),
  },
  options: parseLeaseOptions(new JsonObject({}, "")),
  grant: { kind: "leased", lease: sampleLease() },
  bootId: "b",
  isLost: false,
  wasSeen: true,
  change: undefined,
  serverMac: hex("02005e1000fe"),
};

/** The record of an accepted offer of the same address. */
export const OFFERED: LeaseRecord = {
  ...LEASED,
  grant: {
    kind: "offered",
    offer: { address: ip("192.0.2.50"), server: ip("192.0.2.1") },
  },
  wasSeen: false,
};
