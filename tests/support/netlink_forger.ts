/** Forged netlink messages, as a program in a container could send them. @module */

import { libc, pinnedBytes } from "../../lib/linux/libc.ts";
import { withNetns } from "../../lib/linux/netns.ts";
import { NETLINK_ROUTE } from "../../lib/linux/netlink_socket.ts";
import { openSocket, sendTo, SOCK } from "../../lib/linux/socket.ts";
import { AF } from "../../lib/linux/socket_address.ts";
import type { TestNetns } from "./network_namespaces.ts";

// Opens the library before the first test, because a library that is opened during a test fails it.
libc();

/**
 * Sends a message from inside a namespace.
 *
 * @param port The netlink port id of one socket there.
 * @param groups Bits of the multicast groups that receive it; the kernel receives it too.
 */
export function forge(
  place: TestNetns,
  bytes: Uint8Array,
  { port = 0, groups = 0 }: {
    readonly port?: number;
    readonly groups?: number;
  },
): void {
  using netns = place.open();
  using socket = withNetns(
    netns,
    () => openSocket(AF.NETLINK, SOCK.RAW, NETLINK_ROUTE),
  );
  // struct sockaddr_nl { u16 family; u16 pad; u32 pid; u32 groups; }
  const address = pinnedBytes(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF.NETLINK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, groups, true);
  sendTo(socket, bytes, { address, subject: "forged" });
}
