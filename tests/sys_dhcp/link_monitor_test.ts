import { assertEquals } from "@std/assert";
import { ipv4FromBits } from "../../lib/net/ipv4_address.ts";
import { EventLoop } from "../../lib/sys/event_loop.ts";
import { openLinkControl } from "../../lib/sys/link.ts";
import { type LinkEvent, LinkMonitor } from "../../lib/sys/link_monitor.ts";
import { TestLink, type TestNetns } from "../support/network_namespaces.ts";
import { Mailbox } from "../support/waiting.ts";
import { testAsRoot } from "../support/requirements.ts";

function failOnError(error: unknown): void {
  throw error;
}

function watchEth0(
  monitor: LinkMonitor,
  place: TestNetns,
): { events: Mailbox<LinkEvent>; watch: Disposable; ifIndex: number } {
  using netns = place.open();
  using control = openLinkControl(netns);
  const events = new Mailbox<LinkEvent>();
  const ifIndex = control.find("eth0")?.index ?? 0;
  const watch = monitor.watch(netns, ifIndex, events.put);
  return { events, watch, ifIndex };
}

async function takeCarrier(
  events: Mailbox<LinkEvent>,
  hasCarrier: boolean,
): Promise<void> {
  await events.take(
    `carrier ${hasCarrier}`,
    (event) => event.kind === "changed" && event.link.hasCarrier === hasCarrier,
  );
}

testAsRoot("LinkMonitor tells of the carrier", async () => {
  using link = new TestLink();
  await using loop = new EventLoop(failOnError);
  using monitor = new LinkMonitor(loop);
  const { events } = watchEth0(monitor, link.client);
  link.server.ip("link set eth0 down");
  await takeCarrier(events, false);
  link.server.ip("link set eth0 up");
  await takeCarrier(events, true);
});

testAsRoot("LinkMonitor tells of a new hardware address", async () => {
  using link = new TestLink();
  await using loop = new EventLoop(failOnError);
  using monitor = new LinkMonitor(loop);
  const { events } = watchEth0(monitor, link.client);
  link.client.ip("link set eth0 address 02:00:5e:10:00:01");
  await events.take(
    "new address",
    (event) => event.kind === "changed" && event.link.macAddress[5] === 1,
  );
});

testAsRoot("LinkMonitor tells of addresses", async () => {
  using link = new TestLink();
  await using loop = new EventLoop(failOnError);
  using monitor = new LinkMonitor(loop);
  const { events, ifIndex } = watchEth0(monitor, link.client);
  const address = {
    ifIndex,
    address: ipv4FromBits(0xc0000207),
    prefixLength: 24,
  };
  link.client.ip("addr add 192.0.2.7/24 dev eth0");
  assertEquals(await events.take("event"), { kind: "address-added", address });
  link.client.ip("addr del 192.0.2.7/24 dev eth0");
  assertEquals(await events.take("event"), {
    kind: "address-removed",
    address,
  });
});

testAsRoot("LinkMonitor tells that the interface is removed", async () => {
  using link = new TestLink();
  await using loop = new EventLoop(failOnError);
  using monitor = new LinkMonitor(loop);
  const { events } = watchEth0(monitor, link.client);
  link.client.ip("link del eth0");
  await events.take("removal", ({ kind }) => kind === "removed");
});

testAsRoot(
  "LinkMonitor tells that the interface was moved elsewhere",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop(failOnError);
    using monitor = new LinkMonitor(loop);
    const { events } = watchEth0(monitor, link.client);
    link.client.ip(`link set eth0 netns ${link.server.name} name moved`);
    await events.take("removal", ({ kind }) => kind === "removed");
  },
);

testAsRoot(
  "LinkMonitor tells that the namespace is gone, and does not keep it alive",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop(failOnError);
    using monitor = new LinkMonitor(loop);
    const { events } = watchEth0(monitor, link.client);
    link.client.remove();
    await events.take("end", ({ kind }) => kind === "netns-gone");
  },
);

testAsRoot(
  "LinkMonitor tells each listener of its own interface only",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop(failOnError);
    using monitor = new LinkMonitor(loop);
    const client = watchEth0(monitor, link.client);
    const server = watchEth0(monitor, link.server);
    // Both are number 2 of their namespaces; a dummy is another number.
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    link.client.ip("addr add 127.0.0.9/8 dev lo");
    link.server.ip("addr add 192.0.2.8/24 dev eth0");
    const event = await server.events.take("event");
    assertEquals(
      event.kind === "address-added" && event.address.address,
      ipv4FromBits(0xc0000208),
    );
    assertEquals(client.events.size, 1);
  },
);

testAsRoot(
  "LinkMonitor tells nothing after the watch is disposed of",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop(failOnError);
    using monitor = new LinkMonitor(loop);
    const first = watchEth0(monitor, link.client);
    const second = watchEth0(monitor, link.client);
    first.watch[Symbol.dispose]();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    await second.events.take("event");
    second.watch[Symbol.dispose]();
    second.watch[Symbol.dispose]();
    assertEquals(first.events.size, 0);
  },
);

testAsRoot(
  "LinkMonitor: a listener that throws does not keep others from hearing",
  async () => {
    using link = new TestLink();
    const errors = new Mailbox<unknown>();
    await using loop = new EventLoop(errors.put);
    using monitor = new LinkMonitor(loop);
    {
      using netns = link.client.open();
      monitor.watch(netns, 2, () => {
        throw new Error("listener");
      });
    }
    const { events } = watchEth0(monitor, link.client);
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    await events.take("event");
    assertEquals(String(await errors.take("error")), "Error: listener");
  },
);
