/**
 * The fuzz targets: each takes any bytes, and throws only if the code under test has a bug.
 *
 * @module
 */

import { DecodeError } from "../../lib/base/errors.ts";
import { formatHex } from "../../lib/base/hex.ts";
import {
  decodeMessage,
  encodeMessage,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import {
  decodeOptionValue,
  encodeOptionValue,
  type OptionShape,
} from "../../lib/dhcp/codec/option_value.ts";
import { optionDefinition } from "../../lib/dhcp/codec/option_code.ts";
import { decodeClientPacket } from "../../lib/dhcp/codec/packet.ts";
import { leaseFromAck } from "../../lib/dhcp/client/lease.ts";
import type { ChecksumPolicy } from "../../lib/net/ipv4_udp.ts";
import daemonRequests from "./corpus/daemon_requests.json" with {
  type: "json",
};
import frames from "./corpus/frames.json" with { type: "json" };
import gob from "./corpus/gob.json" with { type: "json" };
import messages from "./corpus/messages.json" with { type: "json" };
import optionValues from "./corpus/option_values.json" with { type: "json" };
import stateFiles from "./corpus/state_files.json" with { type: "json" };
import upstreamCalls from "./corpus/upstream_calls.json" with {
  type: "json",
};
import { hex } from "../support/bytes.ts";
import { clientIn, XID } from "../support/client_states.ts";
import { reply } from "../support/dhcp_messages.ts";
import { runRequest, runStateFile } from "./json_targets.ts";
import { runGob, runUpstreamCall } from "./rpc_targets.ts";

/** Code under test that takes bytes from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** Named inputs: ordinary ones, and every one that has found a bug. */
  readonly corpus: readonly { readonly name: string; readonly hex: string }[];
  /** Throws if the code under test has a bug. @param choice Selects a variant. */
  readonly run: (bytes: Uint8Array, choice: number) => void | Promise<void>;
}

const POLICIES: readonly ChecksumPolicy[] = [
  "verify",
  "skip",
];
const SHAPES = [
  ...new Set(
    Array.from(
      { length: 254 },
      (_, index) => optionDefinition(index + 1).shape,
    ),
  ),
];

/** Runs `decode`; returns undefined if it throws a DecodeError. */
function attempt<T>(decode: () => T): { readonly value: T } | undefined {
  try {
    return { value: decode() };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function expectSame(first: Uint8Array, second: Uint8Array): void {
  if (formatHex(first) === formatHex(second)) return;
  throw new Error(
    `encoding differs:\n${formatHex(first)}\n${formatHex(second)}`,
  );
}

/**
 * Decoding a packet never throws. In half of the runs the header checksum is corrected, to get past
 * it.
 */
function runFrame(bytes: Uint8Array, choice: number): void {
  const policy = POLICIES[choice % POLICIES.length] ?? "verify";
  if ((choice & 8) !== 0 && bytes.length >= 20) {
    const length = Math.min(((bytes[0] ?? 0) & 15) * 4, bytes.length);
    bytes.fill(0, 10, 12);
    let sum = 0;
    for (let at = 0; at < length; at += 2) {
      sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    bytes.set([(~sum >> 8) & 0xff, ~sum & 0xff], 10);
  }
  decodeClientPacket(bytes, policy);
}

/** A message that can be decoded can be encoded, and decodes to the same again. */
function runMessage(bytes: Uint8Array): void {
  const first = attempt(() => decodeMessage(bytes));
  if (first === undefined) return;
  const encoded = encodeMessage(first.value);
  expectSame(encoded, encodeMessage(decodeMessage(encoded)));
  leaseFromAck(first.value, { sentMs: 0 });
}

/** A value that can be decoded can be encoded, and decodes to the same again. */
function runOptionValue(bytes: Uint8Array, choice: number): void {
  const shape: OptionShape = SHAPES[choice % SHAPES.length] ?? "bytes";
  const first = attempt(() => decodeOptionValue(shape, bytes));
  if (first === undefined) return;
  const encoded = encodeOptionValue(shape, first.value);
  const again = decodeOptionValue(shape, encoded);
  expectSame(encoded, encodeOptionValue(shape, again));
}

const CLIENTS = [
  "SELECTING",
  "REQUESTING",
  "RENEWING",
  "REBINDING",
  "REBOOTING",
  "REBOOTING (lease)",
] as const;

/** A client that receives any options in a reply continues to work. */
function runReply(bytes: Uint8Array, choice: number): void {
  const decoded = attempt(() => decodeMessage(bytes));
  if (decoded === undefined) return;
  const { yiaddr, options } = decoded.value;
  const name = CLIENTS[choice % CLIENTS.length] ?? "SELECTING";
  clientIn(name)
    .receive({ ...reply("ACK", XID), yiaddr, options })
    .advance(60_000);
}

/** Every target. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: "frames", corpus: frames, run: runFrame },
  { name: "messages", corpus: messages, run: runMessage },
  { name: "option values", corpus: optionValues, run: runOptionValue },
  { name: "replies", corpus: messages, run: runReply },
  { name: "daemon requests", corpus: daemonRequests, run: runRequest },
  { name: "state files", corpus: stateFiles, run: runStateFile },
  { name: "gob", corpus: gob, run: runGob },
  { name: "upstream calls", corpus: upstreamCalls, run: runUpstreamCall },
];

/** Returns the inputs in the corpus of a target. */
export function seedsOf({ corpus }: FuzzTarget): readonly Uint8Array[] {
  return corpus.map((entry) => hex(entry.hex));
}
