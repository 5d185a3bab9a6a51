/**
 * Netlink attributes: type, length and value, padded to 4 bytes (linux/netlink.h `struct nlattr`, `struct rtattr`).
 *
 * Netlink speaks the byte order of the machine; every machine that Deno runs on is little-endian. Pure. @module
 */

import { DecodeError } from "../base/errors.ts";

const HEADER = 4;
/** The two top bits of a type are flags: nested, network byte order. */
const TYPE_MASK = 0x3fff;

/** One attribute to encode; a value made with {@link encodeAttributes} nests. */
export type Attribute = readonly [type: number, value: Uint8Array];

/** Rounds up to the alignment of messages and attributes. */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

/** A view for the numbers of a structure. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Four bytes in the byte order of the machine. @param value -2^31 to 2^32 - 1. */
export function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

/** Joins byte strings. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Lays attributes out one after the other. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  return concatBytes(attributes.map(([type, value]) => {
    const bytes = new Uint8Array(align4(HEADER + value.length));
    const view = viewOf(bytes);
    view.setUint16(0, HEADER + value.length, true);
    view.setUint16(2, type, true);
    bytes.set(value, HEADER);
    return bytes;
  }));
}

/**
 * The attributes of a message, by type; of a repeated one the last. Values are views into `bytes`.
 *
 * @throws {DecodeError} if a length points outside `bytes`.
 */
export function decodeAttributes(
  bytes: Uint8Array,
): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  let offset = 0;
  while (offset + HEADER <= bytes.length) {
    const length = view.getUint16(offset, true);
    if (length < HEADER || offset + length > bytes.length) {
      throw new DecodeError(
        `Cannot decode a netlink attribute: length ${length}, ${
          bytes.length - offset
        } bytes left`,
        String(offset),
      );
    }
    const type = view.getUint16(offset + 2, true) & TYPE_MASK;
    attributes.set(type, bytes.subarray(offset + HEADER, offset + length));
    offset += align4(length);
  }
  return attributes;
}

/**
 * The value of an attribute that is a 32-bit number.
 *
 * @returns Undefined if it is not there.
 * @throws {DecodeError} if it is not 4 bytes long.
 */
export function u32Attribute(
  attributes: ReadonlyMap<number, Uint8Array>,
  type: number,
): number | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  if (value.length !== 4) throw wrongLength(type, value);
  return viewOf(value).getUint32(0, true);
}

/** The text of an attribute, up to its NUL; undefined if it is not there. */
export function textAttribute(
  attributes: ReadonlyMap<number, Uint8Array>,
  type: number,
): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

/** The error for an attribute of a length that its type does not have. */
export function wrongLength(type: number, value: Uint8Array): DecodeError {
  return new DecodeError(
    `Cannot decode netlink attribute ${type}: ${value.length} bytes`,
    String(type),
  );
}
