import { assertEquals } from "@std/assert";
import {
  decodeLink,
  encodeLinkByName,
} from "../../../lib/netlink/link_message.ts";
import { encodeMessage } from "../../../lib/netlink/netlink_message.ts";
import {
  type NetlinkSocket,
  openNetlinkSocket,
} from "../../../lib/linux/netlink_socket.ts";
import { ascii, hex } from "../../support/bytes.ts";
import { forge } from "../../support/netlink_forger.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { testAsRoot } from "../../support/requirements.ts";

function findLo(socket: NetlinkSocket): readonly number[] {
  const body = encodeLinkByName("lo");
  const request = { type: "GETLINK", body, subject: "lo" } as const;
  return socket.request(request, (answer) => decodeLink(answer)?.index);
}

for (
  const { name, bytes } of [
    {
      name: "a forged acknowledgement of the next request",
      bytes: encodeMessage({
        type: 2,
        flags: 0,
        sequence: 2,
        body: hex("00000000 20000000 12000500 02000000 00000000"),
      }),
    },
    {
      name: "a forged datagram without a message",
      bytes: ascii("garbage-garbage-garbage"),
    },
  ]
) {
  testAsRoot(`NetlinkSocket ignores ${name}`, () => {
    using place = new TestNetns();
    using netns = place.open();
    using socket = openNetlinkSocket(netns);
    assertEquals(findLo(socket), [1]);
    // The kernel assigns the process id as port id to the first socket of a process in a namespace.
    forge(place, bytes, { port: Deno.pid });
    assertEquals(findLo(socket), [1]);
  });
}
