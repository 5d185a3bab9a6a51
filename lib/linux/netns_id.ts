/** The ids by which the process's own namespace knows other network namespaces. @module */

import {
  decodeNetnsId,
  encodeNetnsIdAssignment,
  encodeNetnsIdQuery,
} from "../netlink/netns_id_message.ts";
import { isErrno } from "./errno.ts";
import { type NetlinkSocket, openNetlinkSocket } from "./netlink_socket.ts";
import { type Netns, ownNetns } from "./netns.ts";

/**
 * Returns the id of a namespace in the process's own one. Assigns one if there is none.
 *
 * @throws {SyscallError} EPERM without CAP_NET_ADMIN in the own namespace.
 */
export function assignNetnsId(netns: Netns): number {
  const { fd, path } = netns;
  const known = netnsIdOf(netns);
  if (known !== undefined) return known;
  try {
    ownSocket().request({
      type: "NEWNSID",
      body: encodeNetnsIdAssignment(fd),
      subject: path,
    });
  } catch (error) {
    // Another process has assigned one in the meantime.
    if (!isErrno(error, "EEXIST")) throw error;
  }
  const assigned = netnsIdOf(netns);
  if (assigned === undefined) throw new TypeError(`${path} has no id`);
  return assigned;
}

/** Returns the id of a namespace in the process's own one; undefined if it has none. */
export function netnsIdOf({ fd, path }: Netns): number | undefined {
  const [id] = ownSocket().request({
    type: "GETNSID",
    body: encodeNetnsIdQuery(fd),
    subject: path,
  }, decodeNetnsId);
  return id;
}

let own: NetlinkSocket | undefined;

/** Returns a socket in the own namespace, which is opened by the first call and never closed. */
function ownSocket(): NetlinkSocket {
  own ??= openNetlinkSocket(ownNetns());
  return own;
}
