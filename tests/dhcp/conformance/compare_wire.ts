/**
 * Compares what a client said with what a case expects.
 *
 * How often a message is repeated says how busy the machine is, not what the client is like: repetitions do not count.
 * @module
 */

import { formatHex } from "../../../lib/base/hex.ts";
import { BROADCAST_FLAG } from "../../../lib/dhcp/codec/dhcp_message.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { ExpectedContent, ExpectedMessage } from "./dhcp_case.ts";

/** Every way in which the messages are not those expected; nothing if they are, or none are expected or ruled out. */
export function compareWire(
  expected: readonly ExpectedMessage[] | undefined,
  found: readonly ClientMessage[],
): string[] {
  if (expected === undefined) return [];
  const said = withoutRepetitions(found);
  const types = (messages: readonly { readonly type: string }[]): string =>
    messages.map(({ type }) => type).join();
  if (types(expected) !== types(said)) {
    return [`the client said ${types(said)}, want ${types(expected)}`];
  }
  return expected.flatMap((message, index) =>
    compareMessage(message, said[index] as ClientMessage)
  );
}

/** Messages that do not repeat the one before. */
export function withoutRepetitions(
  messages: readonly ClientMessage[],
): readonly ClientMessage[] {
  return messages.filter(({ type, message }, index) => {
    const before = messages[index - 1];
    return before?.type !== type || before.message.xid !== message.xid;
  });
}

function compareMessage(
  { type, source, destination, ciaddr, isBroadcast, options = {} }:
    ExpectedMessage,
  found: ClientMessage,
): string[] {
  const { message } = found;
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ["source", source, found.source],
    ["destination", destination, found.destination],
    ["ciaddr", ciaddr, formatIpAddress(message.ciaddr)],
    ["isBroadcast", isBroadcast, (message.flags & BROADCAST_FLAG) !== 0],
    ...Object.entries(options).map(([code, content]) => {
      const bytes = message.options.get(Number(code));
      return [
        `option ${code}`,
        wanted(content),
        bytes === undefined ? null : shown(content, bytes),
      ] as const;
    }),
  ];
  return rows.filter(([, want, actual]) =>
    want !== undefined && want !== actual
  ).map(([what, want, actual]) =>
    `${type}: ${what} is ${actual}, want ${want}`
  );
}

function wanted(content: ExpectedContent): string | null {
  return content !== null && typeof content === "object"
    ? content.anyOrder
    : content;
}

function shown(content: ExpectedContent, bytes: Uint8Array): string {
  const inOrder = content !== null && typeof content === "object";
  return formatHex(inOrder ? bytes.toSorted() : bytes);
}
