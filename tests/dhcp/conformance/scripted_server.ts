/** The server of a case, which follows its script. @module */

import { BROADCAST_FLAG } from "../../../lib/dhcp/codec/dhcp_message.ts";
import { hex } from "../../support/bytes.ts";
import {
  type Answer,
  answerTo,
  rawAnswerTo,
  type Script,
} from "../../support/dhcp_bad_server.ts";
import { ip } from "../../support/dhcp_messages.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { Reply, ServerScript } from "./dhcp_case.ts";

/** Returns a function that answers each message of the client as the script says. */
export function scriptOf(
  { offer = {}, ack = {}, exchanges, silent = 0, times = 1, before }:
    ServerScript,
): Script {
  let heard = 0;
  let begun = 0;
  let last = "";
  return (message): Answer => {
    heard += 1;
    if (silent < 0 || heard <= silent) return [];
    // A DISCOVER after another one is a retransmission.
    if (message.type === "DISCOVER" && last !== "DISCOVER") begun += 1;
    last = message.type;
    const isCorrect = exchanges !== undefined && begun > exchanges;
    const replies = isCorrect ? { offer: {}, ack: {} } : { offer, ack };
    const answer = answerOf(message, replies);
    if (answer === undefined) return [];
    const first = before === undefined ? [] : [{ packet: hex(before) }];
    return [...first, ...Array.from({ length: times }, () => answer)];
  };
}

function answerOf(
  message: ClientMessage,
  { offer, ack }: { readonly offer: Reply; readonly ack: Reply },
): Uint8Array | undefined {
  switch (message.type) {
    case "DISCOVER":
      return encode(message, "OFFER", offer);
    case "REQUEST":
      return encode(message, "ACK", ack);
    default:
      return undefined;
  }
}

function encode(
  message: ClientMessage,
  due: "OFFER" | "ACK",
  { type = due, raw, file, sname, yiaddr, xid, chaddr, options = {} }: Reply,
): Uint8Array {
  if (raw !== undefined) {
    return rawAnswerTo(message, {
      options: raw,
      ...(file === undefined ? {} : { file }),
      ...(sname === undefined ? {} : { sname }),
    });
  }
  return answerTo(message, type, {
    flags: BROADCAST_FLAG,
    ...(yiaddr === undefined ? {} : { yiaddr: ip(yiaddr) }),
    ...(xid === undefined ? {} : { xid }),
    ...(chaddr === undefined ? {} : { chaddr: hex(chaddr) }),
    options: Object.fromEntries(
      Object.entries(options).map(([code, content]) => [
        Number(code),
        content ?? undefined,
      ]),
    ),
  });
}
