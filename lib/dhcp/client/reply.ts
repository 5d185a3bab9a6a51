/** Whether a received message is a server's answer to this client's exchange. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import {
  type DhcpMessage,
  messageTypeName,
  OP,
} from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import { optionValue } from "../codec/option_value.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { type Ipv4Address, isHostAddress } from "../../net/ipv4_address.ts";
import { sentClientIdentifier } from "./request.ts";
import type { ClientSettings } from "./settings.ts";

/** An answer of a server, checked. */
export interface Reply {
  readonly type: "OFFER" | "ACK" | "NAK";
  readonly server: Ipv4Address;
  /** Option 56, possibly empty: words of the server for an operator. */
  readonly text: string;
  readonly message: DhcpMessage;
}

/** What {@link checkReply} finds. */
export type ReplyCheck =
  | { readonly kind: "reply"; readonly reply: Reply }
  /** For somebody else, or an answer to an exchange that is over: nothing to say about it. */
  | { readonly kind: "foreign" }
  /** For this exchange, but not as it must be. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Checks a message against the exchange under way.
 *
 * It is foreign unless `op` is a reply and xid and chaddr are ours. It is refused without a message type for clients,
 * without a server identifier (RFC 2131 table 3: MUST), and with a client identifier other than ours: "the client
 * MUST silently discard the message" (RFC 6842 section 3).
 */
export function checkReply(
  message: DhcpMessage,
  xid: number,
  settings: ClientSettings,
): ReplyCheck {
  const isOurs = message.op === OP.bootReply && message.xid === xid &&
    sameBytes(message.chaddr, settings.chaddr);
  if (!isOurs) return { kind: "foreign" };
  try {
    return checkOptions(message, settings);
  } catch (error) {
    // One of the options that identify the message is malformed; anything else is a bug of ours.
    if (!(error instanceof DecodeError)) throw error;
    return refused(error.message);
  }
}

function checkOptions(
  message: DhcpMessage,
  settings: ClientSettings,
): ReplyCheck {
  const { options } = message;
  const number = optionValue(options, OptionCode.dhcpMessageType, "u8");
  const type = number === undefined ? undefined : messageTypeName(number);
  if (type !== "OFFER" && type !== "ACK" && type !== "NAK") {
    return refused(`message type ${number ?? "absent"} (option 53)`);
  }
  const echo = options.get(OptionCode.clientIdentifier);
  if (echo !== undefined && !sameBytes(echo, sentClientIdentifier(settings))) {
    return refused("the client identifier of another client (option 61)");
  }
  const server = optionValue(options, OptionCode.serverIdentifier, "ip");
  if (server === undefined) return refused("no server identifier (option 54)");
  if (!isHostAddress(server)) {
    return refused(`server identifier ${formatIpAddress(server)} (option 54)`);
  }
  const text = optionValue(options, OptionCode.message, "text") ?? "";
  return { kind: "reply", reply: { type, server, text, message } };
}

function refused(reason: string): ReplyCheck {
  return { kind: "refused", reason };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
