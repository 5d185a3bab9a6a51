/** What the kernel says about a received message besides its bytes: cmsg(3). Pure. @module */

/**
 * ```text
 * struct cmsghdr { size_t len; int level; int type; }, the data, padding to 8
 * ```
 */
const HEADER = 16;
const ALIGNMENT = 8;

/**
 * The data of the control message of this level and type.
 *
 * @param control As recvmsg(2) left it, cut to its length.
 * @returns A view; undefined if there is none, or the list is malformed before it.
 */
export function findControlMessage(
  control: Uint8Array,
  level: number,
  type: number,
): DataView | undefined {
  const view = new DataView(
    control.buffer,
    control.byteOffset,
    control.byteLength,
  );
  let offset = 0;
  while (offset + HEADER <= control.length) {
    const length = Number(view.getBigUint64(offset, true));
    if (length < HEADER || offset + length > control.length) return undefined;
    if (
      view.getInt32(offset + 8, true) === level &&
      view.getInt32(offset + 12, true) === type
    ) {
      return new DataView(
        control.buffer,
        control.byteOffset + offset + HEADER,
        length - HEADER,
      );
    }
    offset += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
  return undefined;
}
