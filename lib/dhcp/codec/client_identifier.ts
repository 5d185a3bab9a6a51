/** The Client Identifier option, code 61 (RFC 2132 section 9.14, RFC 4361). Pure. @module */

import { ByteWriter } from "../../base/byte_writer.ts";
import { parseHex } from "../../base/hex.ts";

const TYPE_IAID_DUID = 255;
const DUID_UUID = 4;
const DUID_LINK_LAYER = 3;

/**
 * Encodes a client identifier of a hardware type and a hardware address (RFC 2132 section 9.14).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hardwareIdentifier } from "./client_identifier.ts";
 *
 * assertEquals(
 *   hardwareIdentifier(1, Uint8Array.of(0x02, 0x00, 0x5e, 0x10, 0x00, 0x01)),
 *   Uint8Array.of(1, 0x02, 0x00, 0x5e, 0x10, 0x00, 0x01),
 * );
 * ```
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
 * Encodes a client identifier of an IAID and a DUID (RFC 4361 section 6.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duidIdentifier } from "./client_identifier.ts";
 *
 * assertEquals(
 *   duidIdentifier(7, Uint8Array.of(0, 4, 0xaa)),
 *   Uint8Array.of(255, 0, 0, 0, 7, 0, 4, 0xaa),
 * );
 * ```
 *
 * @param iaid An unsigned 32-bit number, different for each interface that shares the DUID.
 */
export function duidIdentifier(iaid: number, duid: Uint8Array): Uint8Array {
  return new ByteWriter().u8(TYPE_IAID_DUID).u32(iaid).bytes(duid).finish();
}

/**
 * Encodes a DUID-UUID (RFC 6355 section 4).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duidFromUuid } from "./client_identifier.ts";
 *
 * const uuid = new Uint8Array(16).fill(0xaa);
 * assertEquals(duidFromUuid(uuid), Uint8Array.of(0, 4, ...uuid));
 * ```
 *
 * @param uuid 16 bytes, such as a machine id.
 */
export function duidFromUuid(uuid: Uint8Array): Uint8Array {
  return new ByteWriter().u16(DUID_UUID).bytes(uuid).finish();
}

/**
 * Encodes a DUID-LL (RFC 8415 section 11.4).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duidFromLinkLayer } from "./client_identifier.ts";
 *
 * assertEquals(
 *   duidFromLinkLayer(1, Uint8Array.of(0x02, 0x00, 0x5e, 0x10, 0x00, 0x01)),
 *   Uint8Array.of(0, 3, 0, 1, 0x02, 0x00, 0x5e, 0x10, 0x00, 0x01),
 * );
 * ```
 *
 * @param htype ARP hardware type, 1 for Ethernet.
 * @param address The hardware address of an interface of the host.
 */
export function duidFromLinkLayer(
  htype: number,
  address: Uint8Array,
): Uint8Array {
  return new ByteWriter().u16(DUID_LINK_LAYER).u16(htype).bytes(address)
    .finish();
}

/**
 * Parses a client identifier in hexadecimal; the first byte is the type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseHexIdentifier } from "./client_identifier.ts";
 *
 * assertEquals(parseHexIdentifier("00:63:31"), Uint8Array.of(0x00, 0x63, 0x31));
 * assertEquals(parseHexIdentifier("00"), undefined);
 * ```
 *
 * @returns 2 to 255 bytes (RFC 2132 section 9.14: "its minimum length is 2"), or undefined if
 * `text` is not hexadecimal or has another length.
 */
export function parseHexIdentifier(text: string): Uint8Array | undefined {
  const bytes = parseHex(text);
  return bytes !== undefined && bytes.length >= 2 && bytes.length <= 255
    ? bytes
    : undefined;
}
