/** What the daemon expects of interfaces, in a kernel and in memory. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import type { DhcpMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type {
  AttachedInterface,
  Datagram,
  DhcpSocket,
  Interfaces,
} from "../../../../lib/dhcp/daemon/ports.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import {
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../../../lib/net/ipv4_address.ts";
import type { InterfaceEvent } from "../../../../lib/netlink/notification.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";

/**
 * A namespace with the interface `eth0`, up, and a server with the address 192.0.2.1 on its link.
 */
export interface TestNetwork {
  readonly interfaces: Interfaces;
  readonly netnsPath: string;
  readonly removeInterface: () => void;
  readonly renameInterface: (name: string) => void;
  /** Replaces `eth0` by another interface of the same name. */
  readonly replaceInterface: () => void;
  readonly removeNamespace: () => void;
  /** Replaces the namespace by another at the same path. */
  readonly replaceNamespace: () => void;
  /** Sends a message of the server to the client. */
  readonly serve: (message: DhcpMessage) => void;
  /** Waits until `condition` holds. @throws {Error} if it does not hold soon. */
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
}

interface Row {
  readonly name: string;
  readonly run: (network: TestNetwork) => void | Promise<void>;
}

const XID = 0x01020304;
const CIDR = { address: ip("192.0.2.50"), prefixLength: 24 };

function discover(xid: number): Datagram {
  return {
    xid,
    source: UNSPECIFIED_ADDRESS,
    destination: LIMITED_BROADCAST,
    bytes: new Uint8Array(300),
  };
}

function find({ interfaces, netnsPath }: TestNetwork): AttachedInterface {
  return interfaces.find({ path: netnsPath, callerPid: 0 }, "eth0");
}

/** Opens a socket that has sent a DISCOVER, with the xids that it receives. */
function openSocket(
  attached: AttachedInterface,
): { readonly socket: DhcpSocket; readonly xids: number[] } {
  const xids: number[] = [];
  const socket = attached.open({
    server: undefined,
    onReadable: () => {
      for (const { packet } of socket.receive()) {
        if (packet.kind === "message") xids.push(packet.message.xid);
      }
    },
  });
  socket.send(discover(XID));
  return { socket, xids };
}

function addresses(attached: AttachedInterface): string[] {
  return attached.addresses().map(formatCidr);
}

/** Resolves when the daemon has left the namespace that it was in. */
async function turnEnd(): Promise<void> {
  await Promise.resolve();
}

/** Calls that fail once the interface is gone. */
const CALLS: readonly ((attached: AttachedInterface) => unknown)[] = [
  (attached) => attached.setState("up"),
  (attached) => attached.change({ kind: "add-address", address: CIDR }),
  (attached) => attached.announce(CIDR.address),
  (attached) => attached.open({ server: undefined, onReadable: () => {} }),
];

/** One test for each row. */
export const INTERFACE_CONTRACT: readonly Row[] = [
  {
    name: "find() returns the interface, and read() its state",
    run: (network) => {
      const attached = find(network);
      const { netnsPath, ifName } = attached.location;
      assertEquals([netnsPath, ifName], [network.netnsPath, "eth0"]);
      const link = attached.read();
      assertEquals([link?.name, link?.isUp], ["eth0", true]);
      assertEquals(network.interfaces.isOwn(attached.location.netns), false);
    },
  },
  {
    name: "find() fails with upstream's text if there is no such interface",
    run: ({ interfaces, netnsPath }) => {
      assertThrows(
        () => interfaces.find({ path: netnsPath, callerPid: 0 }, "eth1"),
        SystemError,
        'error looking up "eth1": Link not found',
      );
    },
  },
  {
    name: "find() fails with upstream's text if there is no such namespace",
    run: ({ interfaces }) => {
      assertThrows(
        () => interfaces.find({ path: "/nowhere", callerPid: 0 }, "eth0"),
        SystemError,
        'failed to Statfs "/nowhere": no such file or directory',
      );
    },
  },
  {
    name: "an interface that was removed is gone",
    run: (network) => {
      const attached = find(network);
      network.removeInterface();
      assertEquals([attached.read(), attached.addresses()], [undefined, []]);
      for (const call of CALLS) assertThrows(() => call(attached), SystemError);
      const { interfaces } = network;
      assertEquals(interfaces.findAgain(attached.location), undefined);
      assertThrows(() => find(network), SystemError);
    },
  },
  {
    name: "an interface in a namespace that was removed is gone",
    run: async (network) => {
      const attached = find(network);
      await turnEnd();
      network.removeNamespace();
      assertEquals(attached.read(), undefined);
      assertThrows(() => attached.addresses(), SystemError);
      for (const call of CALLS) assertThrows(() => call(attached), SystemError);
      const { interfaces } = network;
      assertEquals(interfaces.findAgain(attached.location), undefined);
    },
  },
  {
    name: "another interface of the same name is not the same interface",
    run: (network) => {
      const attached = find(network);
      network.replaceInterface();
      assertEquals(attached.read(), undefined);
      assertEquals(find(network).read()?.name, "eth0");
    },
  },
  {
    name: "a renamed interface is the same interface",
    run: async (network) => {
      const attached = find(network);
      const events: InterfaceEvent[] = [];
      using _watch = attached.watch((event) => events.push(event));
      network.renameInterface("net7");
      assertEquals(attached.read()?.name, "net7");
      await network.until("event", () => events.length > 0);
      assertEquals([...new Set(events)], ["changed"]);
      attached.change({ kind: "add-address", address: CIDR });
      assertEquals(addresses(attached), ["192.0.2.50/24"]);
      const again = network.interfaces.findAgain(attached.location);
      assertEquals(again?.read()?.name, "net7");
      assertThrows(() => find(network), SystemError);
    },
  },
  {
    name: "findAgain() finds an interface by name if its index is unknown",
    run: (network) => {
      const { location } = find(network);
      const stored = { ...location, ifIndex: undefined };
      const again = network.interfaces.findAgain(stored);
      assertEquals(again?.location, location);
    },
  },
  {
    name: "identify() returns the namespace of find()",
    run: ({ interfaces, netnsPath, ...network }) => {
      const { netns } = find({ interfaces, netnsPath, ...network }).location;
      const reference = { path: netnsPath, callerPid: 0 };
      assertEquals(interfaces.identify(reference), netns);
    },
  },
  {
    name: "another namespace at the same path is not the same namespace",
    run: async (network) => {
      const attached = find(network);
      await turnEnd();
      network.replaceNamespace();
      assertEquals(attached.read(), undefined);
      const { interfaces } = network;
      assertEquals(interfaces.findAgain(attached.location), undefined);
    },
  },
  {
    name: "findAgain() returns an interface that still exists",
    run: (network) => {
      const { location } = find(network);
      const again = network.interfaces.findAgain(location);
      assertEquals(again?.location, location);
      assertEquals(again?.read()?.name, "eth0");
    },
  },
  {
    name: "an address is added once, and removed if it is there",
    run: (network) => {
      const attached = find(network);
      attached.change({ kind: "remove-address", address: CIDR });
      attached.change({ kind: "add-address", address: CIDR });
      attached.change({ kind: "add-address", address: CIDR });
      assertEquals(addresses(attached), ["192.0.2.50/24"]);
      attached.change({ kind: "remove-address", address: CIDR });
      assertEquals(addresses(attached), []);
    },
  },
  {
    name:
      "a route may exist when it is added, and be absent when it is removed",
    run: (network) => {
      const attached = find(network);
      attached.change({ kind: "add-address", address: CIDR });
      const route = {
        dst: { address: ip("198.51.100.0"), prefixLength: 24 },
        gw: ip("192.0.2.1"),
        metric: 0,
      };
      assertEquals(attached.change({ kind: "add-route", ...route }), true);
      assertEquals(attached.change({ kind: "add-route", ...route }), false);
      attached.change({ kind: "remove-route", ...route });
      attached.change({ kind: "remove-route", ...route });
      assertEquals(attached.change({ kind: "add-route", ...route }), true);
    },
  },
  {
    name: "setState() sets the link down and up, and watchers receive events",
    run: async (network) => {
      const attached = find(network);
      const events: InterfaceEvent[] = [];
      using _watch = attached.watch((event) => events.push(event));
      attached.setState("down");
      assertEquals(attached.read()?.isUp, false);
      await network.until("event", () => events.length > 0);
      attached.setState("up");
      assertEquals(attached.read()?.isUp, true);
      await network.until("event", () => events.length > 1);
      assertEquals([...new Set(events)].sort(), ["changed", "set-down"]);
    },
  },
  {
    name: "a link that was down for a moment has lost its routes",
    run: async (network) => {
      const attached = find(network);
      attached.change({ kind: "add-address", address: CIDR });
      const route = {
        dst: { address: ip("198.51.100.0"), prefixLength: 24 },
        gw: ip("192.0.2.1"),
        metric: 0,
      };
      attached.change({ kind: "add-route", ...route });
      const events: InterfaceEvent[] = [];
      using _watch = attached.watch((event) => events.push(event));
      attached.setState("down");
      attached.setState("up");
      await network.until("event", () => events.includes("set-down"));
      assertEquals(addresses(attached), ["192.0.2.50/24"]);
      assertEquals(attached.change({ kind: "add-route", ...route }), true);
    },
  },
  {
    name: "watchers receive the removal of the interface",
    run: async (network) => {
      const attached = find(network);
      const events: InterfaceEvent[] = [];
      using _watch = attached.watch((event) => events.push(event));
      network.removeInterface();
      await network.until("removal", () => events.includes("removed"));
    },
  },
  {
    name: "watchers receive the removal of the namespace",
    run: async (network) => {
      const attached = find(network);
      const events: InterfaceEvent[] = [];
      using _watch = attached.watch((event) => events.push(event));
      network.removeNamespace();
      await network.until("removal", () => events.includes("netns-gone"));
    },
  },
  {
    name: "a disposed watch receives nothing",
    run: async (network) => {
      const attached = find(network);
      const events: InterfaceEvent[] = [];
      const late: InterfaceEvent[] = [];
      const watch = attached.watch((event) => late.push(event));
      using _other = attached.watch((event) => events.push(event));
      watch[Symbol.dispose]();
      attached.setState("down");
      await network.until("event", () => events.length > 0);
      assertEquals(late, []);
    },
  },
  {
    name: "a socket receives answers with the xid of its last message only",
    run: async (network) => {
      const attached = find(network);
      const { socket, xids } = openSocket(attached);
      using _socket = socket;
      network.serve(reply("OFFER", XID));
      await network.until("answer", () => xids.length === 1);
      socket.send(discover(XID + 1));
      network.serve(reply("OFFER", XID));
      network.serve(reply("OFFER", XID + 1));
      await network.until("answer", () => xids.length === 2);
      assertEquals(xids, [XID, XID + 1]);
    },
  },
  {
    name: "receive() ends when the socket is closed",
    run: async (network) => {
      const attached = find(network);
      const xids: number[] = [];
      const socket = attached.open({
        server: undefined,
        onReadable: () => {
          for (const { packet } of socket.receive()) {
            if (packet.kind === "message") xids.push(packet.message.xid);
            socket[Symbol.dispose]();
          }
        },
      });
      socket.send(discover(XID));
      network.serve(reply("OFFER", XID));
      network.serve(reply("OFFER", XID));
      await network.until("answer", () => xids.length > 0);
      assertEquals([...socket.receive()], []);
      assertEquals(xids, [XID]);
    },
  },
  {
    name: "receive() returns nothing if no packet waits",
    run: (network) => {
      const { socket } = openSocket(find(network));
      using _socket = socket;
      assertEquals([...socket.receive()], []);
    },
  },
  {
    name: "send() fails while the link is down",
    run: (network) => {
      const attached = find(network);
      attached.setState("down");
      using socket = attached.open({ server: undefined, onReadable: () => {} });
      assertThrows(() => socket.send(discover(XID)), SystemError);
    },
  },
  {
    name: "send() fails once after the link was down",
    run: (network) => {
      const attached = find(network);
      const { socket } = openSocket(attached);
      using _socket = socket;
      attached.setState("down");
      attached.setState("up");
      assertThrows(() => socket.send(discover(XID)), SystemError);
      socket.send(discover(XID));
    },
  },
  {
    name: "flushed() returns true if nothing waits",
    run: async (network) => {
      const { socket } = openSocket(find(network));
      using _socket = socket;
      assert(await socket.flushed(1000));
    },
  },
  {
    name: "announce() fails while the link is down",
    run: (network) => {
      const attached = find(network);
      attached.announce(CIDR.address);
      attached.setState("down");
      assertThrows(() => attached.announce(CIDR.address), SystemError);
    },
  },
  {
    name: "probe() reports a conflict if another host uses the address",
    run: async (network) => {
      let conflicts = 0;
      const options = { durationMs: 30, onConflict: () => conflicts += 1 };
      using _free = find(network).probe(ip("192.0.2.9"), {
        durationMs: 30,
        onConflict: () => assert(false, "192.0.2.9 is free"),
      });
      using _used = find(network).probe(ip("192.0.2.1"), options);
      await network.until("conflict", () => conflicts > 0);
      assertEquals(conflicts, 1);
    },
  },
];
