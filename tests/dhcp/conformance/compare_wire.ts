/**
 * Compares the messages of a client with what a case expects.
 *
 * Retransmissions do not count: their number depends on how busy the machine is.
 * @module
 */

import { formatHex } from "../../../lib/base/hex.ts";
import { BROADCAST_FLAG } from "../../../lib/dhcp/codec/dhcp_message.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { ExpectedContent, ExpectedMessage } from "./dhcp_case.ts";

/**
 * Returns a line for each difference between the expected and the actual messages; none if any are
 * expected.
 */
export function compareWire(
  expected: readonly ExpectedMessage[] | undefined,
  found: readonly ClientMessage[],
): string[] {
  if (expected === undefined) return [];
  const sent = withoutRetransmissions(found);
  const types = (messages: readonly { readonly type: string }[]): string =>
    messages.map(({ type }) => type).join();
  if (types(expected) !== types(sent)) {
    return [`the client sent ${types(sent)}, want ${types(expected)}`];
  }
  return expected.flatMap((message, index) =>
    compareMessage(message, {
      found: sent[index] as ClientMessage,
      asksForBroadcast: asksForBroadcast(found),
    })
  );
}

/** Returns the messages that do not repeat the previous one. */
export function withoutRetransmissions(
  messages: readonly ClientMessage[],
): readonly ClientMessage[] {
  return messages.filter(({ type, message }, index) => {
    const previous = messages[index - 1];
    return previous?.type !== type || previous.message.xid !== message.xid;
  });
}

/** Returns whether a DISCOVER was sent three times: from then on a client asks for broadcasts. */
function asksForBroadcast(found: readonly ClientMessage[]): boolean {
  const discovers = found.filter(({ type }) => type === "DISCOVER");
  return discovers.some(({ message: { xid } }) =>
    discovers.filter(({ message }) => message.xid === xid).length > 2
  );
}

function compareMessage(
  { type, source, destination, ciaddr, isBroadcast, options = {} }:
    ExpectedMessage,
  { found, asksForBroadcast }: {
    readonly found: ClientMessage;
    /** Whether the BROADCAST flag may be set in any case. */
    readonly asksForBroadcast: boolean;
  },
): string[] {
  const { message } = found;
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ["source", source, found.source],
    ["destination", destination, found.destination],
    ["ciaddr", ciaddr, formatIpAddress(message.ciaddr)],
    [
      "isBroadcast",
      asksForBroadcast && isBroadcast === false ? undefined : isBroadcast,
      (message.flags & BROADCAST_FLAG) !== 0,
    ],
    ...Object.entries(options).map(([code, content]) => {
      const bytes = message.options.get(Number(code));
      return [
        `option ${code}`,
        expectedHex(content),
        bytes === undefined ? null : actualHex(content, bytes),
      ] as const;
    }),
  ];
  return rows.filter(([, want, actual]) =>
    want !== undefined && want !== actual
  ).map(([what, want, actual]) =>
    `${type}: ${what} is ${actual}, want ${want}`
  );
}

function expectedHex(content: ExpectedContent): string | null {
  return content !== null && typeof content === "object"
    ? content.anyOrder
    : content;
}

function actualHex(content: ExpectedContent, bytes: Uint8Array): string {
  const isSorted = content !== null && typeof content === "object";
  return formatHex(isSorted ? bytes.toSorted() : bytes);
}
