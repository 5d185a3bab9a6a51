/** Fuzz targets for JSON: requests to the daemon, and files in its state directory. @module */

import { assertEquals } from "@std/assert";
import { ConfigError, DecodeError } from "../../lib/base/errors.ts";
import { encodeMessage } from "../../lib/dhcp/codec/dhcp_message.ts";
import { release } from "../../lib/dhcp/client/request.ts";
import { clientSettings } from "../../lib/dhcp/daemon/client_identity.ts";
import { grantedOffer } from "../../lib/dhcp/daemon/release.ts";
import {
  formatRequest,
  parseRequest,
} from "../../lib/dhcp/protocol/daemon_protocol.ts";
import { parseReleaseNote } from "../../lib/dhcp/protocol/release_note.ts";
import {
  formatLeaseRecord,
  parseLeaseRecord,
} from "../../lib/dhcp/daemon/lease_file_format.ts";

/** Values that replace a value somewhere in the JSON. */
const REPLACEMENTS: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  256,
  2 ** 53,
  1e308,
  "",
  "x",
  "0",
  "ff",
  "192.0.2.1",
  [],
  [null],
  {},
  { hex: "00" },
];

const FLAGS = {
  broadcast: false,
  timeoutMs: 1,
  resendMaxMs: 1,
  resendTimeoutMs: 1,
};

/** A request that can be parsed can be formatted, and parses to the same again. */
export function runRequest(bytes: Uint8Array, choice: number): void {
  const request = attempt(() => parseRequest(toText(bytes, choice)));
  if (request === undefined) return;
  assertEquals(parseRequest(formatRequest(request)), request);
}

/** A lease that can be parsed can be formatted, parses to the same again, and can be released. */
export function runStateFile(bytes: Uint8Array, choice: number): void {
  const text = toText(bytes, choice);
  attempt(() => parseReleaseNote(text));
  const record = attempt(() => parseLeaseRecord(text));
  if (record === undefined) return;
  assertEquals(parseLeaseRecord(formatLeaseRecord(record)), record);
  const { identity, options, grant } = record;
  const settings = clientSettings(identity, options, {
    flags: FLAGS,
    linkKind: undefined,
    mtu: undefined,
  });
  encodeMessage(release(settings, { xid: 1, ...grantedOffer(grant) }).message);
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DecodeError || error instanceof ConfigError) {
      return undefined;
    }
    throw error;
  }
}

/** Decodes the bytes as text; if that is JSON, one value is replaced in seven of eight runs. */
function toText(bytes: Uint8Array, choice: number): string {
  const text = new TextDecoder().decode(bytes);
  if (choice % 8 === 0) return text;
  try {
    return JSON.stringify(withReplacement(JSON.parse(text), choice >>> 3));
  } catch {
    return text;
  }
}

function withReplacement(value: unknown, choice: number): unknown {
  const replacement = REPLACEMENTS[choice % REPLACEMENTS.length];
  let left = Math.floor(choice / REPLACEMENTS.length) %
    Math.max(count(value), 1);
  const replace = (each: unknown): unknown => {
    if (left-- === 0) return replacement;
    if (Array.isArray(each)) return each.map(replace);
    if (typeof each !== "object" || each === null) return each;
    return Object.fromEntries(
      Object.entries(each).map(([key, item]) => [key, replace(item)]),
    );
  };
  return replace(value);
}

function count(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>(
    (sum, item) => sum + count(item),
    1,
  );
}
