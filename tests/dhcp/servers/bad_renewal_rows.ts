/** Renewals with servers that misbehave or change their answers. @module */

import { assert, assertEquals } from "@std/assert";
import {
  answerTo,
  BadServer,
  giving,
  type ReplyFields,
  type Script,
  textHex,
} from "../../support/dhcp_bad_server.ts";
import { ip } from "../../support/dhcp_messages.ts";
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
  /** Fields of the first ACK, in addition to T1 of one second. */
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

/** Whether the default route of `eth0` goes through `gateway`. */
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

/** Grants the same address again. */
const SAME = { options: ONE_SECOND_T1 };

const ROWS: readonly Row[] = [
  {
    name: "the client renews every second where T1 is one second",
    afterwards: (message) => [answerTo(message, "ACK", SAME)],
    check: async (after) => {
      const { log } = after.daemon;
      assert(!log.includes("event=unexpected-error"), log);
      await until(after, "three renewals", () => renewals(after).length >= 3);
      const [first, second, third] = renewals(after);
      // Each renewal is an exchange of its own.
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
    // Nothing listens on port 67, so the host replies by ICMP and the client's socket gets ECONNREFUSED.
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
    name: "the client replaces its address by the one it is granted",
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
    name: "the client replaces its default route by the router it is granted",
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
    name: "the client ignores a NAK of an old exchange",
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
    name: "endless NAKs cause no flood, and the client recovers when they end",
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
      server.script = giving();
      await until(
        after,
        "recovery",
        () =>
          isUp(container) &&
          addressesOf(container).join() === "192.0.2.50/24",
      );
    },
  },
];

/** Rows about renewals with such servers. */
export const BAD_RENEWAL_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  name: `bad server at renewal: ${row.name}`,
  run: async () => {
    await using host = new DhcpHost();
    const first = { options: { ...ONE_SECOND_T1 }, ...row.first };
    let isGranted = false;
    await using server = new BadServer(host.server, (message) => {
      if (isGranted) return row.afterwards(message);
      isGranted = message.type === "REQUEST";
      return giving({ ack: first })(message);
    });
    const daemon = await host.daemon();
    const container = host.container();
    await host.add(
      container,
      row.ipam === undefined ? {} : {
        ipam: row.ipam,
      },
    );
    await row.check({ host, server, container, daemon });
    assertEquals(await daemon.end("SIGTERM"), 0);
    assert(!daemon.log.includes("event=unexpected-error"), daemon.log);
  },
}));
