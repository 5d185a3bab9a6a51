/**
 * Netlink attributes: type, length and value, padded to 4 bytes (linux/netlink.h `struct nlattr`,
 * `struct rtattr`).
 *
 * Netlink uses the byte order of the machine; every machine that Deno runs on is little-endian.
 * Pure.
 *
 * @module
 */

import { concatBytes, viewOf } from "../base/bytes.ts";
import { DecodeError } from "../base/errors.ts";

const DECODER = new TextDecoder();

const HEADER = 4;
/** The two top bits of a type are flags: nested, network byte order. */
const TYPE_MASK = 0x3fff;

/** One attribute to encode. A value made by {@link encodeAttributes} is a nested attribute. */
export type Attribute = readonly [type: number, value: Uint8Array];

/** Rounds up to the alignment of messages and attributes. */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

/** Encodes 4 bytes in the byte order of the machine. @param value -2^31 to 2^32 - 1. */
export function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

/** Encodes attributes one after the other, each padded to 4 bytes. */
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
 * Decodes the attributes of a message, by type. Of a repeated attribute the last one counts. Values
 * are views into `bytes`.
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
 * Decodes the attribute `type` as a 32-bit number.
 *
 * @returns Undefined if there is no such attribute.
 * @throws {DecodeError} if its value is not 4 bytes long.
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

/** Decodes the attribute `type` as text up to its NUL; undefined if there is no such attribute. */
export function textAttribute(
  attributes: ReadonlyMap<number, Uint8Array>,
  type: number,
): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return DECODER.decode(end < 0 ? value : value.subarray(0, end));
}

/** Returns the error for an attribute whose length does not fit its type. */
export function wrongLength(type: number, value: Uint8Array): DecodeError {
  return new DecodeError(
    `Cannot decode netlink attribute ${type}: ${value.length} bytes, expected 4`,
    String(type),
  );
}
