import { assert, assertEquals } from "@std/assert";
import { formatCidr } from "../../../lib/net/cidr.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import type { LinkInfo } from "../../../lib/netlink/link_message.ts";
import { encodeMessage, RTM } from "../../../lib/netlink/netlink_message.ts";
import type { InterfaceEvent } from "../../../lib/netlink/notification.ts";
import { Descriptor } from "../../../lib/linux/descriptor.ts";
import { EPOLL, EventLoop } from "../../../lib/linux/event_loop.ts";
import { libc } from "../../../lib/linux/libc.ts";
import { openLinkControl } from "../../../lib/linux/link_control.ts";
import { LinkMonitor } from "../../../lib/linux/link_monitor.ts";
import { assignNetnsId } from "../../../lib/linux/netns_id.ts";
import { Timers } from "../../../lib/linux/timers.ts";
import { ascii, hex } from "../../support/bytes.ts";
import { forge } from "../../support/netlink_forger.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { testAsRoot } from "../../support/requirements.ts";
import { Mailbox } from "../../support/waiting.ts";

function failOnError(error: unknown): void {
  throw error;
}

/**
 * A monitor, and a veth pair between the namespaces `client` and `server`, `eth0` in both. The pair
 * stays down unless a test sets it up, because the kernel reports a link that comes up later again,
 * at any time within a second.
 */
class Fixture implements AsyncDisposable {
  readonly client = new TestNetns();
  readonly server = new TestNetns();
  readonly loop: EventLoop;
  readonly timers: Timers;
  readonly monitor: LinkMonitor;

  constructor(onError: (error: unknown) => void = failOnError) {
    const { client, server } = this;
    client.ip(`link add eth0 type veth peer name eth0 netns ${server.name}`);
    this.loop = new EventLoop(onError);
    this.timers = new Timers(this.loop);
    this.monitor = new LinkMonitor(this.loop, this.timers);
  }

  /** Watches `eth0` in a namespace. */
  watch(place: TestNetns): Eth0 {
    return new Eth0(this.monitor, place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.monitor[Symbol.dispose]();
    this.timers[Symbol.dispose]();
    await this.loop[Symbol.asyncDispose]();
    this.client[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}

/** The `eth0` of a namespace, and the events that its listener received. */
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

  /** Adds and removes an address repeatedly, before the event loop can receive a notification. */
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

  /** Waits for a change after which `isDone` returns true. */
  async changed(what: string, isDone: () => boolean): Promise<void> {
    const kinds: readonly InterfaceEvent[] = ["changed", "set-down"];
    await this.events.take(what, (event) => kinds.includes(event) && isDone());
  }
}

testAsRoot("LinkMonitor reports each of several changes in a row", async () => {
  await using fixture = new Fixture();
  const eth0 = fixture.watch(fixture.client);
  for (let count = 1; count <= 12; count++) {
    eth0.churn(1);
    assertEquals(await eth0.events.take(`change ${count}`), "changed");
  }
});

testAsRoot("LinkMonitor reports the carrier", async () => {
  await using fixture = new Fixture();
  const { client, server } = fixture;
  const eth0 = fixture.watch(client);
  client.ip("link set eth0 up");
  server.ip("link set eth0 up");
  await eth0.changed("carrier", () => eth0.link.hasCarrier);
  server.ip("link set eth0 down");
  await eth0.changed("no carrier", () => !eth0.link.hasCarrier);
});

testAsRoot(
  "LinkMonitor reports that an interface was down for a moment",
  async () => {
    await using fixture = new Fixture();
    const { client } = fixture;
    client.ip("link set eth0 up");
    const eth0 = fixture.watch(client);
    using netns = client.open();
    using control = openLinkControl(netns);
    control.setState(eth0.ifIndex, "down");
    control.setState(eth0.ifIndex, "up");
    await eth0.events.take("set-down", (event) => event === "set-down");
    assertEquals(eth0.link.isUp, true);
  },
);

testAsRoot("LinkMonitor reports a new name as a change", async () => {
  await using fixture = new Fixture();
  const { client } = fixture;
  const { events } = fixture.watch(client);
  client.ip("link set eth0 name net7");
  await events.take("change", (event) => event !== "removed");
});

testAsRoot("LinkMonitor reports a new hardware address", async () => {
  await using fixture = new Fixture();
  const { client } = fixture;
  const eth0 = fixture.watch(client);
  client.ip("link set eth0 address 02:00:5e:10:00:01");
  await eth0.changed("new address", () => eth0.link.macAddress[5] === 1);
});

testAsRoot("LinkMonitor reports new and removed addresses", async () => {
  await using fixture = new Fixture();
  const { client } = fixture;
  const eth0 = fixture.watch(client);
  client.ip("addr add 192.0.2.7/24 dev eth0");
  assertEquals(await eth0.events.take("new address"), "changed");
  client.ip("addr del 192.0.2.7/24 dev eth0");
  assertEquals(await eth0.events.take("removed address"), "changed");
});

testAsRoot("LinkMonitor reports that an interface is deleted", async () => {
  await using fixture = new Fixture();
  const { client } = fixture;
  const { events } = fixture.watch(client);
  client.ip("link del eth0");
  assertEquals(await events.take("removal"), "removed");
});

testAsRoot(
  "LinkMonitor reports that an interface is moved to another namespace",
  async () => {
    await using fixture = new Fixture();
    const { client, server } = fixture;
    const { events } = fixture.watch(client);
    client.ip(`link set eth0 netns ${server.name} name moved`);
    assertEquals(await events.take("removal"), "removed");
  },
);

testAsRoot(
  "LinkMonitor reports the end of a namespace, and does not keep it alive",
  async () => {
    await using fixture = new Fixture();
    const { client } = fixture;
    const { events } = fixture.watch(client);
    client.remove();
    await events.take("end", (event) => event === "netns-gone");
  },
);

testAsRoot(
  "LinkMonitor reports to each listener only its own interface",
  async () => {
    await using fixture = new Fixture();
    const { client, server } = fixture;
    const ofClient = fixture.watch(client);
    const ofServer = fixture.watch(server);
    // The interfaces of both namespaces have the same index.
    assertEquals(ofClient.ifIndex, ofServer.ifIndex);
    client.ip("addr add 127.0.0.9/8 dev lo");
    client.ip("addr add 192.0.2.7/24 dev eth0");
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await ofServer.events.take("event");
    assertEquals([ofClient.events.size, ofServer.events.size], [1, 0]);
  },
);

testAsRoot(
  "LinkMonitor does not report changes from before the watch",
  async () => {
    await using fixture = new Fixture();
    const { client, server } = fixture;
    // An earlier watch, after which notifications of the namespace are received.
    fixture.watch(client).watch[Symbol.dispose]();
    const marker = fixture.watch(server);
    client.ip("addr add 192.0.2.7/24 dev eth0");
    const eth0 = fixture.watch(client);
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await marker.events.take("later change");
    assertEquals(eth0.events.size, 0);
  },
);

testAsRoot(
  "LinkMonitor does not report the end of an earlier namespace that had the same id",
  async () => {
    await using fixture = new Fixture();
    using successor = makeSuccessor();
    successor.ip("link add eth0 type veth peer name eth1");
    const eth0 = fixture.watch(successor);
    eth0.churn(1);
    assertEquals(await eth0.events.take("change"), "changed");
  },
);

/**
 * Makes a namespace that has the id of a removed one. Eight are removed, because another process
 * can take an id first.
 */
function makeSuccessor(): TestNetns {
  const predecessors = Array.from({ length: 8 }, () => new TestNetns());
  const ids = predecessors.map(idOf);
  predecessors.forEach((place) => place.remove());
  const others: TestNetns[] = [];
  try {
    // The kernel frees an id some milliseconds after the namespace is removed.
    while (others.length < 200) {
      const place = new TestNetns();
      if (ids.includes(idOf(place))) return place;
      others.push(place);
    }
    throw new Error(`no free id of ${ids}`);
  } finally {
    others.forEach((place) => place.remove());
  }
}

function idOf(place: TestNetns): number {
  using netns = place.open();
  return assignNetnsId(netns);
}

testAsRoot(
  "LinkMonitor reports nothing after the watch is disposed of",
  async () => {
    await using fixture = new Fixture();
    const { client } = fixture;
    const first = fixture.watch(client);
    const second = fixture.watch(client);
    first.watch[Symbol.dispose]();
    client.ip("addr add 192.0.2.7/24 dev eth0");
    await second.events.take("event");
    second.watch[Symbol.dispose]();
    second.watch[Symbol.dispose]();
    assertEquals(first.events.size, 0);
  },
);

testAsRoot(
  "LinkMonitor calls the other listeners after one that throws",
  async () => {
    const errors = new Mailbox<unknown>();
    await using fixture = new Fixture(errors.put);
    const { client } = fixture;
    const eth0 = fixture.watch(client);
    eth0.watch[Symbol.dispose]();
    {
      using netns = client.open();
      fixture.monitor.watch(netns, eth0.ifIndex, () => {
        throw new Error("listener");
      });
    }
    const { events } = fixture.watch(client);
    client.ip("addr add 192.0.2.7/24 dev eth0");
    await events.take("event");
    assertEquals(String(await errors.take("error")), "Error: listener");
  },
);

const LINK_GROUP = 1 << 0;

for (
  const { name, bytes } of [
    {
      name: "a forged removal of the interface",
      bytes: encodeMessage({
        type: RTM.DELLINK,
        flags: 0,
        sequence: 0,
        body: hex("00000100 02000000 00000000 00000000"),
      }),
    },
    {
      name: "a forged datagram without a message",
      bytes: ascii("garbage-garbage-garbage"),
    },
  ]
) {
  testAsRoot(`LinkMonitor ignores ${name}`, async () => {
    const errors = new Mailbox<unknown>();
    await using fixture = new Fixture(errors.put);
    const { client, server } = fixture;
    const eth0 = fixture.watch(client);
    assertEquals(eth0.ifIndex, 2);
    const marker = fixture.watch(server);
    forge(client, bytes, { groups: LINK_GROUP });
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await marker.events.take("later change");
    assertEquals([eth0.events.size, errors.size], [0, 0]);
  });
}

testAsRoot(
  "LinkMonitor merges 4,000 changes into a few events and reports a later one",
  async () => {
    await using fixture = new Fixture();
    const { client, server } = fixture;
    const eth0 = fixture.watch(client);
    const marker = fixture.watch(server);
    const startMs = performance.now();
    eth0.churn(2000);
    server.ip("addr add 192.0.2.8/24 dev eth0");
    await marker.events.take("later change");
    const { size } = eth0.events;
    // A burst of 8, then one per 100 ms, and one per second for lost notifications.
    const max = 10 + (performance.now() - startMs) * (1 / 100 + 1 / 1000);
    assert(
      size > 0 && size <= max,
      `${size} events, expected at most ${max}`,
    );
    client.ip("addr add 192.0.2.9/32 dev eth0");
    await eth0.changed(
      "last change",
      () => eth0.addresses.join() === "192.0.2.9/32",
    );
  },
);

testAsRoot(
  "LinkMonitor does not starve other descriptors while many notifications are queued",
  async () => {
    await using fixture = new Fixture();
    const { client, server } = fixture;
    const eth0 = fixture.watch(client);
    const marker = fixture.watch(server);
    using alwaysReady = new Descriptor(libc().eventfd(1, 0x80800));
    eth0.churn(500);
    server.ip("addr add 192.0.2.8/24 dev eth0");
    let turns = 0;
    using _watch = fixture.loop.watch(
      alwaysReady,
      EPOLL.IN,
      () => turns += 1,
    );
    await marker.events.take("later change");
    assert(turns >= 10, `${turns} turns`);
  },
);
