/**
 * Text from a configuration as the content of an option, in the shape that the option has. Pure.
 *
 * @module
 */

import { ConfigError } from "../../base/errors.ts";
import { optionDefinition } from "../codec/option_code.ts";
import { encodeOptionValue, type OptionShape } from "../codec/option_value.ts";
import { parseIpAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";

/** Control characters: a text that contains one stands for bytes. */
// deno-lint-ignore no-control-regex
const BINARY = /[\u0000-\u0008\u000e-\u001f\u007f]/;

/** The shapes that hold exactly one word. */
const ONE_WORD: readonly OptionShape[] = [
  "ip",
  "u8",
  "u16",
  "u32",
  "i32",
  "domain",
];

const EXPECTED: Readonly<Record<OptionShape, string>> = {
  ip: "an IPv4 address",
  ips: "IPv4 addresses",
  "ips-or-none": "IPv4 addresses",
  "ip-pairs": "pairs of IPv4 addresses",
  u8: "a number from 0 to 255",
  u8s: "numbers from 0 to 255",
  u16: "a number from 0 to 65535",
  u16s: "numbers from 0 to 65535",
  u32: "a number from 0 to 4294967295",
  i32: "a number from -2147483648 to 2147483647",
  flag: "true or false",
  text: "text",
  domain: "a domain name",
  domains: "domain names",
  "classless-routes": "its bytes in `hex`",
  empty: "its bytes in `hex`",
  bytes: "text",
};

/**
 * Encodes `text` as the content of option `code`: an address as 4 bytes, a number in its width, a
 * list from elements separated by commas or spaces, anything else as UTF-8. Text with control
 * characters is always encoded as UTF-8, as upstream does with all text.
 *
 * @param path The JSON path of `text`, for the error.
 * @throws {ConfigError} if `text` does not have the shape of the option.
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
    `invalid value ${
      JSON.stringify(text)
    } for option ${code} (${title}): expected ${EXPECTED[shape]}`,
    path,
  );
}

function encodeShape(shape: OptionShape, text: string): Uint8Array | undefined {
  if (shape === "text" || shape === "bytes") {
    return new TextEncoder().encode(text);
  }
  if (shape === "flag") return encodeFlag(text);
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const hasValidCount = ONE_WORD.includes(shape)
    ? words.length === 1
    : words.length > 0;
  return hasValidCount ? encodeWords(shape, words) : undefined;
}

function encodeWords(
  shape: Exclude<OptionShape, "text" | "bytes" | "flag">,
  words: readonly string[],
): Uint8Array | undefined {
  switch (shape) {
    case "ip":
    case "ips":
    case "ips-or-none":
      return encodeAddresses(words);
    case "ip-pairs":
      return words.length % 2 === 0 ? encodeAddresses(words) : undefined;
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
    case "classless-routes":
    case "empty":
      return undefined;
  }
}

function encodeAddresses(words: readonly string[]): Uint8Array | undefined {
  const addresses: Ipv4Address[] = [];
  for (const word of words) {
    const address = parseIpAddress(word);
    if (address?.family !== 4) return undefined;
    addresses.push({ family: 4, value: address.value });
  }
  return encodeOptionValue("ips", addresses);
}

function encodeNumbers(
  shape: "u8" | "u16" | "u32" | "i32",
  words: readonly string[],
  [min, max]: readonly [number, number],
): Uint8Array | undefined {
  const isInRange = (word: string): boolean =>
    /^-?[0-9]+$/.test(word) && Number(word) >= min && Number(word) <= max;
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
