/** Servers that do wrong, or something else, when a lease is renewed. @module */

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
  /** Fields of the first ACK, besides T1 of one second. */
  readonly first?: ReplyFields;
  /** The answers to what comes after the ADD. */
  readonly then: Script;
  readonly ipam?: Readonly<Record<string, unknown>>;
  readonly check: (after: After) => Promise<void>;
}

const T1_OF_A_SECOND = { 51: "00000e10", 58: "00000001", 59: "00000e00" };

function isRenewal({ type, message }: ClientMessage): boolean {
  return type === "REQUEST" && message.ciaddr.value !== 0n;
}

function renewals({ server }: After): ClientMessage[] {
  return server.wire.messages.filter(isRenewal);
}

/** Whether the default route of `eth0` goes through `gateway`. */
function defaultGoesBy(netns: TestNetns, gateway: string): boolean {
  return netns.list("route show default")
    .some((route) => route.gateway === gateway);
}

async function until(
  { daemon }: After,
  what: string,
  look: () => boolean,
): Promise<void> {
  try {
    await waitUntil(what, look);
  } catch (cause) {
    throw new Error(`No ${what}\n${daemon.log}`, { cause });
  }
}

/** What keeps the address that it has. */
const USUAL = { options: T1_OF_A_SECOND };

const ROWS: readonly Row[] = [
  {
    name: "T1 of a second is obeyed, once a second and not more",
    then: (message) => [answerTo(message, "ACK", USUAL)],
    check: async (after) => {
      const { log } = after.daemon;
      assert(!log.includes("event=unexpected-error"), log);
      await until(after, "three renewals", () => renewals(after).length >= 3);
      const [first, second, third] = renewals(after);
      // A fresh exchange each time, `secs` from its own beginning.
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
    name: "every ACK twice",
    then: (message) => [
      answerTo(message, "ACK", USUAL),
      answerTo(message, "ACK", USUAL),
    ],
    check: async (after) => {
      await until(after, "three renewals", () => renewals(after).length >= 3);
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
    },
  },
  {
    // Its host says that nothing listens on port 67: the client's socket gets ECONNREFUSED.
    name: "silence, and ICMP errors: the address stays",
    then: () => [],
    check: async (after) => {
      await until(after, "two tries", () => renewals(after).length >= 2);
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
      assertEquals((await after.host.call("CHECK", after.container)).code, 0);
      after.server.script = (message) => [answerTo(message, "ACK", USUAL)];
      await until(
        after,
        "renewal",
        () => after.daemon.log.includes("event=lease-renewed"),
      );
    },
  },
  {
    name: "another address is put in the place of the first",
    then: (message) => [
      answerTo(message, "ACK", { ...USUAL, yiaddr: ip("192.0.2.60") }),
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
        () => defaultGoesBy(container, "192.0.2.1"),
      );
      const { json } = await host.call("ADD", container);
      assertEquals(json.ips[0].address, "192.0.2.60/24");
      assertEquals((await host.call("CHECK", container)).code, 0);
    },
  },
  {
    name: "another router is put in the place of the first",
    then: (message) => [
      answerTo(message, "ACK", {
        options: { ...T1_OF_A_SECOND, 3: "c0000209" },
      }),
    ],
    check: async (after) => {
      const { container } = after;
      await until(
        after,
        "other router",
        () => defaultGoesBy(container, "192.0.2.9"),
      );
      assert(!defaultGoesBy(container, "192.0.2.1"));
      assert(
        /event=lease-changed.*changed=gateway,routes/.test(after.daemon.log),
      );
      // The renewals after it have the same values again.
      const { leases_changed: changed } = await after.host.counters();
      assertEquals(changed, 1);
    },
  },
  {
    name: 'with "onChange": "keep" another router is only logged',
    ipam: { onChange: "keep" },
    then: (message) => [
      answerTo(message, "ACK", {
        options: { ...T1_OF_A_SECOND, 3: "c0000209" },
      }),
    ],
    check: async (after) => {
      await until(
        after,
        "word of it",
        () => after.daemon.log.includes("event=change-ignored"),
      );
      assert(defaultGoesBy(after.container, "192.0.2.1"));
      assert(!defaultGoesBy(after.container, "192.0.2.9"));
    },
  },
  {
    name: "an ACK without a mask keeps the mask",
    then: (message) => [
      answerTo(message, "ACK", {
        options: { ...T1_OF_A_SECOND, 1: undefined },
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
    name: "a NAK of an old exchange means nothing",
    then: (message) => {
      const nak = answerTo(message, "NAK");
      nak[4] = (nak[4] ?? 0) ^ 0xff;
      return [nak, answerTo(message, "ACK", USUAL)];
    },
    check: async (after) => {
      await until(after, "three renewals", () => renewals(after).length >= 3);
      assertEquals(addressesOf(after.container), ["192.0.2.50/24"]);
      assert(!after.daemon.log.includes("event=lease-lost"), after.daemon.log);
    },
  },
  {
    name: "NAKs for ever: no flood, no address, and all is well once it stops",
    then: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        answerTo(message, "NAK", { options: { 56: textHex("no") } }),
      ],
    check: async (after) => {
      const { server, container, host } = after;
      await until(
        after,
        "three DISCOVERs",
        () => server.wire.count("DISCOVER") >= 4,
      );
      const { leases_lost_nak: lost, received_nak: naks } = await host
        .counters();
      assertEquals([lost, (naks ?? 0) >= 3], [1, true]);
      assertEquals(addressesOf(container), []);
      const { length } = server.wire.messages;
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

/** Leases with servers that do wrong. */
export const BAD_RENEWAL_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  name: `bad server at renewal: ${row.name}`,
  run: async () => {
    await using host = new DhcpHost();
    const first = { options: { ...T1_OF_A_SECOND }, ...row.first };
    let isGiven = false;
    await using server = new BadServer(host.server, (message) => {
      if (isGiven) return row.then(message);
      isGiven = message.type === "REQUEST";
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
