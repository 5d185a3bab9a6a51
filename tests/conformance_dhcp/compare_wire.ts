/** Compares what a client said with what a case expects. @module */

import { formatHex } from "../../lib/base/hex.ts";
import { BROADCAST_FLAG } from "../../lib/dhcp4/message.ts";
import { formatIpAddress } from "../../lib/net/ip_address.ts";
import type { ClientMessage } from "../support/dhcp_wire.ts";
import type { ExpectedMessage } from "./dhcp_case.ts";

/** Every way in which the messages are not those expected; nothing if they are, or none are expected or ruled out. */
export function compareWire(
  expected: readonly ExpectedMessage[] | undefined,
  found: readonly ClientMessage[],
): string[] {
  if (expected === undefined) return [];
  const types = (messages: readonly { readonly type: string }[]): string =>
    messages.map(({ type }) => type).join();
  if (types(expected) !== types(found)) {
    return [`the client said ${types(found)}, want ${types(expected)}`];
  }
  return expected.flatMap((message, index) =>
    compareMessage(message, found[index] as ClientMessage)
  );
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
      const actual = bytes === undefined ? null : formatHex(bytes);
      return [`option ${code}`, content, actual] as const;
    }),
  ];
  return rows.filter(([, want, actual]) =>
    want !== undefined && want !== actual
  ).map(([what, want, actual]) =>
    `${type}: ${what} is ${actual}, want ${want}`
  );
}
