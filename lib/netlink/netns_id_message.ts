/**
 * Numbers of network namespaces in rtnetlink (linux/net_namespace.h): under which one namespace knows another. A number
 * does not keep the namespace alive, and RTM_DELNSID says when it is gone. Pure. @module
 */

import { DecodeError } from "../base/errors.ts";
import {
  concatBytes,
  decodeAttributes,
  encodeAttributes,
  u32Attribute,
  u32Bytes,
} from "./attribute.ts";

const NETNSA_NSID = 1;
const NETNSA_FD = 3;
/** In a request to assign: any free number. In an answer: none assigned. */
const ANY_NSID = 0xffffffff;

/** `struct rtgenmsg` with its padding. */
const RTGENMSG = 4;

/** The body of a request for the number of the namespace open as `fd`. */
export function encodeNetnsIdQuery(fd: number): Uint8Array {
  return concatBytes([
    new Uint8Array(RTGENMSG),
    encodeAttributes([[NETNSA_FD, u32Bytes(fd)]]),
  ]);
}

/** The body of a request to give the namespace open as `fd` a number. */
export function encodeNetnsIdAssignment(fd: number): Uint8Array {
  return concatBytes([
    new Uint8Array(RTGENMSG),
    encodeAttributes([
      [NETNSA_NSID, u32Bytes(ANY_NSID)],
      [NETNSA_FD, u32Bytes(fd)],
    ]),
  ]);
}

/**
 * The number in an RTM_NEWNSID, RTM_DELNSID or answer; undefined if there is none.
 *
 * @throws {DecodeError} if it is malformed.
 */
export function decodeNetnsId(body: Uint8Array): number | undefined {
  if (body.length < RTGENMSG) {
    throw new DecodeError(
      `Cannot decode a namespace number: ${body.length} bytes`,
      "0",
    );
  }
  const attributes = decodeAttributes(body.subarray(RTGENMSG));
  const id = u32Attribute(attributes, NETNSA_NSID);
  return id === ANY_NSID ? undefined : id;
}
