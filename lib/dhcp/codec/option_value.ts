/** Typed option values (RFC 2132): a strict decoder and an encoder for each shape. Pure. @module */

import { ByteReader } from "../../base/byte_reader.ts";
import { ByteWriter } from "../../base/byte_writer.ts";
import { DecodeError } from "../../base/errors.ts";
import {
  type Ipv4Address,
  readIpv4,
  writeIpv4,
} from "../../net/ipv4_address.ts";
import {
  type ClasslessRoute,
  decodeClasslessRoutes,
  encodeClasslessRoutes,
} from "./classless_static_route.ts";
import { decodeDomainList, encodeDomainList } from "./domain_list.ts";

/** Two addresses: destination and router in option 33, address and mask in option 21. */
export type Ipv4Pair = readonly [Ipv4Address, Ipv4Address];

/** The type of the value of each shape. Times are in seconds. */
export interface OptionValues {
  readonly ip: Ipv4Address;
  /** At least one address. */
  readonly ips: readonly Ipv4Address[];
  /** Any number of addresses; only option 68 may have none. */
  readonly "ips-or-none": readonly Ipv4Address[];
  /** At least one pair. */
  readonly "ip-pairs": readonly Ipv4Pair[];
  readonly u8: number;
  readonly u8s: readonly number[];
  readonly u16: number;
  readonly u16s: readonly number[];
  readonly u32: number;
  readonly i32: number;
  readonly flag: boolean;
  /** Any text without final NULs, which some senders add (RFC 2132 section 2). */
  readonly text: string;
  readonly domain: string;
  /** At least one name, without a final dot. */
  readonly domains: readonly string[];
  readonly "classless-routes": readonly ClasslessRoute[];
  readonly empty: undefined;
  readonly bytes: Uint8Array;
}

/** The name of a shape. */
export type OptionShape = keyof OptionValues;

interface Codec<T> {
  readonly decode: (reader: ByteReader) => T;
  readonly encode: (value: T, writer: ByteWriter) => void;
}

/**
 * Returns the codec of a list, which has at least one element (RFC 2132: "the minimum length is
 * ...").
 */
function listOf<T>(element: Codec<T>): Codec<readonly T[]> {
  return {
    decode: (reader) => {
      const values = [element.decode(reader)];
      while (reader.remaining > 0) values.push(element.decode(reader));
      return values;
    },
    encode: (values, writer) => {
      for (const value of values) element.encode(value, writer);
    },
  };
}

const ip: Codec<Ipv4Address> = {
  decode: (reader) => readIpv4(reader, "address"),
  encode: (value, writer) => writeIpv4(writer, value),
};

const ipPair: Codec<Ipv4Pair> = {
  decode: (reader) => [ip.decode(reader), ip.decode(reader)],
  encode: ([first, second], writer) => {
    ip.encode(first, writer);
    ip.encode(second, writer);
  },
};

const u8: Codec<number> = {
  decode: (reader) => reader.u8("8-bit number"),
  encode: (value, writer) => void writer.u8(value),
};

const u16: Codec<number> = {
  decode: (reader) => reader.u16("16-bit number"),
  encode: (value, writer) => void writer.u16(value),
};

type Codecs = { readonly [S in OptionShape]: Codec<OptionValues[S]> };

function makeCodecs(): Codecs {
  const ips = listOf(ip);
  return {
    ip,
    ips,
    "ips-or-none": {
      decode: (reader) => reader.remaining === 0 ? [] : ips.decode(reader),
      encode: ips.encode,
    },
    "ip-pairs": listOf(ipPair),
    u8,
    u8s: listOf(u8),
    u16,
    u16s: listOf(u16),
    u32: {
      decode: (reader) => reader.u32("32-bit number"),
      encode: (value, writer) => void writer.u32(value),
    },
    i32: {
      decode: (reader) => reader.i32("signed 32-bit number"),
      encode: (value, writer) => void writer.i32(value),
    },
    flag: {
      decode: decodeFlag,
      encode: (value, writer) => void writer.u8(value ? 1 : 0),
    },
    text: {
      decode: (reader) =>
        new TextDecoder("utf-8", { ignoreBOM: true })
          .decode(withoutTrailingNuls(reader.rest())),
      encode: (value, writer) =>
        void writer.bytes(new TextEncoder().encode(value)),
    },
    domain: {
      decode: decodeSingleDomain,
      encode: (value, writer) => void writer.bytes(encodeDomainList([value])),
    },
    domains: {
      decode: (reader) => decodeDomainList(reader.rest()),
      encode: (value, writer) => void writer.bytes(encodeDomainList(value)),
    },
    "classless-routes": {
      decode: decodeClasslessRoutes,
      encode: encodeClasslessRoutes,
    },
    empty: { decode: () => undefined, encode: () => {} },
    bytes: {
      decode: (reader) => reader.rest(),
      encode: (value, writer) => void writer.bytes(value),
    },
  };
}

let codecs: Codecs | undefined;

function codecOf<S extends OptionShape>(shape: S): Codec<OptionValues[S]> {
  codecs ??= makeCodecs();
  return codecs[shape];
}

/**
 * Decodes the content of an option.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeOptionValue } from "./option_value.ts";
 *
 * assertEquals(decodeOptionValue("u16", Uint8Array.of(0x05, 0xdc)), 1500);
 * ```
 *
 * @param content The reassembled content (RFC 3396), without code and length.
 * @throws {DecodeError} if the content is malformed, or too short or too long for the shape.
 */
export function decodeOptionValue<S extends OptionShape>(
  shape: S,
  content: Uint8Array,
): OptionValues[S] {
  const reader = new ByteReader(content);
  const value = codecOf(shape).decode(reader);
  reader.expectEnd(`option value of shape ${shape}`);
  return value;
}

/**
 * Encodes a value as the content of an option.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeOptionValue } from "./option_value.ts";
 *
 * assertEquals(encodeOptionValue("u32", 3600), Uint8Array.of(0, 0, 0x0e, 0x10));
 * assertEquals(encodeOptionValue("domains", ["a.b"]), Uint8Array.of(1, 97, 1, 98, 0));
 * ```
 *
 * @throws {RangeError} if a number does not fit its shape or a name is not a domain name.
 */
export function encodeOptionValue<S extends OptionShape>(
  shape: S,
  value: OptionValues[S],
): Uint8Array {
  const writer = new ByteWriter();
  codecOf(shape).encode(value, writer);
  return writer.finish();
}

/**
 * Decodes the value of an option of a message.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { optionValue } from "./option_value.ts";
 *
 * const options = new Map([[51, Uint8Array.of(0, 0, 0x0e, 0x10)]]);
 * assertEquals(optionValue(options, 51, "u32"), 3600);
 * assertEquals(optionValue(options, 58, "u32"), undefined);
 * ```
 *
 * @returns The value, or undefined if the option is absent.
 * @throws {DecodeError} if the option is malformed.
 */
export function optionValue<S extends OptionShape>(
  options: ReadonlyMap<number, Uint8Array>,
  code: number,
  shape: S,
): OptionValues[S] | undefined {
  const content = options.get(code);
  return content === undefined ? undefined : decodeOptionValue(shape, content);
}

/** Returns `text` without the NULs at its end, which some senders append. */
function withoutTrailingNuls(text: Uint8Array): Uint8Array {
  let end = text.length;
  while (end > 0 && text[end - 1] === 0) end--;
  return text.subarray(0, end);
}

function decodeFlag(reader: ByteReader): boolean {
  const value = reader.u8("flag");
  if (value > 1) {
    throw new DecodeError(`Cannot decode flag ${value}: expected 0 or 1`, "0");
  }
  return value === 1;
}

function decodeSingleDomain(reader: ByteReader): string {
  const [name, ...others] = decodeDomainList(reader.rest());
  if (name === undefined || others.length > 0) {
    throw new DecodeError("Cannot decode domain: expected one name", "0");
  }
  return name;
}
