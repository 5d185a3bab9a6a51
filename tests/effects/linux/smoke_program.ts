/**
 * Does everything that the daemon does with the kernel once, and prints the results as JSON. Its
 * arguments are a path for a socket and the paths of two namespaces. smoke_test.ts runs and
 * compiles it.
 */

import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import { decodeIpv4Udp, encodeIpv4Udp } from "../../../lib/net/ipv4_udp.ts";
import { dhcpReplyFilter, ETHER_TYPE } from "../../../lib/net/packet_filter.ts";
import { bootTimeMs } from "../../../lib/linux/boottime_clock.ts";
import { checked, isErrno } from "../../../lib/linux/errno.ts";
import { EPOLL, EventLoop } from "../../../lib/linux/event_loop.ts";
import { openLinkControl } from "../../../lib/linux/link_control.ts";
import { cString, libc } from "../../../lib/linux/libc.ts";
import { LinkMonitor } from "../../../lib/linux/link_monitor.ts";
import { openNetns } from "../../../lib/linux/netns.ts";
import { openPacketSocket } from "../../../lib/linux/packet_socket.ts";
import { Timers } from "../../../lib/linux/timers.ts";
import { openUnicastSocket } from "../../../lib/linux/unicast_socket.ts";
import { connectUnix } from "../../../lib/sys/unix_client.ts";
import { listenUnix } from "../../../lib/linux/unix_listener.ts";
import { UnixServer } from "../../../lib/linux/unix_server.ts";

const [socketPath = "", clientPath = "", serverPath = ""] = Deno.args;
const report: Record<string, unknown> = {};

// First of all: the errno of the very first call of the C library must be right.
try {
  checked(libc().open(cString("/nowhere/at/all"), 0), "open");
} catch (error) {
  report["firstErrno"] = isErrno(error, "ENOENT");
}

const loop = new EventLoop((error) => report["error"] = String(error));
const timers = new Timers(loop);
const monitor = new LinkMonitor(loop, timers);

using client = openNetns(clientPath);
using server = openNetns(serverPath);
using control = openLinkControl(client);
const link = control.find("eth0");
const ifIndex = link?.index ?? 0;
report["link"] = [link?.name, link?.kind, link?.hasCarrier];

const lease = { ifIndex, address: ipv4FromBits(0xc0000207), prefixLength: 24 };
const { promise: seen, resolve: see } = Promise.withResolvers<string>();
monitor.watch(client, ifIndex, see);
control.addAddress(lease);
report["event"] = await seen;
report["addresses"] = control.addresses(ifIndex).map(({ address }) =>
  formatIpAddress(address)
);

const filter = dhcpReplyFilter(0);
const bound = { etherType: ETHER_TYPE.ipv4, filter };
using receiver = openPacketSocket(client, { ...bound, ifIndex });
using serverControl = openLinkControl(server);
using sender = openPacketSocket(server, {
  ...bound,
  ifIndex: serverControl.find("eth0")?.index ?? 0,
});
const { promise: received, resolve: receive } = Promise.withResolvers<string>();
const watch = loop.watch(receiver.descriptor, EPOLL.IN, () => {
  const packet = receiver.receive();
  if (packet === undefined) return;
  const { checksum } = packet;
  receive(`${decodeIpv4Udp(packet.packet, checksum).kind} ${checksum}`);
});
const payload = new Uint8Array(300);
payload[0] = 2;
sender.send(
  encodeIpv4Udp({
    source: ipv4FromBits(0xc0000201),
    sourcePort: 67,
    destination: ipv4FromBits(0xffffffff),
    destinationPort: 68,
  }, payload),
  new Uint8Array(6).fill(0xff),
);
report["packet"] = await received;
watch[Symbol.dispose]();

using unicast = openUnicastSocket(client, {
  address: lease.address,
  ifName: "eth0",
});
unicast?.send(payload, ipv4FromBits(0xc0000201));
report["flushed"] = await unicast?.flushed(60_000);

try {
  control.setState(4711, "up");
} catch (error) {
  report["errno"] = isErrno(error, "ENODEV");
}

const { promise: fired, resolve: fire } = Promise.withResolvers<boolean>();
const dueMs = bootTimeMs() + 5;
timers.create(() => fire(bootTimeMs() >= dueMs)).set(dueMs);
report["timer"] = await fired;

const listener = listenUnix(socketPath);
const unixServer = new UnixServer(loop, listener, {
  maxLineBytes: 100,
  onConnection: async (connection) => {
    const line = await connection.readLine(60_000);
    await connection.writeLine(`${line} ${connection.peer.pid}`, 60_000);
    connection[Symbol.dispose]();
  },
});
using unixClient = await connectUnix(socketPath);
const limits = { timeoutMs: 60_000, maxLineBytes: 100 };
const answer = await unixClient.call("pid", limits);
report["socket"] = answer === `pid ${Deno.pid}`;

unixServer[Symbol.dispose]();
listener[Symbol.dispose]();
monitor[Symbol.dispose]();
timers[Symbol.dispose]();
await loop[Symbol.asyncDispose]();
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(report)));
