/** DHCP messages in whole IPv4 packets, as a packet socket receives and sends them. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import {
  type ChecksumPolicy,
  decodeIpv4Udp,
  type DropReason,
  encodeIpv4Udp,
} from "../../net/ipv4_udp.ts";
import {
  CLIENT_PORT,
  decodeMessage,
  type DhcpMessage,
  SERVER_PORT,
} from "./dhcp_message.ts";

/** Why a packet holds no message for a client; the names serve as metric labels. */
export type PacketDropReason = DropReason | "port" | "malformed";

/** What {@link decodeClientPacket} makes of a packet. */
export type ClientPacket =
  | {
    readonly kind: "message";
    readonly message: DhcpMessage;
    /** Sender in the IPv4 header: the server or a relay. */
    readonly source: Ipv4Address;
  }
  | {
    readonly kind: "dropped";
    readonly reason: PacketDropReason;
    /** What was malformed; empty for the other reasons. */
    readonly detail: string;
  };

/**
 * Takes the DHCP message for a client out of a packet; never throws. The message is a copy, so the receive buffer can
 * be reused at once.
 *
 * @param packet From the first byte of the IPv4 header on; any bytes.
 */
export function decodeClientPacket(
  packet: Uint8Array,
  checksum: ChecksumPolicy,
): ClientPacket {
  const result = decodeIpv4Udp(packet, checksum);
  if (result.kind === "dropped") return dropped(result.reason);
  const { datagram } = result;
  if (datagram.destinationPort !== CLIENT_PORT) return dropped("port");
  try {
    const message = decodeMessage(datagram.payload);
    return { kind: "message", message, source: datagram.source };
  } catch (error) {
    // A malformed message is dropped and counted (RFC 2131 says nothing else); anything else is a bug of ours.
    if (error instanceof DecodeError) {
      return dropped("malformed", error.message);
    }
    throw error;
  }
}

/**
 * Wraps an encoded message of a client in UDP and IPv4.
 *
 * @param addresses Source 0.0.0.0 until the client has an address (RFC 2131 section 4.1).
 */
export function encodeClientPacket(
  addresses: {
    readonly source: Ipv4Address;
    readonly destination: Ipv4Address;
  },
  message: Uint8Array,
): Uint8Array {
  const ports = { sourcePort: CLIENT_PORT, destinationPort: SERVER_PORT };
  return encodeIpv4Udp({ ...addresses, ...ports }, message);
}

function dropped(reason: PacketDropReason, detail = ""): ClientPacket {
  return { kind: "dropped", reason, detail };
}
