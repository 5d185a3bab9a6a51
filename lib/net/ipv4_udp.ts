/**
 * UDP datagrams in IPv4 packets (RFC 791, RFC 768), for sockets that receive whole packets.
 *
 * Any host on the link can send packets, so every length is checked against the bytes that were
 * received. A packet that is not a complete, valid datagram is dropped with a reason. Decoding
 * never throws. Pure.
 *
 * @module
 */

import { ByteReader } from "../base/byte_reader.ts";
import { ByteWriter } from "../base/byte_writer.ts";
import { type Ipv4Address, readIpv4, writeIpv4 } from "./ipv4_address.ts";

const PROTOCOL_UDP = 17;
const MIN_IP_HEADER = 20;
const UDP_HEADER = 8;
const MAX_PACKET = 0xffff;
const DEFAULT_TTL = 64;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;

/** Source and destination of a datagram. Ports are 0 to 65535. */
export interface UdpEndpoints {
  readonly source: Ipv4Address;
  readonly sourcePort: number;
  readonly destination: Ipv4Address;
  readonly destinationPort: number;
}

/** A datagram that was received in a packet. */
export interface UdpDatagram extends UdpEndpoints {
  /** A view into the packet. It is valid until the packet's buffer is reused. */
  readonly payload: Uint8Array;
}

/** Why a packet is dropped. The names are also metric labels. */
export type DropReason =
  | "short"
  | "not-ipv4"
  | "ip-header-length"
  | "ip-total-length"
  | "ip-checksum"
  | "fragment"
  | "not-udp"
  | "udp-length"
  | "udp-checksum";

/** The result of {@link decodeIpv4Udp}. */
export type UdpDecodeResult =
  | { readonly kind: "decoded"; readonly datagram: UdpDatagram }
  | { readonly kind: "dropped"; readonly reason: DropReason };

/**
 * Whether the UDP checksum is verified. An all-zero field means "no checksum" (RFC 768) and always
 * passes.
 *
 * Skip it if the kernel says that it is not computed yet (TP_STATUS_CSUMNOTREADY): Linux leaves the
 * checksum to the network card, and packets that never leave the host (veth, bridge, macvlan) pass
 * none.
 */
export type ChecksumPolicy = "verify" | "skip";

/**
 * Decodes the UDP datagram in an IPv4 packet (RFC 791 section 3.1, RFC 768).
 *
 * Header options are skipped. Bytes after the total length are link-layer padding and are ignored.
 * Fragments are dropped, because a DHCP message fits in one packet.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeIpv4Udp(new Uint8Array(19)), { kind: "dropped", reason: "short" });
 * ```
 *
 * @param packet Any bytes, from the IPv4 header on.
 */
export function decodeIpv4Udp(
  packet: Uint8Array,
  checksum: ChecksumPolicy = "verify",
): UdpDecodeResult {
  if (packet.length < MIN_IP_HEADER) return dropped("short");
  const reader = new ByteReader(packet);
  const versionAndLength = reader.u8("version and header length");
  if (versionAndLength >> 4 !== 4) return dropped("not-ipv4");
  const headerLength = (versionAndLength & 0x0f) * 4;
  reader.skip(1, "type of service");
  const totalLength = reader.u16("total length");
  if (headerLength < MIN_IP_HEADER || headerLength > packet.length) {
    return dropped("ip-header-length");
  }
  if (totalLength < headerLength || totalLength > packet.length) {
    return dropped("ip-total-length");
  }
  if (onesComplementSum(packet.subarray(0, headerLength)) !== 0xffff) {
    return dropped("ip-checksum");
  }
  reader.skip(2, "identification");
  const fragment = reader.u16("flags and fragment offset");
  if ((fragment & MORE_FRAGMENTS_OR_OFFSET) !== 0) return dropped("fragment");
  reader.skip(1, "time to live");
  const protocol = reader.u8("protocol");
  if (protocol !== PROTOCOL_UDP) return dropped("not-udp");
  reader.skip(2, "header checksum");
  const source = readIpv4(reader, "source address");
  const destination = readIpv4(reader, "destination address");

  const segment = packet.subarray(headerLength, totalLength);
  if (segment.length < UDP_HEADER) return dropped("udp-length");
  const udp = new ByteReader(segment);
  const sourcePort = udp.u16("source port");
  const destinationPort = udp.u16("destination port");
  const udpLength = udp.u16("UDP length");
  const field = udp.u16("UDP checksum");
  if (udpLength < UDP_HEADER || udpLength > segment.length) {
    return dropped("udp-length");
  }
  const whole = segment.subarray(0, udpLength);
  const pseudo = pseudoHeaderSum(source, destination, udpLength);
  const isSound = field === 0 || checksum === "skip" ||
    onesComplementSum(whole, pseudo) === 0xffff;
  if (!isSound) return dropped("udp-checksum");
  const payload = whole.subarray(UDP_HEADER);
  return {
    kind: "decoded",
    datagram: { source, sourcePort, destination, destinationPort, payload },
  };
}

/**
 * Encodes a UDP datagram in an IPv4 packet, with both checksums, TTL 64 and no options.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const endpoints = {
 *   source: { family: 4, value: 0xc0000201n },
 *   sourcePort: 67,
 *   destination: { family: 4, value: 0xffffffffn },
 *   destinationPort: 68,
 * } as const;
 * const payload = Uint8Array.of(1, 2, 3);
 * assertEquals(decodeIpv4Udp(encodeIpv4Udp(endpoints, payload)), {
 *   kind: "decoded",
 *   datagram: { ...endpoints, payload },
 * });
 * ```
 *
 * @throws {RangeError} if a port is out of range or the packet would exceed 65535 bytes.
 */
export function encodeIpv4Udp(
  endpoints: UdpEndpoints,
  payload: Uint8Array,
): Uint8Array {
  const { source, sourcePort, destination, destinationPort } = endpoints;
  const udpLength = UDP_HEADER + payload.length;
  const totalLength = MIN_IP_HEADER + udpLength;
  if (totalLength > MAX_PACKET) {
    throw new RangeError(
      `Cannot encode a packet of ${totalLength} bytes: expected at most ${MAX_PACKET}`,
    );
  }
  const writer = new ByteWriter()
    .u8(0x45).u8(0).u16(totalLength)
    .u16(0).u16(0)
    .u8(DEFAULT_TTL).u8(PROTOCOL_UDP).u16(0);
  writeIpv4(writer, source);
  writeIpv4(writer, destination);
  writer.u16(sourcePort).u16(destinationPort).u16(udpLength).u16(0);
  const packet = writer.bytes(payload).finish();
  const view = new DataView(packet.buffer);
  view.setUint16(10, ~onesComplementSum(packet.subarray(0, 20)) & 0xffff);
  const pseudo = pseudoHeaderSum(source, destination, udpLength);
  const sum = ~onesComplementSum(packet.subarray(20), pseudo) & 0xffff;
  // Zero would mean "no checksum". All ones is the other form of zero in ones' complement (RFC
  // 768).
  view.setUint16(26, sum === 0 ? 0xffff : sum);
  return packet;
}

function dropped(reason: DropReason): UdpDecodeResult {
  return { kind: "dropped", reason };
}

function pseudoHeaderSum(
  source: Ipv4Address,
  destination: Ipv4Address,
  udpLength: number,
): number {
  const pseudoHeader = new ByteWriter();
  writeIpv4(pseudoHeader, source);
  writeIpv4(pseudoHeader, destination);
  pseudoHeader.u8(0).u8(PROTOCOL_UDP).u16(udpLength);
  return onesComplementSum(pseudoHeader.finish());
}

/**
 * Returns the Internet checksum before its final inversion (RFC 1071 section 1). An odd last byte
 * is padded with zero.
 */
function onesComplementSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}
