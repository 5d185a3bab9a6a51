/** Ethernet frames (IEEE 802.3), with an optional VLAN tag (IEEE 802.1Q). Pure. @module */

import { ByteWriter } from "../base/byte_writer.ts";

/** The length of a hardware address. */
export const ETHERNET_ADDRESS_BYTES = 6;
const TYPE_VLAN = 0x8100;

/** The fields in front of the packet. */
export interface EthernetHeader {
  /** Hardware address, 6 bytes. */
  readonly destination: Uint8Array;
  /** Hardware address, 6 bytes. */
  readonly source: Uint8Array;
  /** 1 to 4094; undefined: no tag. */
  readonly vlanId: number | undefined;
  /** Protocol of the packet, such as 0x0800 for IPv4. */
  readonly etherType: number;
}

/**
 * Encodes a frame, without padding and checksum.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const address = Uint8Array.of(2, 0, 0, 0, 0, 1);
 * const header = { destination: address, source: address, vlanId: 5, etherType: 0x0800 };
 * const frame = encodeEthernet(header, Uint8Array.of(0x45));
 * assertEquals(frame.slice(12), Uint8Array.of(0x81, 0, 0, 5, 8, 0, 0x45));
 * ```
 */
export function encodeEthernet(
  { destination, source, vlanId, etherType }: EthernetHeader,
  packet: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter()
    .padded(destination, ETHERNET_ADDRESS_BYTES)
    .padded(source, ETHERNET_ADDRESS_BYTES);
  if (vlanId !== undefined) writer.u16(TYPE_VLAN).u16(vlanId);
  return writer.u16(etherType).bytes(packet).finish();
}
