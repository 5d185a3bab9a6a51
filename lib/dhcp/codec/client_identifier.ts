/** The content of the Client Identifier option, code 61 (RFC 2132 section 9.14, RFC 4361). Pure. @module */

import { ByteWriter } from "../../base/byte_writer.ts";
import { formatHex, parseHex } from "../../base/hex.ts";

/** A cryptographic hash with at least 16 bytes of output, such as SHA-256. */
export type Digest = (bytes: Uint8Array) => Uint8Array;

/** What distinguishes one DHCP client of this host from all others (CNI SPEC section 3, "attachment"). */
export interface Attachment {
  readonly containerId: string;
  readonly networkName: string;
  readonly ifName: string;
}

const MAX_TEXT = 254;
const TYPE_OPAQUE = 0;
const TYPE_IAID_DUID = 255;
const DUID_UUID = 4;
const DUID_LINK_LAYER = 3;

/**
 * `<containerId>/<networkName>/<ifName>`: the identity of a client in logs and tables.
 *
 * No part may hold a slash, so two attachments never have the same text.
 */
export function attachmentText(attachment: Attachment): string {
  const { containerId, networkName, ifName } = attachment;
  return `${containerId}/${networkName}/${ifName}`;
}

/**
 * The default identifier, the same as upstream's: type 0 and the attachment's text, so an upgrade keeps addresses.
 *
 * Text of more than 254 bytes, which upstream cuts so that two interfaces of one container can end up with the same
 * identifier, is replaced by the hexadecimal digest of all of it.
 */
export function attachmentIdentifier(
  attachment: Attachment,
  digest: Digest,
): Uint8Array {
  const text = new TextEncoder().encode(attachmentText(attachment));
  const content = text.length <= MAX_TEXT
    ? text
    : new TextEncoder().encode(formatHex(digest(text)));
  return new ByteWriter().u8(TYPE_OPAQUE).bytes(content).finish();
}

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

/** A stable IAID for an attachment: the first four bytes of the digest of its text. */
export function attachmentIaid(attachment: Attachment, digest: Digest): number {
  const hash = digest(new TextEncoder().encode(attachmentText(attachment)));
  return new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
    .getUint32(0);
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
