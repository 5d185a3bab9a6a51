import { assertEquals } from "@std/assert";
import { decodeArp } from "../../../../lib/net/arp.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { ipv4FromBits } from "../../../../lib/net/ipv4_address.ts";
import { arpFilter, ETHER_TYPE } from "../../../../lib/net/packet_filter.ts";
import { probeAddress } from "../../../../lib/dhcp/host/address_probe.ts";
import { bootTimeMs } from "../../../../lib/linux/boottime_clock.ts";
import { EPOLL, EventLoop } from "../../../../lib/linux/event_loop.ts";
import { openLinkControl } from "../../../../lib/linux/link_control.ts";
import { openPacketSocket } from "../../../../lib/linux/packet_socket.ts";
import { Timers } from "../../../../lib/linux/timers.ts";
import { TestLink } from "../../../support/network_namespaces.ts";
import { Mailbox } from "../../../support/waiting.ts";
import { testAsRoot } from "../../../support/requirements.ts";

/** The server's address in {@link TestLink}. */
const TAKEN = ipv4FromBits(0xc0000201);
const FREE = ipv4FromBits(0xc0000205);

function failOnError(error: unknown): void {
  throw error;
}

testAsRoot(
  "probeAddress() reports an address that is in use once",
  async () => {
    using test = new TestLink();
    await using loop = new EventLoop(failOnError);
    using timers = new Timers(loop);
    using netns = test.client.open();
    using control = openLinkControl(netns);
    const link = control.find("eth0");
    if (link === undefined) throw new Error("no eth0");
    const conflicts = new Mailbox<string>();
    using _probe = probeAddress(netns, {
      ...{ loop, timers, link, address: TAKEN, durationMs: 3 },
      onConflict: () => conflicts.put("conflict"),
    });
    await conflicts.take("conflict");
    assertEquals(conflicts.size, 0);
  },
);

testAsRoot(
  "probeAddress() asks three times and reports nothing for a free address",
  async () => {
    using test = new TestLink();
    await using loop = new EventLoop(failOnError);
    using timers = new Timers(loop);
    using netns = test.client.open();
    using server = test.server.open();
    using control = openLinkControl(netns);
    using serverControl = openLinkControl(server);
    const link = control.find("eth0");
    if (link === undefined) throw new Error("no eth0");
    using socket = openPacketSocket(server, {
      ifIndex: serverControl.find("eth0")?.index ?? 0,
      etherType: ETHER_TYPE.arp,
      filter: arpFilter(0xc0000205),
    });
    const probes = new Mailbox<string>();
    using _watch = loop.watch(socket.descriptor, EPOLL.IN, () => {
      const received = socket.receive();
      const packet = received && decodeArp(received.packet);
      if (packet) probes.put(formatIpAddress(packet.target));
    });
    const startMs = bootTimeMs();
    const conflicts: string[] = [];
    const probe = probeAddress(netns, {
      ...{ loop, timers, link, address: FREE, durationMs: 30 },
      onConflict: () => conflicts.push("conflict"),
    });
    const targets = [
      await probes.take("first probe"),
      await probes.take("second probe"),
      await probes.take("third probe"),
    ];
    assertEquals(targets, ["192.0.2.5", "192.0.2.5", "192.0.2.5"]);
    assertEquals(bootTimeMs() - startMs >= 20, true);
    probe[Symbol.dispose]();
    assertEquals(conflicts, []);
  },
);

testAsRoot("probeAddress() ignores a link that is down", async () => {
  using test = new TestLink();
  await using loop = new EventLoop(failOnError);
  using timers = new Timers(loop);
  using netns = test.client.open();
  using control = openLinkControl(netns);
  const link = control.find("eth0");
  if (link === undefined) throw new Error("no eth0");
  test.client.ip("link set eth0 down");
  using _probe = probeAddress(netns, {
    ...{ loop, timers, link, address: TAKEN, durationMs: 1 },
    onConflict: () => failOnError(new Error("conflict")),
  });
  const fired = new Mailbox<string>();
  timers.create(() => fired.put("later")).set(bootTimeMs() + 5);
  await fired.take("timer");
});
