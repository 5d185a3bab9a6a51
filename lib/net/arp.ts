/** ARP packets for IPv4 on links with hardware addresses of 6 bytes (RFC 826), as far as RFC 5227 needs them. Pure. @module */

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
 * The fields of an ARP packet that say who is who.
 *
 * ```text
 * htype:2 ptype:2 hlen:1 plen:1 op:2 | sender hardware:6 IPv4:4 | target hardware:6 IPv4:4
 * ```
 */
export interface ArpPacket {
  readonly senderHardware: Uint8Array;
  /** 0.0.0.0 in a probe. */
  readonly sender: Ipv4Address;
  readonly target: Ipv4Address;
}

/** Asks whether anybody has `address`, without claiming it (RFC 5227 section 2.1.1). @param hardware The asker's, 6 bytes. */
export function encodeArpProbe(
  hardware: Uint8Array,
  address: Ipv4Address,
): Uint8Array {
  const writer = new ByteWriter()
    .u16(HTYPE_ETHERNET).u16(PTYPE_IPV4).u8(ADDRESS_BYTES).u8(IPV4_BYTES)
    .u16(REQUEST).padded(hardware, ADDRESS_BYTES);
  writeIpv4(writer, UNSPECIFIED_ADDRESS);
  writer.zeros(ADDRESS_BYTES);
  writeIpv4(writer, address);
  return writer.finish();
}

/**
 * Reads a request or reply; the sender's hardware address is a copy. Padding after the packet is ignored.
 *
 * @returns Undefined if it is cut short or about other kinds of addresses.
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
 * Whether the packet shows that somebody else than `own` has `address`, or is about to take it (RFC 5227 section 2.1.1).
 *
 * @param own Hardware address of the asker.
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
