/** Renewals with servers that misbehave or change their answers. @module */

import { assert, assertEquals } from "@std/assert";
import {
  answerTo,
  BadServer,
  grantScript,
  type ReplyFields,
  type Script,
  textHex,
} from "../../support/dhcp_bad_server.ts";
import { ip } from "../../support/dhcp_messages.ts";
import { openLinkControl } from "../../../lib/linux/link_control.ts";
import { openPacketSocket } from "../../../lib/linux/packet_socket.ts";
import { decodeArp } from "../../../lib/net/arp.ts";
import { ipv4Bits } from "../../../lib/net/ipv4_address.ts";
import { formatMacAddress } from "../../../lib/net/mac_address.ts";
import { arpFilter, ETHER_TYPE } from "../../../lib/net/packet_filter.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { DhcpHost } from "./dhcp_host.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { addressesOf, isUp } from "./test_network.ts";

interface After {
  readonly host: DhcpHost;
  readonly server: BadServer;
  readonly container: TestNetns;
  readonly daemon: BackgroundProcess;
}

interface Row {
  readonly name: string;
  /** Fields of the first ACK; T1 of one second by default. */
  readonly first?: ReplyFields;
  /** The replies after the ADD. */
  readonly afterwards: Script;
  readonly ipam?: Readonly<Record<string, unknown>>;
  readonly check: (after: After) => Promise<void>;
}

const ONE_SECOND_T1 = { 51: "00000e10", 58: "00000001", 59: "00000e00" };

function isRenewal({ type, message }: ClientMessage): boolean {
  return type === "REQUEST" && message.ciaddr.value !== 0n;
}

function renewals({ server }: After): ClientMessage[] {
  return server.wire.messages.filter(isRenewal);
}

/** Returns whether the default route of `eth0` goes through `gateway`. */
function hasDefaultRoute(netns: TestNetns, gateway: string): boolean {
  return netns.list("route show default")
    .some((route) => route.gateway === gateway);
}

async function until(
  { daemon }: After,
  what: string,
  isTrue: () => boolean,
): Promise<void> {
  try {
    await waitUntil(what, isTrue);
  } catch (cause) {
    throw new Error(`No ${what}\n${daemon.log}`, { cause });
  }
}

/** The destinations of the routes through `eth0` that the kernel did not add. */
function routesOf(netns: TestNetns): string[] {
  return netns.list("route show dev eth0")
    .filter(({ protocol }) => protocol !== "kernel")
    .map(({ dst }): string => dst).sort();
}

/**
 * 0.0.0.0/0, 10.1.0.0/16, 10.96.0.0/12, 169.254.169.254/32, and every other /4, through 192.0.2.1.
 */
const HOSTILE_ROUTES = [
  "00 c0000201 100a01 c0000201 0c0a60 c0000201 20a9fea9fe c0000201",
  ...["0", "2", "4", "6", "8", "a", "c", "e"].map((digit) =>
    `04${digit}0 c0000201`
  ),
].join("");

/** Grants the same address again. */
const SAME = { options: ONE_SECOND_T1 };

/** Grants the same address for four seconds. */
const SHORT = {
  options: { ...ONE_SECOND_T1, 51: "00000004", 59: "00000002" },
};

const ROWS: readonly Row[] = [
  {
    name: "the client renews every second when T1 is one second",
    afterwards: (message) => [answerTo(message, "ACK", SAME)],
    check: async (after) => {
      const { log } = after.daemon;
      assert(!log.includes("event=unexpected-error"), log);
      await until(after, "three renewals", () => renewals(after).length >= 3);
      const [first, second, third] = renewals(after);
      // Each renewal is a separate exchange.
      assertEquals(
        new Set([first, second, third].map((m) => m?.message.xid)).size,
        3,
      );
      assertEquals(
        [first, second, third].map((m) => [m?.source, m?.destination]),
        Array(3).fill(["192.0.2.50", "192.0.2.1"]),
      );
    },
  },
  {
    name: "the client keeps what a renewal leaves out, and the default route",
    first: { options: { ...ONE_SECOND_T1, 6: "c0000235" } },
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { 1: undefined, 3: undefined, ...ONE_SECOND_T1 },
      }),
    ],
    check: async (after) => {
      const { container, daemon, host } = after;
      await until(after, "three renewals", () => renewals(after).length >= 3);
      assertEquals(addressesOf(container), ["192.0.2.50/24"]);
      assert(hasDefaultRoute(container, "192.0.2.1"));
      assert(!daemon.log.includes("event=lease-changed"), daemon.log);
      assert(!daemon.log.includes("event=interface-changed"), daemon.log);
      assertEquals((await host.call("CHECK", container)).code, 0);
    },
  },
  {
    name: "the client accepts a renewal without a server identifier",
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 54: undefined },
      }),
    ],
    check: async (after) => {
      await until(
        after,
        "renewal",
        () => after.daemon.log.includes("lease-renewed"),
      );
      const [, second] = renewals(after);
      assertEquals(second?.destination ?? "192.0.2.1", "192.0.2.1");
    },
  },
  {
    name: "the client accepts a renewal of another server at once",
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 54: "c0000209" },
      }),
    ],
    check: async (after) => {
      await until(
        after,
        "renewal of the other server",
        () =>
          /event=lease-renewed .*server=192\.0\.2\.9 /.test(after.daemon.log),
      );
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
    },
  },
  {
    name: "the client ignores repeated ACKs",
    afterwards: (message) => [
      answerTo(message, "ACK", SAME),
      answerTo(message, "ACK", SAME),
    ],
    check: async (after) => {
      await until(after, "three renewals", () => renewals(after).length >= 3);
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
    },
  },
  {
    // Nothing listens on port 67, so the host replies by ICMP and the client's socket gets
    // ECONNREFUSED.
    name: "the client keeps its address when renewals get ICMP errors",
    afterwards: () => [],
    check: async (after) => {
      await until(after, "two renewals", () => renewals(after).length >= 2);
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
      assertEquals((await after.host.call("CHECK", after.container)).code, 0);
      after.server.script = (message) => [answerTo(message, "ACK", SAME)];
      await until(
        after,
        "renewal",
        () => after.daemon.log.includes("event=lease-renewed"),
      );
    },
  },
  {
    name: "the client replaces its address with a newly granted one",
    afterwards: (message) => [
      answerTo(message, "ACK", { ...SAME, yiaddr: ip("192.0.2.60") }),
    ],
    check: async (after) => {
      const { container, host } = after;
      await until(
        after,
        "other address",
        () => addressesOf(container).join() === "192.0.2.60/24",
      );
      await until(
        after,
        "default route",
        () => hasDefaultRoute(container, "192.0.2.1"),
      );
      const { json } = await host.call("ADD", container);
      assertEquals(json.ips[0].address, "192.0.2.60/24");
      assertEquals((await host.call("CHECK", container)).code, 0);
    },
  },
  {
    name: "the client sets no routes of a renewal that an ADD would refuse",
    ipam: { routes: { deny: ["10.96.0.0/12"] } },
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 121: HOSTILE_ROUTES },
      }),
    ],
    check: async (after) => {
      await until(
        after,
        "accepted route",
        () => routesOf(after.container).includes("10.1.0.0/16"),
      );
      assertEquals(routesOf(after.container), ["10.1.0.0/16", "default"]);
      assert(/event=route-dropped/.test(after.daemon.log), after.daemon.log);
    },
  },
  {
    name: "the client sets no routes of a renewal that it did not request",
    ipam: { request: [{ option: 3, skipDefault: true }, { option: 1 }] },
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 121: HOSTILE_ROUTES },
      }),
    ],
    check: async (after) => {
      await until(after, "two renewals", () => renewals(after).length >= 2);
      assertEquals(routesOf(after.container), ["default"]);
      assert(!/event=lease-changed/.test(after.daemon.log), after.daemon.log);
    },
  },
  {
    name: "the client follows a router outside its subnet",
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 3: "c6336401" },
      }),
    ],
    check: async (after) => {
      const { container } = after;
      await until(
        after,
        "default route",
        () => hasDefaultRoute(container, "198.51.100.1"),
      );
      assertEquals(routesOf(container), ["198.51.100.1", "default"]);
    },
  },
  {
    name:
      "the client replaces its default route when an ACK names another router",
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 3: "c0000209" },
      }),
    ],
    check: async (after) => {
      const { container } = after;
      await until(
        after,
        "other router",
        () => hasDefaultRoute(container, "192.0.2.9"),
      );
      assert(!hasDefaultRoute(container, "192.0.2.1"));
      assert(
        /event=lease-changed.*changed=gateway,routes/.test(after.daemon.log),
      );
      // Later renewals change nothing.
      const { leases_changed: changed } = await after.host.counters();
      assertEquals(changed, 1);
    },
  },
  {
    name: '"onChange": "keep" only logs another router',
    ipam: { onChange: "keep" },
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 3: "c0000209" },
      }),
    ],
    check: async (after) => {
      await until(
        after,
        "log line",
        () => after.daemon.log.includes("event=change-ignored"),
      );
      assert(hasDefaultRoute(after.container, "192.0.2.1"));
      assert(!hasDefaultRoute(after.container, "192.0.2.9"));
    },
  },
  {
    name: "an ACK without a subnet mask keeps the prefix length",
    afterwards: (message) => [
      answerTo(message, "ACK", {
        options: { ...ONE_SECOND_T1, 1: undefined },
      }),
    ],
    check: async (after) => {
      await until(
        after,
        "renewal",
        () => after.daemon.log.includes("event=lease-renewed"),
      );
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
    },
  },
  {
    name: "the client ignores a NAK from an earlier exchange",
    afterwards: (message) => {
      const nak = answerTo(message, "NAK");
      nak[4] = (nak[4] ?? 0) ^ 0xff;
      return [nak, answerTo(message, "ACK", SAME)];
    },
    check: async (after) => {
      await until(after, "three renewals", () => renewals(after).length >= 3);
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
      assert(!after.daemon.log.includes("event=lease-lost"), after.daemon.log);
    },
  },
  {
    name:
      "the client does not flood a server that sends endless NAKs, and recovers when they end",
    afterwards: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        answerTo(message, "NAK", { options: { 56: textHex("no") } }),
      ],
    check: async (after) => {
      const { server, container, host } = after;
      // The first DISCOVER is that of the ADD.
      await until(
        after,
        "three DISCOVERs",
        () => server.wire.count("DISCOVER") >= 4,
      );
      const { leases_lost_nak: lost, received_nak: naks } = await host
        .counters();
      assertEquals([lost, (naks ?? 0) >= 3], [1, true]);
      assertEquals(addressesOf(container), []);
      const { length } = server.wire.distinct;
      assert(length < 20, `${length} messages`);
      server.script = grantScript();
      await until(
        after,
        "recovery",
        () =>
          isUp(container) &&
          addressesOf(container).join() === "192.0.2.50/24",
      );
    },
  },
  {
    name: "a bridge port whose lease expires stays up",
    afterwards: (message) => [answerTo(message, "ACK", SAME)],
    check: async (after) => {
      const { container, daemon, server } = after;
      // The lease is short only from now on: on a busy machine this may take seconds.
      container.ip("link add br0 type bridge");
      container.ip("addr flush dev eth0");
      container.ip("link set eth0 master br0");
      container.ip("link set br0 up");
      container.ip("addr add 192.0.2.50/24 dev br0");
      server.script = (message) => {
        server.script = () => [];
        return [answerTo(message, "ACK", SHORT)];
      };
      await until(
        after,
        "expiry",
        () => daemon.log.includes("event=lease-lost"),
      );
      // One exchange, and so one xid, for all of them.
      const count = (): number =>
        server.wire.messages.filter(({ type }) => type === "DISCOVER").length;
      const discovers = count();
      await until(
        after,
        "DISCOVER",
        () => count() > discovers,
      );
      assert(isUp(container));
      assert(!daemon.log.includes("event=link-set-down"), daemon.log);
      assert(daemon.log.includes("event=link-kept-up"), daemon.log);
      const [bridge] = container.list("-4 addr show dev br0");
      assertEquals(bridge.addr_info[0].local, "192.0.2.50");
    },
  },
  {
    name: "a changed address is announced twice (RFC 5227 section 2.3)",
    afterwards: (message) => {
      const yiaddr = ip("192.0.2.60");
      return [answerTo(message, "ACK", { ...SAME, yiaddr })];
    },
    check: async (after) => {
      const { container, host } = after;
      using netns = host.server.open();
      using control = openLinkControl(netns);
      using listener = openPacketSocket(netns, {
        ifIndex: control.find("eth0")?.index ?? 0,
        etherType: ETHER_TYPE.arp,
        filter: arpFilter(ipv4Bits(ip("192.0.2.60"))),
      });
      const [{ address: mac }] = container.list("link show dev eth0");
      let announcements = 0;
      await until(after, "two announcements", () => {
        const packet = decodeArp(
          listener.receive()?.packet ?? new Uint8Array(),
        );
        if (packet?.sender.value !== packet?.target.value) return false;
        if (packet === undefined) return false;
        assertEquals(formatMacAddress(packet.senderHardware), mac);
        announcements += 1;
        return announcements === 2;
      });
      assertEquals(addressesOf(container), ["192.0.2.60/24"]);
    },
  },
];

/** The rows of this module. */
export const BAD_RENEWAL_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  name: `bad server at renewal: ${row.name}`,
  run: async () => {
    await using host = new DhcpHost();
    await using server = new BadServer(
      host.server,
      grantScript({ ack: row.first ?? SAME }),
    );
    const daemon = await host.daemon();
    const container = host.container();
    await host.add(container, row.ipam === undefined ? {} : { ipam: row.ipam });
    // Only now, for on a busy machine the first renewal may come before the interface is
    // configured.
    server.script = row.afterwards;
    await row.check({ host, server, container, daemon });
    assertEquals(await daemon.end("SIGTERM"), 0);
    assert(!daemon.log.includes("event=unexpected-error"), daemon.log);
  },
}));
