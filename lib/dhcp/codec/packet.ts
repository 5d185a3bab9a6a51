/** DHCP messages in IPv4 packets, as a packet socket receives and sends them. Pure. @module */

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

/** Why a packet holds no message for a client. The names are labels of metrics. */
export type PacketDropReason = DropReason | "port" | "malformed";

/** The result of {@link decodeClientPacket}. */
export type ClientPacket =
  | {
    readonly kind: "message";
    readonly message: DhcpMessage;
    /** The sender in the IPv4 header: the server or a relay. */
    readonly source: Ipv4Address;
  }
  | {
    readonly kind: "dropped";
    readonly reason: PacketDropReason;
    /** The error of a malformed message; empty for the other reasons. */
    readonly detail: string;
  };

/**
 * Decodes the DHCP message for a client in a packet; never throws. The result shares no memory with
 * `packet`, so the caller can reuse its receive buffer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeClientPacket } from "./packet.ts";
 *
 * assertEquals(decodeClientPacket(new Uint8Array(3), "verify"), {
 *   kind: "dropped",
 *   reason: "short",
 *   detail: "",
 * });
 * ```
 *
 * @param packet Any bytes, taken as a packet that begins with its IPv4 header.
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
    // A malformed message is dropped and counted. Any other error is a bug.
    if (error instanceof DecodeError) {
      return dropped("malformed", error.message);
    }
    throw error;
  }
}

/**
 * Wraps an encoded message of a client in UDP and IPv4.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LIMITED_BROADCAST, UNSPECIFIED_ADDRESS } from "../../net/ipv4_address.ts";
 * import { encodeClientPacket } from "./packet.ts";
 *
 * const packet = encodeClientPacket({
 *   source: UNSPECIFIED_ADDRESS,
 *   destination: LIMITED_BROADCAST,
 * }, new Uint8Array(300));
 * assertEquals(packet.length, 20 + 8 + 300);
 * assertEquals(packet.slice(20, 24), Uint8Array.of(0, 68, 0, 67)); // ports
 * ```
 *
 * @param addresses The source is 0.0.0.0 until the client has an address (RFC 2131 section 4.1).
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
