/**
 * ARP packets for IPv4 on links with 6-byte hardware addresses (RFC 826), as far as address
 * conflict detection needs them (RFC 5227). Pure.
 *
 * @module
 */

import { ByteReader } from "../base/byte_reader.ts";
import { ByteWriter } from "../base/byte_writer.ts";
import {
  type Ipv4Address,
  readIpv4,
  UNSPECIFIED_ADDRESS,
  writeIpv4,
} from "./ipv4_address.ts";

const HTYPE_ETHERNET = 1;
const PTYPE_IPV4 = 0x0800;
const ADDRESS_BYTES = 6;
const IPV4_BYTES = 4;
const REQUEST = 1;
const PACKET_BYTES = 28;

/**
 * The addresses in an ARP packet.
 *
 * ```text
 * htype:2 ptype:2 hlen:1 plen:1 op:2 | sender hardware:6 IPv4:4 | target hardware:6 IPv4:4
 * ```
 */
export interface ArpPacket {
  /** Hardware address of the sender, 6 bytes. */
  readonly senderHardware: Uint8Array;
  /** IPv4 address of the sender; 0.0.0.0 in a probe. */
  readonly sender: Ipv4Address;
  /** The IPv4 address that is asked for. */
  readonly target: Ipv4Address;
}

/**
 * Encodes an ARP probe: it asks whether a host has `address`, without claiming the address (RFC
 * 5227 section 2.1.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const hardware = Uint8Array.of(2, 0, 0, 0, 0, 1);
 * const probe = encodeArpProbe(hardware, { family: 4, value: 0xc0000205n });
 * assertEquals(decodeArp(probe), {
 *   senderHardware: hardware,
 *   sender: { family: 4, value: 0n },
 *   target: { family: 4, value: 0xc0000205n },
 * });
 * ```
 *
 * @param hardware Hardware address of the sender, 6 bytes.
 */
export function encodeArpProbe(
  hardware: Uint8Array,
  address: Ipv4Address,
): Uint8Array {
  return encodeRequest(hardware, UNSPECIFIED_ADDRESS, address);
}

/**
 * Encodes an ARP announcement: the sender uses `address` from now on, and other hosts replace what
 * they know about it (RFC 5227 section 2.3).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const hardware = Uint8Array.of(2, 0, 0, 0, 0, 1);
 * const address = { family: 4, value: 0xc0000205n } as const;
 * const announcement = encodeArpAnnouncement(hardware, address);
 * assertEquals(decodeArp(announcement), {
 *   senderHardware: hardware,
 *   sender: address,
 *   target: address,
 * });
 * ```
 *
 * @param hardware Hardware address of the sender, 6 bytes.
 */
export function encodeArpAnnouncement(
  hardware: Uint8Array,
  address: Ipv4Address,
): Uint8Array {
  return encodeRequest(hardware, address, address);
}

function encodeRequest(
  hardware: Uint8Array,
  sender: Ipv4Address,
  target: Ipv4Address,
): Uint8Array {
  const writer = new ByteWriter()
    .u16(HTYPE_ETHERNET).u16(PTYPE_IPV4).u8(ADDRESS_BYTES).u8(IPV4_BYTES)
    .u16(REQUEST).padded(hardware, ADDRESS_BYTES);
  writeIpv4(writer, sender);
  writer.zeros(ADDRESS_BYTES);
  writeIpv4(writer, target);
  return writer.finish();
}

/**
 * Decodes a request or reply. The hardware address is a copy. Padding after the packet is ignored.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeArp(new Uint8Array(27)), undefined);
 * ```
 *
 * @param packet Any bytes, from the ARP header on.
 * @returns Undefined if it is cut short, or not about IPv4 and 6-byte hardware addresses.
 */
export function decodeArp(packet: Uint8Array): ArpPacket | undefined {
  if (packet.length < PACKET_BYTES) return undefined;
  const reader = new ByteReader(packet);
  reader.skip(2, "hardware type");
  const isIpv4 = reader.u16("protocol type") === PTYPE_IPV4 &&
    reader.u8("hardware length") === ADDRESS_BYTES &&
    reader.u8("protocol length") === IPV4_BYTES;
  if (!isIpv4) return undefined;
  reader.skip(2, "operation");
  const senderHardware = reader.bytes(ADDRESS_BYTES, "sender hardware address");
  const sender = readIpv4(reader, "sender address");
  reader.skip(ADDRESS_BYTES, "target hardware address");
  const target = readIpv4(reader, "target address");
  return { senderHardware, sender, target };
}

/**
 * Returns whether a packet shows that a host other than `own` has `address` or is about to use it
 * (RFC 5227 section 2.1.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [own, other] = [Uint8Array.of(2, 0, 0, 0, 0, 1), Uint8Array.of(2, 0, 0, 0, 0, 2)];
 * const address = { family: 4, value: 0xc0000205n } as const;
 * const target = { family: 4, value: 0xc0000201n } as const;
 * const packet = { senderHardware: other, sender: address, target };
 * assertEquals(isArpConflict(packet, address, own), true);
 * assertEquals(isArpConflict(packet, address, other), false);
 * ```
 *
 * @param own Hardware address of the host that probes.
 */
export function isArpConflict(
  { senderHardware, sender, target }: ArpPacket,
  address: Ipv4Address,
  own: Uint8Array,
): boolean {
  if (senderHardware.every((byte, index) => byte === own[index])) return false;
  const isProbe = sender.value === UNSPECIFIED_ADDRESS.value;
  return (isProbe ? target : sender).value === address.value;
}
