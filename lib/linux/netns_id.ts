/** The numbers by which this namespace knows others (`netns_id.ts`). @module */

import {
  decodeNetnsId,
  encodeNetnsIdAssignment,
  encodeNetnsIdQuery,
} from "../netlink/netns_id_message.ts";
import { isErrno } from "./errno.ts";
import { type Netns, ownNetns } from "./netns.ts";
import { openNetlinkSocket } from "./netlink_socket.ts";

/**
 * The number of a namespace in this one; gives it one if it has none.
 *
 * @throws {SyscallError} EPERM without CAP_NET_ADMIN in the own namespace.
 */
export function assignNetnsId(netns: Netns): number {
  using socket = openNetlinkSocket(ownNetns());
  const { fd, path } = netns;
  const known = netnsIdOf(netns);
  if (known !== undefined) return known;
  try {
    socket.request({
      type: "NEWNSID",
      body: encodeNetnsIdAssignment(fd),
      subject: path,
    });
  } catch (error) {
    // Somebody else was faster.
    if (!isErrno(error, "EEXIST")) throw error;
  }
  const assigned = netnsIdOf(netns);
  if (assigned === undefined) throw new TypeError(`${path} has no number`);
  return assigned;
}

/** The number of a namespace in this one; undefined if it has none. */
export function netnsIdOf({ fd, path }: Netns): number | undefined {
  using socket = openNetlinkSocket(ownNetns());
  const [id] = socket.request({
    type: "GETNSID",
    body: encodeNetnsIdQuery(fd),
    subject: path,
  }, decodeNetnsId);
  return id;
}
