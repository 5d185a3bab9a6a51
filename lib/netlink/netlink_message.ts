/**
 * Netlink messages: header, body, errors and acknowledgements (linux/netlink.h, RFC 3549 section
 * 2.3). Pure.
 *
 * @module
 */

import { DecodeError } from "../base/errors.ts";
import { align4, decodeAttributes, textAttribute } from "./attribute.ts";
import { viewOf } from "../base/bytes.ts";

/**
 * ```text
 * struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 * ```
 */
const HEADER = 16;
/** `struct nlmsgerr`: the negative errno and the header of the request. */
const ERROR_BODY = 4 + HEADER;
const NLMSGERR_ATTR_MSG = 1;

/** Message types of netlink itself. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3 } as const;

/** Message types of rtnetlink (linux/rtnetlink.h). */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  NEWNSID: 88,
  DELNSID: 89,
  GETNSID: 90,
} as const;

/** Flags of requests. {@link NLM_F.DUMP} asks for a list of all entries. */
export const NLM_F = {
  REQUEST: 0x1,
  ACK: 0x4,
  REPLACE: 0x100,
  EXCL: 0x200,
  DUMP: 0x300,
  CREATE: 0x400,
} as const;

/**
 * Flag of answers to a dump: the table changed during the dump, so the list may be inconsistent.
 */
export const NLM_F_DUMP_INTR = 0x10;
/** Flag of errors: attributes with a text follow. */
const NLM_F_ACK_TLVS = 0x200;

/** One netlink message. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** Sequence number; an answer has that of its request, a notification 0. */
  readonly sequence: number;
  /** What follows the header. In a decoded message it is a view. */
  readonly body: Uint8Array;
}

/** Encodes a message for the kernel. */
export function encodeMessage(message: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(align4(HEADER + message.body.length));
  const view = viewOf(bytes);
  view.setUint32(0, HEADER + message.body.length, true);
  view.setUint16(4, message.type, true);
  view.setUint16(6, message.flags, true);
  view.setUint32(8, message.sequence, true);
  bytes.set(message.body, HEADER);
  return bytes;
}

/**
 * Decodes the messages of one datagram.
 *
 * @throws {DecodeError} if a length points outside `bytes`.
 */
export function decodeMessages(bytes: Uint8Array): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  const view = viewOf(bytes);
  let offset = 0;
  while (offset < bytes.length) {
    const left = bytes.length - offset;
    const length = left < HEADER ? 0 : view.getUint32(offset, true);
    if (length < HEADER || length > left) {
      throw new DecodeError(
        `Cannot decode a netlink message: length ${length}, ${left} bytes left`,
        String(offset),
      );
    }
    messages.push({
      type: view.getUint16(offset + 4, true),
      flags: view.getUint16(offset + 6, true),
      sequence: view.getUint32(offset + 8, true),
      body: bytes.subarray(offset + HEADER, offset + length),
    });
    offset += align4(length);
  }
  return messages;
}

/** The status in an NLMSG_ERROR or NLMSG_DONE. */
export interface NetlinkStatus {
  /** 0 for success, otherwise the error number, positive. */
  readonly errno: number;
  /** The kernel's explanation, if it gives one (NETLINK_EXT_ACK, with NETLINK_CAP_ACK). */
  readonly text: string | undefined;
}

/** Decodes an NLMSG_ERROR or NLMSG_DONE. @throws {DecodeError} if the message is cut short. */
export function decodeStatus(message: NetlinkMessage): NetlinkStatus {
  const { type, flags, body } = message;
  // The end of a dump may come without a status (RFC 3549 section 2.3.2.2).
  if (type === NLMSG.DONE && body.length < 4) {
    return { errno: 0, text: undefined };
  }
  const headerLength = type === NLMSG.DONE ? 4 : ERROR_BODY;
  if (body.length < headerLength) {
    throw new DecodeError(
      `Cannot decode a netlink error: ${body.length} bytes, expected at least ${headerLength}`,
      "0",
    );
  }
  const errno = Math.abs(viewOf(body).getInt32(0, true));
  const text = (flags & NLM_F_ACK_TLVS) === 0 ? undefined : textAttribute(
    decodeAttributes(body.subarray(headerLength)),
    NLMSGERR_ATTR_MSG,
  );
  return { errno, text };
}
