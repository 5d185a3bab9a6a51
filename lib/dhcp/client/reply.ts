/** Whether a received message is a server's answer to this client's exchange. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import { shortened } from "../../base/quoted_text.ts";
import {
  type DhcpMessage,
  messageTypeName,
  OP,
} from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import { optionValue } from "../codec/option_value.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { isAddressOfOther } from "../../net/subnet_host.ts";
import type { ClientEffect } from "./event.ts";
import { leasedSubnet } from "./lease.ts";
import { sentClientIdentifier } from "./request.ts";
import type { ClientSettings } from "./settings.ts";
import { log } from "./step.ts";

/** Of option 56, which can have 64 KiB. Characters. */
const MAX_TEXT = 200;

/** A server's answer, checked. */
export interface Reply {
  readonly type: "OFFER" | "ACK" | "NAK";
  readonly server: Ipv4Address;
  /** Option 56, possibly empty and possibly shortened: what the server says to an operator. */
  readonly text: string;
}

/** What {@link checkReply} finds. */
export type ReplyCheck =
  | { readonly kind: "reply"; readonly reply: Reply }
  /** For another client, or an answer to an earlier exchange: not worth a word. */
  | { readonly kind: "foreign" }
  /** For this exchange, but invalid. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Checks a message against the exchange in progress.
 *
 * The message is foreign unless `op` is a reply and xid and chaddr are ours. It is refused without
 * a message type for clients, without a server identifier (RFC 2131 table 3: MUST), and with a
 * client identifier other than ours: "the client MUST silently discard the message" (RFC 6842
 * section 3).
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
    // An option that identifies the message is malformed; any other error is a bug in this program.
    if (!(error instanceof DecodeError)) throw error;
    return refused(error.message);
  }
}

/** What a message is to a client that waits for the answer to its REQUEST. */
export type Answer =
  | { readonly kind: "ack"; readonly server: Ipv4Address }
  | {
    readonly kind: "nak";
    readonly server: Ipv4Address;
    /** As {@link Reply.text}. */
    readonly text: string;
  }
  /** Neither an ACK nor a NAK of a server that may answer. */
  | { readonly kind: "ignored"; readonly effects: readonly ClientEffect[] };

/**
 * Checks a message that may answer a REQUEST.
 *
 * @param server Only this server may answer; undefined: any server.
 */
export function checkAnswer(
  message: DhcpMessage,
  { xid, settings, server }: {
    readonly xid: number;
    readonly settings: ClientSettings;
    readonly server: Ipv4Address | undefined;
  },
): Answer {
  const check = checkReply(message, xid, settings);
  if (check.kind === "foreign") return ignored();
  if (check.kind === "refused") {
    return ignored(log("debug", "reply-ignored", { reason: check.reason }));
  }
  const { type, server: sender, text } = check.reply;
  const mayAnswer = server === undefined || sameAddress(sender, server);
  if (type === "OFFER" || !mayAnswer) return ignored();
  return type === "ACK"
    ? { kind: "ack", server: sender }
    : { kind: "nak", server: sender, text };
}

function ignored(...effects: ClientEffect[]): Answer {
  return { kind: "ignored", effects };
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
  if (!isAddressOfOther(server, leasedSubnet(message))) {
    return refused(`server identifier ${formatIpAddress(server)} (option 54)`);
  }
  const text = optionValue(options, OptionCode.message, "text") ?? "";
  return {
    kind: "reply",
    reply: { type, server, text: shortened(text, MAX_TEXT) },
  };
}

function refused(reason: string): ReplyCheck {
  return { kind: "refused", reason };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
