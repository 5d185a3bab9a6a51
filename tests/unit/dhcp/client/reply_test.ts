import { assert, assertEquals } from "@std/assert";
import type { Failure } from "../../../../lib/dhcp/client/failure.ts";
import {
  type Answer,
  checkAnswer,
  checkReply,
} from "../../../../lib/dhcp/client/reply.ts";
import { hex } from "../../../support/bytes.ts";
import {
  ip,
  options,
  reply,
  settings,
} from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { describeFailure } from "../../../../lib/dhcp/client/failure_text.ts";

const XID = 0x3903f326;

testRows("checkReply() accepts", [
  { name: "an OFFER", message: reply("OFFER", XID), type: "OFFER" },
  { name: "an ACK", message: reply("ACK", XID), type: "ACK" },
  { name: "a NAK", message: reply("NAK", XID), type: "NAK" },
  {
    name: "an echo of our client identifier (RFC 6842)",
    message: reply("ACK", XID, {
      options: { 61: "0063312f6e65742f65746830" },
    }),
    type: "ACK",
  },
], ({ message, type }) => {
  const check = checkReply(message, XID, settings());
  assert(check.kind === "reply");
  assertEquals<string>(check.reply.type, type);
  assertEquals(check.reply.server, ip("192.0.2.1"));
});

Deno.test("checkReply() returns the message of a NAK (option 56)", () => {
  const nak = reply("NAK", XID, { options: { 56: "676f2061776179" } });
  const check = checkReply(nak, XID, settings());
  assertEquals(check.kind === "reply" && check.reply.text, "go away");
});

Deno.test("checkReply() shortens the message of a NAK to 200 characters", () => {
  const nak = reply("NAK", XID, { options: { 56: "41".repeat(60_000) } });
  const check = checkReply(nak, XID, settings());
  assertEquals(
    check.kind === "reply" && check.reply.text,
    `${"A".repeat(200)}...`,
  );
});

testRows("checkReply() treats as foreign", [
  { name: "a request (op 1)", message: reply("OFFER", XID, { op: 1 }) },
  { name: "another xid", message: reply("OFFER", XID + 1) },
  {
    name: "another chaddr",
    message: reply("OFFER", XID, { chaddr: hex("02005e100002") }),
  },
  {
    name: "a shorter chaddr",
    message: reply("OFFER", XID, { chaddr: hex("02005e1000") }),
  },
  {
    name: "a longer chaddr",
    message: reply("OFFER", XID, { chaddr: hex("02005e10000100") }),
  },
], ({ message }) => {
  assertEquals(checkReply(message, XID, settings()), { kind: "foreign" });
});

testRows("checkReply() refuses", [
  {
    name: "a message without a type (plain BOOTP)",
    options: { 53: undefined },
    want: "message type absent",
  },
  {
    name: "a message of a client",
    options: { 53: "01" },
    want: "message type 1",
  },
  {
    name: "a message type of 2 bytes",
    options: { 53: "0202" },
    want: "Cannot decode",
  },
  {
    name: "a message without a server identifier (RFC 2131 table 3: MUST)",
    options: { 54: undefined },
    want: "no server identifier (option 54)",
  },
  {
    name: "a server identifier of 3 bytes",
    options: { 54: "c00002" },
    want: "Cannot decode",
  },
  {
    name: "the server identifier 0.0.0.0",
    options: { 54: "00000000" },
    want: "server identifier 0.0.0.0",
  },
  {
    name: "the server identifier 255.255.255.255",
    options: { 54: "ffffffff" },
    want: "server identifier 255.255.255.255",
  },
  {
    name:
      'another client identifier (RFC 6842 section 3: "MUST silently discard the message")',
    options: { 61: "0063312f6e65742f65746831" },
    want: "the client identifier of another client",
  },
  {
    name: "a client identifier that is a prefix of ours",
    options: { 61: "0063312f6e65742f657468" },
    want: "the client identifier of another client",
  },
], ({ options: given, want }) => {
  const offer = reply("OFFER", XID, { options: given });
  const check = checkReply(offer, XID, settings());
  assert(check.kind === "refused" && check.reason.startsWith(want));
});

Deno.test("checkReply() expects the echo of a provided client identifier", () => {
  const provided = settings({ provided: options({ 61: "6d65" }) });
  const echo = reply("OFFER", XID, { options: { 61: "6d65" } });
  assertEquals(checkReply(echo, XID, provided).kind, "reply");
  const byDefault = reply("OFFER", XID, {
    options: { 61: "0063312f6e65742f65746830" },
  });
  assertEquals(checkReply(byDefault, XID, provided).kind, "refused");
});

const OTHER = { options: { 54: "c0000209" } };

testRows<{
  name: string;
  message: ReturnType<typeof reply>;
  server?: ReturnType<typeof ip>;
  want: Partial<Answer>;
}>("checkAnswer()", [
  {
    name: "accepts an ACK of the server",
    message: reply("ACK", XID),
    server: ip("192.0.2.1"),
    want: { kind: "ack", server: ip("192.0.2.1") },
  },
  {
    name: "accepts a NAK of the server, with its message",
    message: reply("NAK", XID, { options: { 56: "6e6f" } }),
    server: ip("192.0.2.1"),
    want: { kind: "nak", server: ip("192.0.2.1"), text: "no" },
  },
  {
    name: "ignores an ACK of another server",
    message: reply("ACK", XID, OTHER),
    server: ip("192.0.2.1"),
    want: { kind: "ignored", effects: [] },
  },
  {
    name: "accepts an ACK of any server if any may answer",
    message: reply("ACK", XID, OTHER),
    want: { kind: "ack", server: ip("192.0.2.9") },
  },
  {
    name: "ignores an OFFER",
    message: reply("OFFER", XID),
    want: { kind: "ignored", effects: [] },
  },
  {
    name: "ignores a message for another client",
    message: reply("ACK", XID + 1),
    want: { kind: "ignored", effects: [] },
  },
  {
    name: "ignores an invalid message and logs it",
    message: reply("ACK", XID, { options: { 54: undefined } }),
    want: {
      kind: "ignored",
      effects: [{
        kind: "log",
        level: "debug",
        event: "reply-ignored",
        fields: { reason: "no server identifier (option 54)" },
      }],
    },
  },
], ({ message, server, want }) => {
  const given = { xid: XID, settings: settings(), server };
  assertEquals<Partial<Answer>>(checkAnswer(message, given), want);
});

testRows<{ name: string; failure: Failure; want: string }>(
  "describeFailure()",
  [
    {
      name: "link-down",
      failure: { kind: "link-down" },
      want: "link is down: no DHCPDISCOVER could be sent",
    },
    {
      name: "no-offer",
      failure: { kind: "no-offer", discovers: 9 },
      want: "no DHCPOFFER received: 9 DHCPDISCOVERs unanswered",
    },
    {
      name: "offer-refused",
      failure: {
        kind: "offer-refused",
        discovers: 2,
        reason: "no server identifier (option 54)",
      },
      want:
        "no usable DHCPOFFER received for 2 DHCPDISCOVERs: no server identifier (option 54)",
    },
    {
      name: "no-ack",
      failure: {
        kind: "no-ack",
        address: ip("192.0.2.50"),
        server: ip("192.0.2.1"),
        requests: 9,
      },
      want:
        "no DHCPACK received from 192.0.2.1: 9 DHCPREQUESTs for 192.0.2.50 unanswered",
    },
    {
      name: "nak with a message, quoted",
      failure: { kind: "nak", server: ip("192.0.2.1"), message: "go\naway" },
      want: 'DHCPNAK received from 192.0.2.1: "go\\naway"',
    },
    {
      name: "nak with controls of a terminal, escaped",
      failure: {
        kind: "nak",
        server: ip("192.0.2.1"),
        message: "\x1b[2J\u{9b}2J\u202e\x7f",
      },
      want:
        'DHCPNAK received from 192.0.2.1: "\\u001b[2J\\u009b2J\\u202e\\u007f"',
    },
    {
      name: "nak without a message",
      failure: { kind: "nak", server: ip("192.0.2.1"), message: "" },
      want: "DHCPNAK received from 192.0.2.1",
    },
    {
      name: "unusable-ack",
      failure: {
        kind: "unusable-ack",
        server: ip("192.0.2.1"),
        reason: "DHCP option Subnet Mask not found in DHCPACK",
      },
      want:
        "DHCPACK from 192.0.2.1 cannot be used: DHCP option Subnet Mask not found in DHCPACK",
    },
    {
      name: "conflict",
      failure: { kind: "conflict", address: ip("192.0.2.50") },
      want: "address 192.0.2.50 is already in use by another host",
    },
  ],
  ({ failure, want }) => {
    assertEquals(describeFailure(failure), want);
  },
);
