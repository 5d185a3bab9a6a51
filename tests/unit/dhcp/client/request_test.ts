import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import { encodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import {
  decline,
  discover,
  type Outgoing,
  release,
  requestInitReboot,
  requestRebinding,
  requestRenewing,
  requestSelecting,
} from "../../../../lib/dhcp/client/request.ts";
import type { ClientSettings } from "../../../../lib/dhcp/client/settings.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, options, settings } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const FIELDS = { xid: 0x3903f326, secs: 7, isBroadcast: false };
const address = ip("192.0.2.50");
const server = ip("192.0.2.1");

const BUILDERS: Record<string, (given: ClientSettings) => Outgoing> = {
  discover: (given) => discover(given, { ...FIELDS, address: undefined }),
  selecting: (given) => requestSelecting(given, { ...FIELDS, address, server }),
  initReboot: (given) => requestInitReboot(given, { ...FIELDS, address }),
  renewing: (given) => requestRenewing(given, { ...FIELDS, address, server }),
  rebinding: (given) => requestRebinding(given, { ...FIELDS, address }),
  decline: (given) => decline(given, { xid: FIELDS.xid, address, server }),
  release: (given) => release(given, { xid: FIELDS.xid, address, server }),
};

function build(name: string, given = settings()): Outgoing {
  const builder = BUILDERS[name];
  if (builder === undefined) throw new Error(name);
  return builder(given);
}

interface Row {
  readonly name: string;
  readonly builder: string;
  readonly from: string;
  readonly to: string;
  readonly ciaddr: string;
  readonly secs: number;
  /** Codes in order on the wire. */
  readonly codes: readonly number[];
}

const UNSPECIFIED = "0.0.0.0";
const ALL = "255.255.255.255";
const LEASED = "192.0.2.50";
const SERVER = "192.0.2.1";

testRows<Row>("request", [
  {
    name: "DISCOVER (RFC 2131 table 5): ciaddr 0, 50 MAY, 54 MUST NOT",
    builder: "discover",
    from: UNSPECIFIED,
    to: ALL,
    ciaddr: UNSPECIFIED,
    secs: 7,
    codes: [53, 55, 57, 61],
  },
  {
    name:
      "REQUEST in SELECTING (RFC 2131 table 4): broadcast, 50 MUST, 54 MUST, ciaddr zero",
    builder: "selecting",
    from: UNSPECIFIED,
    to: ALL,
    ciaddr: UNSPECIFIED,
    secs: 7,
    codes: [53, 50, 54, 55, 57, 61],
  },
  {
    name:
      "REQUEST in INIT-REBOOT (RFC 2131 table 4): broadcast, 50 MUST, 54 MUST NOT, ciaddr zero",
    builder: "initReboot",
    from: UNSPECIFIED,
    to: ALL,
    ciaddr: UNSPECIFIED,
    secs: 7,
    codes: [53, 50, 55, 57, 61],
  },
  {
    name:
      "REQUEST in RENEWING (RFC 2131 table 4): unicast, 50 and 54 MUST NOT, ciaddr IP address",
    builder: "renewing",
    from: LEASED,
    to: SERVER,
    ciaddr: LEASED,
    secs: 7,
    codes: [53, 55, 57, 61],
  },
  {
    name:
      "REQUEST in REBINDING (RFC 2131 table 4): broadcast, 50 and 54 MUST NOT, ciaddr IP address",
    builder: "rebinding",
    from: LEASED,
    to: ALL,
    ciaddr: LEASED,
    secs: 7,
    codes: [53, 55, 57, 61],
  },
  {
    name:
      "DECLINE (RFC 2131 table 5): secs 0, ciaddr 0, 50 and 54 MUST, 55 and 57 MUST NOT",
    builder: "decline",
    from: UNSPECIFIED,
    to: ALL,
    ciaddr: UNSPECIFIED,
    secs: 0,
    codes: [53, 50, 54, 56, 61],
  },
  {
    name:
      "RELEASE (RFC 2131 table 5): unicast, secs 0, ciaddr IP address, 54 MUST, 50, 55 and 57 MUST NOT",
    builder: "release",
    from: LEASED,
    to: SERVER,
    ciaddr: LEASED,
    secs: 0,
    codes: [53, 54, 61],
  },
], ({ builder, from, to, ciaddr, secs, codes }) => {
  const { source, destination, message } = build(builder);
  assertEquals({
    from: formatIpAddress(source),
    to: formatIpAddress(destination),
    ciaddr: formatIpAddress(message.ciaddr),
    secs: message.secs,
    codes: wireCodes(message),
  }, { from, to, ciaddr, secs, codes: [...codes] });
  const { op, htype, hops, xid, flags } = message;
  assertEquals([op, htype, hops, xid, flags], [1, 1, 0, FIELDS.xid, 0]);
  for (const field of ["yiaddr", "siaddr", "giaddr"] as const) {
    assertEquals(formatIpAddress(message[field]), UNSPECIFIED);
  }
});

function wireCodes(message: Outgoing["message"]): number[] {
  const bytes = encodeMessage(message).subarray(240);
  const codes: number[] = [];
  for (let at = 0; bytes[at] !== 255; at += 2 + (bytes[at + 1] ?? 0)) {
    codes.push(bytes[at] ?? 0);
  }
  return codes;
}

Deno.test("request DISCOVER has these bytes", () => {
  const want = new Uint8Array(300);
  want.set(hex(`
    01 01 06 00 3903f326 0007 0000
    00000000 00000000 00000000 00000000
    02005e100001 00000000000000000000
    ${"00".repeat(192)}
    63825363
    35 01 01           // DHCPDISCOVER
    37 02 03 01        // parameter request list: router, subnet mask
    39 02 05dc         // maximum message size 1500
    3d 0c 00 63312f6e65742f65746830 // 0x00, "c1/net/eth0"
    ff
  `));
  const given = settings({ requestedCodes: [3, 1] });
  assertEquals(encodeMessage(build("discover", given).message), want);
});

Deno.test("request DISCOVER asks for an address again with option 50", () => {
  const { message } = discover(settings(), { ...FIELDS, address });
  assertEquals(message.options.get(50), hex("c0000232"));
});

Deno.test("request in SELECTING names address and server", () => {
  const { options: got } = build("selecting").message;
  assertEquals([got.get(50), got.get(54)], [hex("c0000232"), hex("c0000201")]);
});

Deno.test("request DECLINE states its reason (RFC 2131 table 5: Message SHOULD)", () => {
  const { options: got } = build("decline").message;
  assertEquals(
    formatHex(got.get(56) ?? hex("")),
    "6164647265737320616c726561647920696e20757365",
  );
});

testRows("request sets the BROADCAST bit in", [
  { name: "DISCOVER", builder: discover },
  { name: "REQUEST", builder: requestRebinding },
], ({ builder }) => {
  const fields = { ...FIELDS, isBroadcast: true, address };
  assertEquals(builder(settings(), fields).message.flags, 0x8000);
});

const EVERY_REQUEST = [
  "discover",
  "selecting",
  "initReboot",
  "renewing",
  "rebinding",
];

interface ProvideRow {
  readonly name: string;
  readonly provided: Record<number, string>;
  readonly requestedCodes?: readonly number[];
  /** Contents that must be found; undefined: the option must be absent. */
  readonly want: Record<number, string | undefined>;
}

testRows<ProvideRow>("request with provided options", [
  { name: "sends them", provided: { 12: "706f64" }, want: { 12: "706f64" } },
  { name: "sends an empty one", provided: { 80: "" }, want: { 80: "" } },
  {
    name: "replaces the client's option 61",
    provided: { 61: "6d65" },
    want: { 61: "6d65" },
  },
  {
    name: "replaces the client's option 57",
    provided: { 57: "0240" },
    want: { 57: "0240" },
  },
  { name: "sends option 82", provided: { 82: "0101" }, want: { 82: "0101" } },
  {
    name: "keeps the request list instead of a provided option 55",
    provided: { 55: "79" },
    want: { 55: "0301" },
  },
  {
    name: "sends a provided option 55 if the request list is empty",
    provided: { 55: "79" },
    requestedCodes: [],
    want: { 55: "79" },
  },
  {
    name: "sends no option 55 if both are empty",
    provided: {},
    requestedCodes: [],
    want: { 55: undefined },
  },
  {
    name: "sends the request list in order, repeats included",
    provided: {},
    requestedCodes: [3, 1, 3, 12, 1],
    want: { 55: "0301030c01" },
  },
  {
    name: "never sends 0, 52 and 255",
    provided: { 0: "01", 52: "01", 255: "01" },
    want: { 0: undefined, 52: undefined, 255: undefined },
  },
], ({ provided, requestedCodes = [3, 1], want }) => {
  const given = settings({ provided: options(provided), requestedCodes });
  for (const name of EVERY_REQUEST) {
    const { message } = build(name, given);
    for (const [code, content] of Object.entries(want)) {
      const got = message.options.get(Number(code));
      assertEquals(got && formatHex(got), content, `${name} ${code}`);
    }
    encodeMessage(message);
  }
});

testRows(
  "request with provided options 50, 53 and 54: a wish in DISCOVER (RFC 2131 table 4)",
  [
    { name: "discover", type: "01", address: "c0000263", server: undefined },
    { name: "selecting", type: "03", address: "c0000232", server: "c0000201" },
    { name: "initReboot", type: "03", address: "c0000232", server: undefined },
    { name: "renewing", type: "03", address: undefined, server: undefined },
    { name: "rebinding", type: "03", address: undefined, server: undefined },
  ],
  ({ name, type, address, server }) => {
    const provided = options({ 50: "c0000263", 53: "08", 54: "c0000263" });
    const { message } = build(name, settings({ provided }));
    const contents = [53, 50, 54].map((code) => {
      const content = message.options.get(code);
      return content && formatHex(content);
    });
    assertEquals(contents, [type, address, server]);
  },
);

testRows("request with provided options does not change", [
  { name: "RELEASE", builder: "release", codes: [53, 54, 61] },
  { name: "DECLINE", builder: "decline", codes: [53, 50, 54, 56, 61] },
], ({ builder, codes }) => {
  const provided = options({ 12: "706f64", 54: "c0000263", 61: "6d65" });
  const { message } = build(builder, settings({ provided }));
  assertEquals(wireCodes(message), codes);
  assertEquals(message.options.get(54), hex("c0000201"));
  // But the server knows the client by the identifier that it sent before.
  assertEquals(message.options.get(61), hex("6d65"));
});
