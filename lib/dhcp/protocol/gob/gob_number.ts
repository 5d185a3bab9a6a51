/**
 * Numbers in gob: one byte below 128, otherwise the negated number of the bytes that follow, most
 * significant byte first. Pure.
 *
 * @module
 */

import type { ByteReader } from "../../../base/byte_reader.ts";
import type { ByteWriter } from "../../../base/byte_writer.ts";
import { DecodeError } from "../../../base/errors.ts";

const MAX_BYTES = 8;

/**
 * Reads an unsigned number.
 *
 * @throws {DecodeError} if it is truncated, or above 2^53 - 1.
 */
export function readUint(reader: ByteReader, field: string): number {
  return toNumber(readBits(reader, field), field);
}

/**
 * Reads a signed number: the lowest bit is the sign, the other bits are complemented if it is set.
 *
 * @throws {DecodeError} if it is truncated, or not between -2^53 and 2^53 - 1.
 */
export function readInt(reader: ByteReader, field: string): number {
  const bits = readBits(reader, field);
  const magnitude = toNumber(bits >> 1n, field);
  return (bits & 1n) === 0n ? magnitude : -magnitude - 1;
}

/** Writes an unsigned number. @param value At most 2^53 - 1. */
export function writeUint(writer: ByteWriter, value: number): void {
  writeBits(writer, BigInt(value));
}

/** Writes a signed number. @param value Between -2^53 and 2^53 - 1. */
export function writeInt(writer: ByteWriter, value: number): void {
  const bits = BigInt(value);
  writeBits(writer, bits < 0n ? (~bits << 1n) | 1n : bits << 1n);
}

function readBits(reader: ByteReader, field: string): bigint {
  const first = reader.u8(field);
  if (first < 0x80) return BigInt(first);
  const count = 0x100 - first;
  if (count > MAX_BYTES) {
    throw new DecodeError(
      `Cannot decode ${field}: a number of ${count} bytes, expected at most ${MAX_BYTES}`,
      field,
    );
  }
  let bits = 0n;
  for (const byte of reader.bytes(count, field)) {
    bits = bits << 8n | BigInt(byte);
  }
  return bits;
}

function writeBits(writer: ByteWriter, bits: bigint): void {
  if (bits < 0x80n) {
    writer.u8(Number(bits));
    return;
  }
  const bytes: number[] = [];
  for (let rest = bits; rest > 0n; rest >>= 8n) {
    bytes.unshift(Number(rest & 0xffn));
  }
  writer.u8(0x100 - bytes.length).bytes(Uint8Array.from(bytes));
}

function toNumber(bits: bigint, field: string): number {
  const value = Number(bits);
  if (Number.isSafeInteger(value)) return value;
  throw new DecodeError(`Cannot decode ${field}: ${bits} is too large`, field);
}
