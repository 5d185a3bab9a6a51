import { assert, assertEquals } from "@std/assert";
import type { InterfaceEvent } from "../../lib/dhcp_plugin/ports.ts";
import { formatCidr } from "../../lib/net/cidr.ts";
import { ipv4FromBits } from "../../lib/net/ipv4_address.ts";
import type { LinkInfo } from "../../lib/netlink/link.ts";
import { encodeMessage, RTM } from "../../lib/netlink/message.ts";
import { Descriptor } from "../../lib/sys/descriptor.ts";
import { EPOLL, EventLoop } from "../../lib/sys/event_loop.ts";
import { libc } from "../../lib/sys/libc.ts";
import { openLinkControl } from "../../lib/sys/link.ts";
import { LinkMonitor } from "../../lib/sys/link_monitor.ts";
import { Timers } from "../../lib/sys/timers.ts";
import { ascii, hex } from "../support/bytes.ts";
import { forge } from "../support/netlink_forger.ts";
import { TestLink, TestNetns } from "../support/network_namespaces.ts";
import { testAsRoot } from "../support/requirements.ts";
import { Mailbox } from "../support/waiting.ts";

function failOnError(error: unknown): void {
  throw error;
}

/** A link, and a monitor that listens to it. */
class Stage implements AsyncDisposable {
  readonly link = new TestLink();
  readonly loop: EventLoop;
  readonly timers: Timers;
  readonly monitor: LinkMonitor;

  constructor(onError: (error: unknown) => void = failOnError) {
    this.link.client.setNumber();
    this.link.server.setNumber();
    this.loop = new EventLoop(onError);
    this.timers = new Timers(this.loop);
    this.monitor = new LinkMonitor(this.loop, this.timers);
  }

  /** Watches `eth0` there. */
  watch(place: TestNetns): Eth0 {
    return new Eth0(this.monitor, place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.monitor[Symbol.dispose]();
    this.timers[Symbol.dispose]();
    await this.loop[Symbol.asyncDispose]();
    this.link[Symbol.dispose]();
  }
}

/** The `eth0` of a namespace, and what is told of it. */
class Eth0 {
  readonly events = new Mailbox<InterfaceEvent>();
  readonly ifIndex: number;
  readonly watch: Disposable;
  readonly #place: TestNetns;

  constructor(monitor: LinkMonitor, place: TestNetns) {
    this.#place = place;
    this.ifIndex = this.link.index;
    using netns = place.open();
    this.watch = monitor.watch(netns, this.ifIndex, this.events.put);
  }

  get link(): LinkInfo {
    using netns = this.#place.open();
    using control = openLinkControl(netns);
    const link = control.find("eth0");
    if (link === undefined) throw new Error("no eth0");
    return link;
  }

  get addresses(): string[] {
    using netns = this.#place.open();
    using control = openLinkControl(netns);
    return control.addresses(this.ifIndex).map(formatCidr);
  }

  /** Adds an address and removes it, again and again, before the loop has a chance to hear of it. */
  churn(times: number): void {
    using netns = this.#place.open();
    using control = openLinkControl(netns);
    const address = {
      ifIndex: this.ifIndex,
      address: ipv4FromBits(0xc0000207),
      prefixLength: 32,
    };
    for (let count = 0; count < times; count++) {
      control.addAddress(address);
      control.removeAddress(address);
    }
  }

  /** Waits until it is told of something, and `look` says that it is that. */
  async changed(what: string, look: () => boolean): Promise<void> {
    await this.events.take(what, (event) => event === "changed" && look());
  }
}

testAsRoot("LinkMonitor tells of each change of many in a row", async () => {
  await using stage = new Stage();
  // Of itself nothing ever happens to it.
  using place = new TestNetns();
  place.setNumber();
  place.ip("link add eth0 type veth peer name eth1");
  const eth0 = stage.watch(place);
  for (let count = 1; count <= 12; count++) {
    eth0.churn(1);
    assertEquals(await eth0.events.take(`change ${count}`), "changed");
  }
});

testAsRoot("LinkMonitor tells of the carrier", async () => {
  await using stage = new Stage();
  const { client, server } = stage.link;
  const eth0 = stage.watch(client);
  server.ip("link set eth0 down");
  await eth0.changed("no carrier", () => !eth0.link.hasCarrier);
  server.ip("link set eth0 up");
  await eth0.changed("carrier", () => eth0.link.hasCarrier);
});

testAsRoot("LinkMonitor tells of a new hardware address", async () => {
  await using stage = new Stage();
  const { client } = stage.link;
  const eth0 = stage.watch(client);
  client.ip("link set eth0 address 02:00:5e:10:00:01");
  await eth0.changed("new address", () => eth0.link.macAddress[5] === 1);
});

testAsRoot("LinkMonitor tells of addresses", async () => {
  await using stage = new Stage();
  const { client } = stage.link;
  const eth0 = stage.watch(client);
  client.ip("addr add 192.0.2.7/24 dev eth0");
  assertEquals(await eth0.events.take("event"), "changed");
  client.ip("addr del 192.0.2.7/24 dev eth0");
  assertEquals(await eth0.events.take("event"), "changed");
});

testAsRoot("LinkMonitor tells that the interface is removed", async () => {
  await using stage = new Stage();
  const { client } = stage.link;
  const { events } = stage.watch(client);
  client.ip("link del eth0");
  await events.take("removal", (event) => event === "removed");
});

testAsRoot(
  "LinkMonitor tells that the interface was moved elsewhere",
  async () => {
    await using stage = new Stage();
    const { client, server } = stage.link;
    const { events } = stage.watch(client);
    client.ip(`link set eth0 netns ${server.name} name moved`);
    await events.take("removal", (event) => event === "removed");
  },
);

testAsRoot(
  "LinkMonitor tells that the namespace is gone, and does not keep it alive",
  async () => {
    await using stage = new Stage();
    const { client } = stage.link;
    const { events } = stage.watch(client);
    client.remove();
    await events.take("end", (event) => event === "netns-gone");
  },
);

testAsRoot(
  "LinkMonitor tells each listener of its own interface only",
  async () => {
    await using stage = new Stage();
    const { client, server } = stage.link;
    const ofClient = stage.watch(client);
    const ofServer = stage.watch(server);
    // Both are number 2 of their namespaces; a dummy is another number.
    client.ip("addr add 127.0.0.9/8 dev lo");
    client.ip("addr add 192.0.2.7/24 dev eth0");
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await ofServer.events.take("event");
    assertEquals([ofClient.events.size, ofServer.events.size], [1, 0]);
  },
);

testAsRoot(
  "LinkMonitor tells nothing after the watch is disposed of",
  async () => {
    await using stage = new Stage();
    const { client } = stage.link;
    const first = stage.watch(client);
    const second = stage.watch(client);
    first.watch[Symbol.dispose]();
    client.ip("addr add 192.0.2.7/24 dev eth0");
    await second.events.take("event");
    second.watch[Symbol.dispose]();
    second.watch[Symbol.dispose]();
    assertEquals(first.events.size, 0);
  },
);

testAsRoot(
  "LinkMonitor: a listener that throws does not keep others from hearing",
  async () => {
    const errors = new Mailbox<unknown>();
    await using stage = new Stage(errors.put);
    const { client } = stage.link;
    {
      using netns = client.open();
      stage.monitor.watch(netns, 2, () => {
        throw new Error("listener");
      });
    }
    const { events } = stage.watch(client);
    client.ip("addr add 192.0.2.7/24 dev eth0");
    await events.take("event");
    assertEquals(String(await errors.take("error")), "Error: listener");
  },
);

const LINK_GROUP = 1 << 0;

for (
  const { name, bytes } of [
    {
      name: "that the interface is gone",
      bytes: encodeMessage({
        type: RTM.DELLINK,
        flags: 0,
        sequence: 0,
        body: hex("00000100 02000000 00000000 00000000"),
      }),
    },
    {
      name: "what is no message",
      bytes: ascii("garbage-garbage-garbage"),
    },
  ]
) {
  testAsRoot(`LinkMonitor believes only the kernel: ${name}`, async () => {
    const errors = new Mailbox<unknown>();
    await using stage = new Stage(errors.put);
    const { client, server } = stage.link;
    const eth0 = stage.watch(client);
    assertEquals(eth0.ifIndex, 2);
    const marker = stage.watch(server);
    forge(client, bytes, { groups: LINK_GROUP });
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await marker.events.take("what came after");
    assertEquals([eth0.events.size, errors.size], [0, 0]);
  });
}

testAsRoot(
  "LinkMonitor tells of 4,000 changes at once a few times, and of one after them",
  async () => {
    await using stage = new Stage();
    const { client, server } = stage.link;
    const eth0 = stage.watch(client);
    const marker = stage.watch(server);
    const startMs = performance.now();
    eth0.churn(2000);
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await marker.events.take("what came after");
    const { size } = eth0.events;
    // Eight at once, then one each 100 ms; one more each second for notifications that were lost.
    const most = 10 + (performance.now() - startMs) * (1 / 100 + 1 / 1000);
    assert(
      size > 0 && size <= most,
      `${size} events, expected ${most} at most`,
    );
    client.ip("addr add 192.0.2.9/32 dev eth0");
    await eth0.changed(
      "the last change",
      () => eth0.addresses.join() === "192.0.2.9/32",
    );
  },
);

testAsRoot(
  "LinkMonitor lets others have their turn while there is much to hear",
  async () => {
    await using stage = new Stage();
    const { client, server } = stage.link;
    const eth0 = stage.watch(client);
    const marker = stage.watch(server);
    using always = new Descriptor(libc().eventfd(1, 0x80800));
    eth0.churn(500);
    server.ip("addr add 192.0.2.8/24 dev eth0");
    let turns = 0;
    using _watch = stage.loop.watch(always, EPOLL.IN, () => turns += 1);
    await marker.events.take("what came after");
    assert(turns >= 10, `${turns} turns`);
  },
);
