/**
 * Namespace ids in rtnetlink (linux/net_namespace.h): the numbers by which one network namespace
 * knows others.
 *
 * An id does not keep its namespace alive. RTM_DELNSID says that the namespace is gone. Pure.
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";
import { DecodeError } from "../base/errors.ts";
import {
  decodeAttributes,
  encodeAttributes,
  u32Attribute,
  u32Bytes,
} from "./attribute.ts";

const NETNSA_NSID = 1;
const NETNSA_FD = 3;
/** In a request to assign an id: any free one. In an answer: none is assigned. */
const ANY_NSID = 0xffffffff;

/** `struct rtgenmsg` with its padding. */
const RTGENMSG = 4;

/** Encodes the body of a request for the id of the namespace that is open as `fd`. */
export function encodeNetnsIdQuery(fd: number): Uint8Array {
  return concatBytes([
    new Uint8Array(RTGENMSG),
    encodeAttributes([[NETNSA_FD, u32Bytes(fd)]]),
  ]);
}

/** Encodes the body of a request that assigns an id to the namespace that is open as `fd`. */
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
 * Decodes the id in the body of an RTM_NEWNSID or RTM_DELNSID, or of an answer to a query.
 *
 * @returns Undefined if there is none.
 * @throws {DecodeError} if the body is malformed.
 */
export function decodeNetnsId(body: Uint8Array): number | undefined {
  if (body.length < RTGENMSG) {
    throw new DecodeError(
      `Cannot decode a namespace id: ${body.length} bytes, expected at least ${RTGENMSG}`,
      "0",
    );
  }
  const attributes = decodeAttributes(body.subarray(RTGENMSG));
  const id = u32Attribute(attributes, NETNSA_NSID);
  return id === ANY_NSID ? undefined : id;
}
