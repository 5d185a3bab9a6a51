/** The content of the Client Identifier option, code 61 (RFC 2132 section 9.14, RFC 4361). Pure. @module */

import { ByteWriter } from "../../base/byte_writer.ts";
import { parseHex } from "../../base/hex.ts";

const TYPE_IAID_DUID = 255;
const DUID_UUID = 4;
const DUID_LINK_LAYER = 3;

/**
 * Hardware type and address (RFC 2132 section 9.14).
 *
 * @param htype ARP hardware type, 1 for Ethernet.
 */
export function hardwareIdentifier(
  htype: number,
  address: Uint8Array,
): Uint8Array {
  return new ByteWriter().u8(htype).bytes(address).finish();
}

/**
 * Type 255, IAID and DUID (RFC 4361 section 6.1).
 *
 * @param iaid 32 bits, unsigned; different for each interface of one DUID.
 */
export function duidIdentifier(iaid: number, duid: Uint8Array): Uint8Array {
  return new ByteWriter().u8(TYPE_IAID_DUID).u32(iaid).bytes(duid).finish();
}

/** A DUID-UUID (RFC 6355 section 4). @param uuid 16 bytes, such as a machine id. */
export function duidFromUuid(uuid: Uint8Array): Uint8Array {
  return new ByteWriter().u16(DUID_UUID).bytes(uuid).finish();
}

/** A DUID-LL (RFC 8415 section 11.4): hardware type and address of one interface of the host. */
export function duidFromLinkLayer(
  htype: number,
  address: Uint8Array,
): Uint8Array {
  return new ByteWriter().u16(DUID_LINK_LAYER).u16(htype).bytes(address)
    .finish();
}

/**
 * Parses an identifier written in hexadecimal, type byte included.
 *
 * @returns 2 to 255 bytes (RFC 2132: "its minimum length is 2"), or undefined if `text` is anything else.
 */
export function parseHexIdentifier(text: string): Uint8Array | undefined {
  const bytes = parseHex(text);
  return bytes !== undefined && bytes.length >= 2 && bytes.length <= 255
    ? bytes
    : undefined;
}
