/**
 * The options of a DHCP message as contents by code: long options (RFC 3396), option overload
 * (RFC 2132 section 9.3), padding. Pure.
 *
 * @module
 */

import { concatBytes } from "../../base/bytes.ts";
import { ByteReader } from "../../base/byte_reader.ts";
import type { ByteWriter } from "../../base/byte_writer.ts";
import { DecodeError } from "../../base/errors.ts";
import { OptionCode } from "./option_code.ts";

/**
 * The contents of options by code: 1 to 254 except 52, unknown codes included. A content may be
 * empty.
 */
export type DhcpOptions = ReadonlyMap<number, Uint8Array>;

/** The three fields of a message that can hold options. */
export interface OptionFields {
  /** All bytes after the magic cookie. */
  readonly options: Uint8Array;
  /** The `file` field, 128 bytes. */
  readonly file: Uint8Array;
  /** The `sname` field, 64 bytes. */
  readonly sname: Uint8Array;
}

/** The options of a message, and the header fields that hold some of them. */
export interface DecodedOptions {
  readonly options: DhcpOptions;
  readonly isFileOverloaded: boolean;
  readonly isSnameOverloaded: boolean;
}

const MAX_PART = 255;
const OVERLOAD_FILE = 1;
const OVERLOAD_SNAME = 2;

/**
 * Decodes the options of a message.
 *
 * Parts with the same code are joined in the order options field, `file`, `sname` (RFC 3396
 * section 5). Bytes after End are ignored, and End may be missing. Option 52 counts only in the
 * options field, and is not part of the result.
 *
 * @throws {DecodeError} if an option is longer than its field, or option 52 is not 1, 2 or 3.
 */
export function decodeOptions(fields: OptionFields): DecodedOptions {
  const parts = new Map<number, Uint8Array[]>();
  gather(fields.options, parts);
  const overload = overloadOf(parts.get(OptionCode.optionOverload));
  const isFileOverloaded = (overload & OVERLOAD_FILE) !== 0;
  const isSnameOverloaded = (overload & OVERLOAD_SNAME) !== 0;
  if (isFileOverloaded) gather(fields.file, parts);
  if (isSnameOverloaded) gather(fields.sname, parts);
  parts.delete(OptionCode.optionOverload);
  const options = new Map(
    [...parts].map(([code, contents]) => [code, concatBytes(contents)]),
  );
  return { options, isFileOverloaded, isSnameOverloaded };
}

/**
 * Encodes options and End.
 *
 * The message type comes first, other options follow in ascending order, and relay agent
 * information comes last (RFC 3046 section 2.1). A content of more than 255 bytes is split into
 * parts (RFC 3396 section 6). No header field is overloaded.
 *
 * @throws {RangeError} if an option is not {@link isSendable}.
 */
export function encodeOptions(options: DhcpOptions, writer: ByteWriter): void {
  const inOrder = [...options].sort(([a], [b]) => rank(a) - rank(b));
  for (const [code, content] of inOrder) {
    if (!isSendable(code)) {
      throw new RangeError(`Cannot encode option ${code}: it cannot be sent`);
    }
    let start = 0;
    do {
      const part = content.subarray(start, start + MAX_PART);
      writer.u8(code).u8(part.length).bytes(part);
      start += MAX_PART;
    } while (start < content.length);
  }
  writer.u8(OptionCode.end);
}

/**
 * Reports whether {@link encodeOptions} can encode an option: not Pad (0), not End (255), and not
 * option 52, as no field is overloaded.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isSendable } from "./options.ts";
 *
 * assertEquals([0, 12, 52, 254, 255].filter(isSendable), [12, 254]);
 * ```
 */
export function isSendable(code: number): boolean {
  return Number.isInteger(code) && code > OptionCode.pad &&
    code < OptionCode.end && code !== OptionCode.optionOverload;
}

function gather(field: Uint8Array, parts: Map<number, Uint8Array[]>): void {
  const reader = new ByteReader(field);
  while (reader.remaining > 0) {
    const code = reader.u8("option code");
    if (code === OptionCode.end) return;
    if (code === OptionCode.pad) continue;
    const length = reader.u8(`length of option ${code}`);
    const content = reader.bytes(length, `option ${code}`);
    const earlier = parts.get(code);
    if (earlier === undefined) parts.set(code, [content]);
    else earlier.push(content);
  }
}

function overloadOf(contents: readonly Uint8Array[] | undefined): number {
  if (contents === undefined) return 0;
  const content = concatBytes(contents);
  const value = content[0];
  if (content.length === 1 && value !== undefined && value >= 1 && value <= 3) {
    return value;
  }
  throw new DecodeError(
    "Cannot decode option 52: expected one byte from 1 to 3",
    "0",
  );
}

function rank(code: number): number {
  if (code === OptionCode.dhcpMessageType) return -1;
  return code === OptionCode.relayAgentInformation ? 256 : code;
}
