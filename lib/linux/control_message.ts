/** Ancillary data of a received message: cmsg(3). Pure. @module */

import { viewOf } from "../base/bytes.ts";

/**
 * ```text
 * struct cmsghdr { size_t len; int level; int type; }, the data, padding to 8
 * ```
 */
const HEADER = 16;
const ALIGNMENT = 8;

/**
 * Finds the control message with this level and type.
 *
 * @param control The control messages as recvmsg(2) wrote them, cut to their length.
 * @returns A view of its data; undefined if there is none, or the list before it is malformed.
 */
export function findControlMessage(
  control: Uint8Array,
  level: number,
  type: number,
): DataView | undefined {
  const view = viewOf(control);
  let offset = 0;
  while (offset + HEADER <= control.length) {
    const length = Number(view.getBigUint64(offset, true));
    if (length < HEADER || offset + length > control.length) return undefined;
    if (
      view.getInt32(offset + 8, true) === level &&
      view.getInt32(offset + 12, true) === type
    ) {
      return viewOf(control.subarray(offset + HEADER, offset + length));
    }
    offset += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
  return undefined;
}
