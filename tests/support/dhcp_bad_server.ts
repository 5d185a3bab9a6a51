/**
 * A scripted server that sends any bytes, well formed or not. It listens on `eth0`, 192.0.2.1, of a
 * namespace.
 *
 * @module
 */

import { ByteWriter } from "../../lib/base/byte_writer.ts";
import {
  BROADCAST_FLAG,
  encodeMessage,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import { encodeIpv4Udp } from "../../lib/net/ipv4_udp.ts";
import { ip, reply } from "./dhcp_messages.ts";
import { type ClientMessage, MessageCapture } from "./dhcp_wire.ts";
import { formatHex } from "../../lib/base/hex.ts";
import type { TestNetns } from "./network_namespaces.ts";

/** The replies to a message: payloads of datagrams, or whole IP packets. */
export type Answer = readonly (Uint8Array | { readonly packet: Uint8Array })[];

/** Decides the replies to one message. */
export type Script = (message: ClientMessage) => Answer;

/** Fields of a reply; options in hexadecimal, undefined omits one. */
export type ReplyFields = Parameters<typeof reply>[2];

/** A server that follows a script. */
export class BadServer implements AsyncDisposable {
  readonly wire: MessageCapture;
  script: Script;

  constructor(netns: TestNetns, script: Script) {
    this.script = script;
    this.wire = new MessageCapture(netns, (message) => {
      for (const answer of this.script(message)) {
        this.wire.send("packet" in answer ? answer.packet : datagram(answer));
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wire[Symbol.asyncDispose]();
  }
}

/** Encodes a reply; by default 192.0.2.1 grants 192.0.2.50/24 for an hour. */
export function answerTo(
  { message }: ClientMessage,
  type: "OFFER" | "ACK" | "NAK",
  fields: ReplyFields = {},
): Uint8Array {
  const { xid, chaddr } = message;
  return encodeMessage(
    reply(type, xid, { chaddr, flags: BROADCAST_FLAG, ...fields }),
  );
}

/** Encodes an ACK whose options and header fields are any bytes. */
export function rawAnswerTo(
  to: ClientMessage,
  { options, file = "", sname = "" }: {
    /** Hexadecimal, everything after the magic cookie. */
    readonly options: string;
    readonly file?: string;
    readonly sname?: string;
  },
): Uint8Array {
  const header = answerTo(to, "ACK").subarray(0, 240);
  const bytes = new ByteWriter().bytes(header).bytes(fromHex(options)).finish();
  bytes.set(fromHex(sname), 44);
  bytes.set(fromHex(file), 108);
  return bytes;
}

/** The script of a server that grants 192.0.2.50, with these fields in its replies. */
export function grantScript(
  fields: { readonly offer?: ReplyFields; readonly ack?: ReplyFields } = {},
): Script {
  return (message) => {
    switch (message.type) {
      case "DISCOVER":
        return [answerTo(message, "OFFER", fields.offer)];
      case "REQUEST":
        return [answerTo(message, "ACK", fields.ack)];
      default:
        return [];
    }
  };
}

/** Encodes a datagram from 192.0.2.1 to all clients. */
export function datagram(payload: Uint8Array): Uint8Array {
  return encodeIpv4Udp({
    source: ip("192.0.2.1"),
    sourcePort: 67,
    destination: ip("255.255.255.255"),
    destinationPort: 68,
  }, payload);
}

/** Text in hexadecimal, for options. */
export function textHex(text: string): string {
  return formatHex(new TextEncoder().encode(text));
}

function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from(
    digits.match(/../g) ?? [],
    (pair) => parseInt(pair, 16),
  );
}
