import { assertEquals } from "@std/assert";
import { encodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type {
  Interfaces,
  NetnsReference,
} from "../../../../lib/dhcp/daemon/ports.ts";
import { netnsInterfaces } from "../../../../lib/dhcp/host/netns_interface.ts";
import { EventLoop } from "../../../../lib/linux/event_loop.ts";
import { InterfaceMonitor } from "../../../../lib/linux/interface_monitor.ts";
import { openLinkControl } from "../../../../lib/linux/link_control.ts";
import { openPacketSocket } from "../../../../lib/linux/packet_socket.ts";
import { Timers } from "../../../../lib/linux/timers.ts";
import { encodeIpv4Udp } from "../../../../lib/net/ipv4_udp.ts";
import { LIMITED_BROADCAST } from "../../../../lib/net/ipv4_address.ts";
import {
  dhcpReplyFilter,
  ETHER_TYPE,
} from "../../../../lib/net/packet_filter.ts";
import { ip as address } from "../../../support/dhcp_messages.ts";
import { run as runProgram } from "../../../../tools/lab/network_namespace.ts";
import { waitUntil } from "../../../../tools/lab/waiting.ts";
import {
  TestLink,
  type TestNetns,
} from "../../../support/network_namespaces.ts";
import { testAsRoot } from "../../../support/requirements.ts";
import { INTERFACE_CONTRACT } from "../../../unit/dhcp/daemon/attached_interface_contract.ts";

/** Broadcasts a message from the server's port. */
function serve(server: TestNetns, message: Uint8Array): void {
  using netns = server.open();
  using control = openLinkControl(netns);
  using socket = openPacketSocket(netns, {
    ifIndex: control.find("eth0")?.index ?? 0,
    etherType: ETHER_TYPE.ipv4,
    filter: dhcpReplyFilter(0),
  });
  const packet = encodeIpv4Udp({
    source: address("192.0.2.1"),
    sourcePort: 67,
    destination: LIMITED_BROADCAST,
    destinationPort: 68,
  }, message);
  socket.send(packet, new Uint8Array(6).fill(0xff));
}

function reference({ path }: TestNetns): NetnsReference {
  return { path, callerPid: 0 };
}

/** Runs `body` with a client's and a server's namespace and the interfaces of this host. */
async function withInterfaces(
  body: (link: TestLink, interfaces: Interfaces) => void | Promise<void>,
): Promise<void> {
  using link = new TestLink();
  await using loop = new EventLoop((error) => {
    throw error;
  });
  using timers = new Timers(loop);
  using monitor = new InterfaceMonitor(loop, timers);
  const interfaces = netnsInterfaces({ loop, timers, monitor });
  await waitUntil("carrier", () => {
    const attached = interfaces.find(reference(link.client), "eth0");
    return attached.read()?.hasCarrier === true;
  });
  await body(link, interfaces);
}

for (const { name, run } of INTERFACE_CONTRACT) {
  testAsRoot(`interface in a namespace: ${name}`, async () => {
    await withInterfaces(async ({ client, server }, interfaces) => {
      await run({
        interfaces,
        netnsPath: client.path,
        removeInterface: () => void client.ip("link del eth0"),
        renameInterface: (name) => void client.ip(`link set eth0 name ${name}`),
        replaceInterface: () => {
          client.ip("link del eth0");
          client.ip("link add eth0 type veth peer name eth9");
        },
        removeNamespace: () => client.remove(),
        replaceNamespace: () => {
          // Not `remove()`: the namespace of the same name is removed at the end.
          runProgram("ip", "netns", "del", client.name);
          runProgram("ip", "netns", "add", client.name);
          client.ip("link add eth0 type veth peer name eth9");
        },
        serve: (message) => serve(server, encodeMessage(message)),
        until: waitUntil,
      });
    });
  });
}

for (
  const { name, cookie, isFound } of [
    { name: "that gives its cookie", cookie: "same", isFound: true },
    {
      name: "of an earlier version, without a cookie",
      cookie: undefined,
      isFound: true,
    },
    {
      name: "of another namespace that had the same inode number",
      cookie: "1",
      isFound: false,
    },
  ]
) {
  testAsRoot(
    `interface in a namespace: is ${
      isFound ? "" : "not "
    }found again by a location ${name}`,
    async () => {
      await withInterfaces(async ({ client }, interfaces) => {
        const { location } = interfaces.find(reference(client), "eth0");
        await Promise.resolve();
        const { device, inode } = location.netns;
        const netns = cookie === "same"
          ? location.netns
          : { device, inode, cookie };
        const again = interfaces.findAgain({ ...location, netns });
        assertEquals(again !== undefined, isFound);
        // Another attempt in the same turn of the event loop finds the namespace open.
        const twice = interfaces.findAgain({ ...location, netns });
        assertEquals(twice !== undefined, isFound);
      });
    },
  );
}

testAsRoot(
  "interface in a namespace: a plain file at the path counts as a removed namespace",
  async () => {
    await withInterfaces(async ({ client }, interfaces) => {
      const attached = interfaces.find(reference(client), "eth0");
      await Promise.resolve();
      client.unmount();
      assertEquals(attached.read(), undefined);
      assertEquals(interfaces.findAgain(attached.location), undefined);
    });
  },
);
