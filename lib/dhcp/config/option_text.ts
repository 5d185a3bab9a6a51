/** Option contents from the text of a configuration, each in the shape that its option has. Pure. @module */

import { ConfigError } from "../../base/errors.ts";
import { optionDefinition } from "../codec/option_code.ts";
import {
  encodeOptionValue,
  type Ipv4Pair,
  type OptionShape,
} from "../codec/option_value.ts";
import { parseIpAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";

/** Characters that nobody types: such a text is meant as bytes. */
// deno-lint-ignore no-control-regex
const BINARY = /[\u0000-\u0008\u000e-\u001f\u007f]/;

const EXPECTED: Readonly<Record<OptionShape, string>> = {
  ip: "an IPv4 address",
  ips: "IPv4 addresses",
  "ips-or-none": "IPv4 addresses",
  "ip-pairs": "pairs of IPv4 addresses",
  u8: "a number from 0 to 255",
  u8s: "numbers from 0 to 255",
  u16: "a number from 0 to 65535",
  u16s: "numbers from 0 to 65535",
  u32: "a number of 32 bits",
  i32: "a signed number of 32 bits",
  flag: "true or false",
  text: "text",
  domain: "a domain name",
  domains: "domain names",
  "classless-routes": "its bytes under hex",
  empty: "its bytes under hex",
  bytes: "text",
};

/**
 * Encodes `text` as the content of option `code`: an address as 4 bytes, a number in its width, lists separated by
 * commas or spaces, everything else as the bytes of the text. Text with control characters is always taken as bytes,
 * since upstream takes all text so.
 *
 * @throws {ConfigError} at `path` if the text is not what the option holds.
 */
export function encodeOptionText(
  code: number,
  text: string,
  path: string,
): Uint8Array {
  const { shape, title } = optionDefinition(code);
  if (BINARY.test(text)) return new TextEncoder().encode(text);
  const content = encodeShape(shape, text);
  if (content !== undefined) return content;
  throw new ConfigError(
    `value ${JSON.stringify(text)} for option ${code} (${title}), expected ${
      EXPECTED[shape]
    }`,
    path,
  );
}

function encodeShape(shape: OptionShape, text: string): Uint8Array | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  switch (shape) {
    case "text":
    case "bytes":
      return new TextEncoder().encode(text);
    case "ip":
    case "u8":
    case "u16":
    case "u32":
    case "i32":
    case "domain":
      return words.length === 1 ? encodeWords(shape, words) : undefined;
    case "ips":
    case "ips-or-none":
    case "ip-pairs":
    case "u8s":
    case "u16s":
    case "domains":
      return words.length > 0 ? encodeWords(shape, words) : undefined;
    case "flag":
      return encodeFlag(text);
    case "classless-routes":
    case "empty":
      return undefined;
    default:
      return shape satisfies never;
  }
}

type WordShape = Exclude<
  OptionShape,
  "text" | "bytes" | "flag" | "classless-routes" | "empty"
>;

function encodeWords(
  shape: WordShape,
  words: readonly string[],
): Uint8Array | undefined {
  switch (shape) {
    case "ip":
    case "ips":
    case "ips-or-none": {
      const addresses = words.flatMap(parseIpv4);
      return addresses.length === words.length
        ? encodeOptionValue("ips", addresses)
        : undefined;
    }
    case "ip-pairs": {
      const addresses = words.flatMap(parseIpv4);
      const pairs = toPairs(addresses);
      return addresses.length === words.length && pairs !== undefined
        ? encodeOptionValue("ip-pairs", pairs)
        : undefined;
    }
    case "u8":
    case "u8s":
      return encodeNumbers("u8", words, [0, 0xff]);
    case "u16":
    case "u16s":
      return encodeNumbers("u16", words, [0, 0xffff]);
    case "u32":
      return encodeNumbers("u32", words, [0, 0xffffffff]);
    case "i32":
      return encodeNumbers("i32", words, [-0x80000000, 0x7fffffff]);
    case "domain":
    case "domains":
      return encodeDomains(words);
    default:
      return shape satisfies never;
  }
}

function parseIpv4(word: string): Ipv4Address[] {
  const address = parseIpAddress(word);
  return address?.family === 4 ? [{ family: 4, value: address.value }] : [];
}

function toPairs(addresses: readonly Ipv4Address[]): Ipv4Pair[] | undefined {
  const pairs: Ipv4Pair[] = [];
  for (let index = 0; index < addresses.length; index += 2) {
    const [first, second] = addresses.slice(index, index + 2);
    if (first === undefined || second === undefined) return undefined;
    pairs.push([first, second]);
  }
  return pairs;
}

function encodeNumbers(
  shape: "u8" | "u16" | "u32" | "i32",
  words: readonly string[],
  [least, most]: readonly [number, number],
): Uint8Array | undefined {
  const isInRange = (word: string): boolean =>
    /^-?[0-9]+$/.test(word) && Number(word) >= least && Number(word) <= most;
  return words.every(isInRange)
    ? Uint8Array.from(
      words.flatMap((word) => [...encodeOptionValue(shape, Number(word))]),
    )
    : undefined;
}

function encodeFlag(text: string): Uint8Array | undefined {
  if (text !== "true" && text !== "false") {
    return encodeNumbers("u8", [text], [0, 1]);
  }
  return encodeOptionValue("flag", text === "true");
}

function encodeDomains(words: readonly string[]): Uint8Array | undefined {
  try {
    return encodeOptionValue("domains", words);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
