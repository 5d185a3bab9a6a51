/** resolv.conf(5) as upstream reads it. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { splitWords, trimWhiteSpace } from "../base/whitespace.ts";
import type { Dns } from "../cni/result.ts";

/** A larger file is not read; those of resolvers have some hundred bytes. */
export const MAX_RESOLV_CONF_BYTES = 1024 * 1024;

/** Upstream refuses lines of so many bytes. */
const LINE_LIMIT = 64 * 1024;

/**
 * Parses a resolv.conf file.
 *
 * `nameserver` and `domain` take their first argument; `search` and `options` take all of theirs,
 * and accumulate over lines. A line that starts with `#` or `;` is a comment. Other keywords are
 * ignored.
 *
 * @throws {ConfigError} if a line has 64 KiB or more, with upstream's text.
 */
export function parseResolvConf(text: string): Dns {
  const nameservers: string[] = [];
  const search: string[] = [];
  const options: string[] = [];
  let domain = "";
  const encoder = new TextEncoder();
  for (const rawLine of text.split("\n")) {
    if (encoder.encode(rawLine).length >= LINE_LIMIT) {
      throw new ConfigError("bufio.Scanner: token too long", "ipam.resolvConf");
    }
    const line = trimWhiteSpace(rawLine);
    if (/^[#;]/.test(line)) continue;
    const [keyword, ...words] = splitWords(line);
    const [first] = words;
    if (first === undefined) continue;
    if (keyword === "nameserver") nameservers.push(first);
    else if (keyword === "domain") domain = first;
    else if (keyword === "search") search.push(...words);
    else if (keyword === "options") options.push(...words);
  }
  return { nameservers, domain, search, options };
}
