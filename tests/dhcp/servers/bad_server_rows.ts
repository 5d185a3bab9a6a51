/**
 * ADD with misbehaving servers: it fails or gets a lease, and the daemon continues to serve.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { UNSPECIFIED_ADDRESS } from "../../../lib/net/ipv4_address.ts";
import {
  answerTo,
  BadServer,
  datagram,
  grantScript,
  rawAnswerTo,
  type Script,
  textHex,
} from "../../support/dhcp_bad_server.ts";
import { ip } from "../../support/dhcp_messages.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { DhcpHost, type Outcome } from "./dhcp_host.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";

/** What a row checks after its ADD. */
interface After {
  readonly host: DhcpHost;
  readonly server: BadServer;
  readonly outcome: Outcome;
  readonly log: string;
}

interface Row {
  readonly name: string;
  readonly script: Script;
  /** The code of the error document, and its text or a pattern of it. */
  readonly error?: readonly [number, string | RegExp];
  /** The result without `cniVersion` and `dns`; not compared if absent. */
  readonly result?: Readonly<Record<string, unknown>>;
  readonly check?: (after: After) => void | Promise<void>;
}

const NO_OFFER = /^error calling DHCP\.Allocate: no DHCPOFFER received: /;
const REFUSED = (reason: string): RegExp =>
  new RegExp(
    `^error calling DHCP\\.Allocate: no usable DHCPOFFER received for \\d+ DHCPDISCOVERs: ${reason}$`,
  );
const GOOD = {
  ips: [{ address: "192.0.2.50/24", gateway: "192.0.2.1" }],
  routes: [{ dst: "0.0.0.0/0", gw: "192.0.2.1" }],
};

/**
 * The timeout of an ADD that fails: long enough for a busy machine to follow the script. After NAKs
 * the client retries at 0, 1, 3, 7 and 15 s, so it waits for no reply at 12 s.
 */
const SHORT = { timeout: "12s" };
/** The timeout of an ADD that succeeds, which never passes. */
const LONG = { timeout: "2m" };

/** 40 routes of 8 bytes each, option 121. */
const MANY_ROUTES = Array.from({ length: 40 }, (_, index) => ({
  dst: `198.18.${index}.0/24`,
  hex: `18c612${index.toString(16).padStart(2, "0")}c0000209`,
}));

/** A short IP packet, as crashes upstream's daemon: its padding reads as the UDP port 68. */
function craftedFrame(totalLength: number): Uint8Array {
  const packet = datagram(new Uint8Array(20));
  const view = new DataView(packet.buffer);
  view.setUint16(2, totalLength);
  view.setUint16(10, 0);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  view.setUint16(10, ~sum & 0xffff);
  return packet;
}

const ROWS: readonly Row[] = [
  {
    name: "ADD gets a lease from a correct server",
    script: grantScript(),
    result: GOOD,
  },
  {
    name: "ADD fails if the server is silent",
    script: () => [],
    error: [
      11,
      /^error calling DHCP\.Allocate: no DHCPOFFER received: ([2-9]|[1-9]\d+) DHCPDISCOVERs unanswered$/,
    ],
  },
  {
    name: "ADD fails on an offer without a server identifier",
    script: grantScript({ offer: { options: { 54: undefined } } }),
    error: [999, REFUSED("no server identifier \\(option 54\\)")],
  },
  {
    name: "ADD fails on an offer of the address 0.0.0.0",
    script: (message) => [
      answerTo(message, "OFFER", {
        yiaddr: UNSPECIFIED_ADDRESS,
      }),
    ],
    error: [999, REFUSED("address 0\\.0\\.0\\.0 in yiaddr")],
  },
  {
    name: "ADD fails on an offer with another client's identifier",
    script: grantScript({ offer: { options: { 61: "00 6162" } } }),
    error: [
      999,
      REFUSED("the client identifier of another client \\(option 61\\)"),
    ],
  },
  {
    name: "ADD ignores an offer with another xid",
    script: (message) => {
      const bytes = answerTo(message, "OFFER");
      bytes[4] = (bytes[4] ?? 0) ^ 0xff;
      return [bytes];
    },
    error: [11, NO_OFFER],
  },
  {
    name: "ADD ignores an offer for another hardware address",
    script: (message) => [
      answerTo(message, "OFFER", {
        chaddr: new Uint8Array([2, 0, 0, 0, 0, 9]),
      }),
    ],
    error: [11, NO_OFFER],
  },
  {
    name: "ADD fails on an ACK instead of an offer",
    script: (message) => [answerTo(message, "ACK")],
    error: [999, REFUSED("DHCPACK instead of DHCPOFFER")],
  },
  {
    name:
      "ADD fails and sends a RELEASE if the server never confirms its offer",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [],
    error: [
      11,
      /^error calling DHCP\.Allocate: no DHCPACK received from 192\.0\.2\.1: \d+ DHCPREQUESTs for 192\.0\.2\.50 unanswered$/,
    ],
    check: async ({ server }) =>
      await waitUntil("RELEASE", () => server.wire.count("RELEASE") > 0),
  },
  {
    name: "an ACK without the subnet mask that the offer had",
    script: grantScript({ ack: { options: { 1: undefined } } }),
    result: GOOD,
  },
  {
    name: "an ACK for another address is refused, and that address released",
    script: grantScript({ ack: { yiaddr: ip("192.0.2.77") } }),
    error: [
      999,
      "error calling DHCP.Allocate: DHCPACK from 192.0.2.1 cannot be used: address 192.0.2.77 instead of 192.0.2.50",
    ],
    check: async ({ server }) => {
      await waitUntil("RELEASE", () => server.wire.count("RELEASE") > 0);
      const [released] = server.wire.messages.slice(-1);
      assertEquals(released?.message.ciaddr, ip("192.0.2.77"));
    },
  },
  {
    name: "routers that no other host can be are skipped with a warning",
    script: grantScript({
      ack: { options: { 3: "7f000001 ffffffff e0000001 c0000232 c0000209" } },
    }),
    result: {
      ips: [{ address: "192.0.2.50/24", gateway: "192.0.2.9" }],
      routes: [{ dst: "0.0.0.0/0", gw: "192.0.2.9" }],
    },
    check: ({ log }) =>
      assert(
        log.includes(
          'reason="option 3 (127.0.0.1) ignored: no other host can have this address"',
        ),
        log,
      ),
  },
  {
    name: "the message of a NAK is escaped in error and log",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        answerTo(message, "NAK", {
          options: { 56: textHex("\x1b[2J\r\n\u009b2J\u202e\x7f") },
        }),
      ],
    error: [
      999,
      'error calling DHCP.Allocate: DHCPNAK received from 192.0.2.1: "\\u001b[2J\\r\\n\\u009b2J\\u202e\\u007f"',
    ],
    check: ({ log }) =>
      assert(
        log.includes('message="\\u001b[2J\\r\\n\\u009b2J\\u202e\\u007f"'),
        log,
      ),
  },
  {
    name: "offer and ACK without a subnet mask",
    script: grantScript({
      offer: { options: { 1: undefined } },
      ack: { options: { 1: undefined } },
    }),
    error: [
      999,
      "error calling DHCP.Allocate: DHCPACK from 192.0.2.1 cannot be used: DHCP option Subnet Mask not found in DHCPACK",
    ],
    check: async ({ server }) =>
      await waitUntil("RELEASE", () => server.wire.count("RELEASE") > 0),
  },
  {
    name: "ADD fails on a noncontiguous subnet mask",
    script: grantScript({ ack: { options: { 1: "ff00ff00" } } }),
    error: [
      999,
      "error calling DHCP.Allocate: DHCPACK from 192.0.2.1 cannot be used: Subnet Mask 255.0.255.0 in option 1",
    ],
  },
  {
    name: "ADD pauses longer after each NAK, and reports the text of the NAK",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        answerTo(message, "NAK", { options: { 56: textHex("go away") } }),
        answerTo(message, "NAK", { options: { 56: textHex("go away") } }),
        answerTo(message, "NAK", { options: { 56: textHex("go away") } }),
      ],
    error: [
      999,
      'error calling DHCP.Allocate: DHCPNAK received from 192.0.2.1: "go away"',
    ],
    check: ({ server }) => {
      const count = server.wire.count("DISCOVER");
      assert(count >= 2 && count <= 6, `${count} DHCPDISCOVERs`);
    },
  },
  {
    name: "ADD ignores a NAK from another server",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        answerTo(message, "NAK", { options: { 54: "c0000209" } }),
        answerTo(message, "ACK"),
      ],
    result: GOOD,
  },
  {
    name: "ADD sends one REQUEST to a server that sends everything twice",
    script: (message) => [
      ...grantScript()(message),
      ...grantScript()(message),
    ],
    result: GOOD,
    check: ({ server }) => assertEquals(server.wire.count("REQUEST"), 1),
  },
  {
    name: "ADD replaces a T1 of zero, so the client does not flood the server",
    script: grantScript({
      ack: { options: { 58: "00000000", 59: "00000000" } },
    }),
    result: GOOD,
    check: ({ log, server }) => {
      assert(/event=option-ignored.*reason="T1 of 0 s/.test(log), log);
      assertEquals(server.wire.count("REQUEST"), 1);
    },
  },
  {
    name: "ADD replaces a T1 after T2 and a T2 after the lease time",
    script: grantScript({
      ack: { options: { 51: "00000e10", 58: "00002000", 59: "00001f00" } },
    }),
    result: GOOD,
    check: ({ log }) => assert(/event=option-ignored/.test(log), log),
  },
  {
    name: "ADD replaces a lease time of zero with one minute",
    script: grantScript({ ack: { options: { 51: "00000000" } } }),
    result: GOOD,
    check: ({ log }) => assert(/reason="Lease time is 0/.test(log), log),
  },
  {
    name: "ADD accepts an infinite lease",
    script: grantScript({ ack: { options: { 51: "ffffffff" } } }),
    result: GOOD,
    check: ({ log }) => assert(!/event=option-ignored/.test(log), log),
  },
  {
    name: "ADD reads options in the file and sname fields",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        rawAnswerTo(message, {
          options: "350105 3604c0000201 330400000e10 340103 ff",
          file: "0104ffffff00 ff",
          sname: "0304c0000201 ff",
        }),
      ],
    result: GOOD,
  },
  {
    name: "ADD joins an option split into two parts",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        rawAnswerTo(message, {
          options: `350105 3604c0000201 330400000e10 0104ffffff00
            7905 18c63364c0 0304c0000201 7903 000209 ff`,
        }),
      ],
    result: { ...GOOD, routes: [{ dst: "198.51.100.0/24", gw: "192.0.2.9" }] },
  },
  {
    name: "ADD reads an option of more than 255 bytes",
    script: grantScript({
      ack: {
        options: {
          121: MANY_ROUTES.map(({ hex }) => hex).join(""),
        },
      },
    }),
    result: {
      ...GOOD,
      routes: MANY_ROUTES.map(({ dst }) => ({ dst, gw: "192.0.2.9" })),
    },
  },
  {
    name: "ADD ignores a malformed option 121 with a warning",
    script: grantScript({ ack: { options: { 121: "21c0000200c0000201" } } }),
    result: GOOD,
    check: ({ log }) => assert(/event=option-ignored.*121/.test(log), log),
  },
  {
    name: "ADD drops routes to the halves of IPv4 in option 121 with a warning",
    script: grantScript({
      ack: { options: { 121: "0100 c0000209 0180 c0000209" } },
    }),
    check: ({ outcome, log }) => {
      assertEquals(outcome.code, 0);
      assertEquals(outcome.json.routes, undefined);
      assert(/event=route-dropped/.test(log), log);
    },
  },
  {
    name: "ADD drops a reply with an option longer than the message",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        rawAnswerTo(message, { options: "350105 3604c0000201 01ffff" }),
        answerTo(message, "ACK"),
      ],
    result: GOOD,
    check: async ({ host, log }) => {
      assert(/packet-dropped.*malformed/.test(log), log);
      const { dropped_malformed: dropped = 0 } = await host.counters();
      assert(dropped >= 1, `${dropped} dropped`);
    },
  },
  {
    name: "ADD accepts a message without an End option",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        rawAnswerTo(message, {
          options: "350105 3604c0000201 330400000e10 0104ffffff00 0304c0000201",
        }),
      ],
    result: GOOD,
  },
  {
    name: "ADD ignores crafted short frames before each reply",
    script: (message) => [
      ...Array.from(
        { length: 8 },
        (_, extra) => ({ packet: craftedFrame(20 + extra) }),
      ),
      { packet: new Uint8Array(1) },
      { packet: new Uint8Array(28).fill(0x45) },
      new Uint8Array(0),
      new Uint8Array(239),
      ...grantScript()(message),
    ],
    result: GOOD,
  },
  {
    name: "ADD escapes control characters in a server's text",
    script: (message) =>
      message.type === "DISCOVER" ? [answerTo(message, "OFFER")] : [
        answerTo(message, "NAK", { options: { 56: "0a1b5b324a22" } }),
      ],
    error: [
      999,
      /^error calling DHCP\.Allocate: DHCPNAK received from 192\.0\.2\.1: "\\n\\u001b\[2J\\""$/,
    ],
    check: ({ log }) => assert(!log.includes("\u001b"), "escape in the log"),
  },
];

/** Rows with misbehaving servers. */
export const BAD_SERVER_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  name: `bad server: ${row.name}`,
  run: async () => {
    await using host = new DhcpHost();
    await using server = new BadServer(host.server, row.script);
    const daemon = await host.daemon();
    const container = host.container();
    const outcome = await host.call("ADD", container, {
      ipam: row.error === undefined ? LONG : SHORT,
    });
    const { json } = outcome;
    if (row.error !== undefined) {
      const [code, text] = row.error;
      assertEquals(json.code, code, JSON.stringify(json));
      if (typeof text === "string") assertEquals(json.msg, text);
      else assert(text.test(json.msg), json.msg);
      assertEquals(host.stateFiles, []);
    } else {
      assertEquals(outcome.code, 0, JSON.stringify(json));
    }
    if (row.result !== undefined) {
      const { cniVersion: _, dns: __, ...rest } = json;
      assertEquals(rest, row.result);
    }
    await row.check?.({ host, server, outcome, log: daemon.log });
    // The daemon still serves.
    server.script = grantScript();
    const next = await host.call("ADD", host.container(), {
      containerId: "next",
    });
    assertEquals(next.code, 0, JSON.stringify(next.json));
    assertEquals(await daemon.end("SIGTERM"), 0);
    assert(!daemon.log.includes("event=unexpected-error"), daemon.log);
  },
}));
