import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import {
  decodeMessages,
  decodeStatus,
  encodeMessage,
} from "../../../lib/netlink/netlink_message.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

const EMPTY = new Uint8Array(0);

Deno.test("encodeMessage() encodes header and body", () => {
  assertEquals(
    encodeMessage({
      type: 18,
      flags: 0x305,
      sequence: 7,
      body: Uint8Array.of(1, 2),
    }),
    hex("12000000 1200 0503 07000000 00000000 0102 0000"),
  );
});

Deno.test("decodeMessages() decodes several messages of a datagram", () => {
  const bytes = hex(
    `11000000 1000 0200 07000000 00000000 aa 000000
     10000000 0300 0000 07000000 00000000`,
  );
  assertEquals(decodeMessages(bytes), [
    { type: 16, flags: 2, sequence: 7, body: Uint8Array.of(0xaa) },
    { type: 3, flags: 0, sequence: 7, body: EMPTY },
  ]);
  assertEquals(decodeMessages(EMPTY), []);
});

testRows("decodeMessages() refuses", [
  { name: "a header that is cut short", bytes: hex("10") },
  { name: "a message of length 0", bytes: new Uint8Array(16) },
  {
    name: "a message longer than the datagram",
    bytes: hex("11000000 0000 0000 00000000 00000000"),
  },
], ({ bytes }) => {
  assertThrows(() => decodeMessages(bytes), DecodeError);
});

testRows("decodeStatus() decodes", [
  {
    name: "an acknowledgement",
    message: { type: 2, flags: 0x100, body: hex("00000000" + "00".repeat(16)) },
    want: { errno: 0, text: undefined },
  },
  {
    name: "an error",
    message: { type: 2, flags: 0x100, body: hex("edffffff" + "00".repeat(16)) },
    want: { errno: 19, text: undefined },
  },
  {
    name: "an error with a text",
    message: {
      type: 2,
      flags: 0x300,
      body: hex(`eaffffff ${"00".repeat(16)} 0800 0100 6e6f2100`),
    },
    want: { errno: 22, text: "no!" },
  },
  {
    name: "the end of a dump",
    message: { type: 3, flags: 2, body: hex("00000000") },
    want: { errno: 0, text: undefined },
  },
  {
    name: "the end of a dump without a status",
    message: { type: 3, flags: 2, body: EMPTY },
    want: { errno: 0, text: undefined },
  },
  {
    name: "the end of a dump with an error",
    message: { type: 3, flags: 2, body: hex("f0ffffff") },
    want: { errno: 16, text: undefined },
  },
], ({ message, want }) => {
  assertEquals(decodeStatus({ sequence: 1, ...message }), want);
});

Deno.test("decodeStatus() refuses an error that is cut short", () => {
  const message = { type: 2, flags: 0, sequence: 0, body: hex("00000000") };
  assertThrows(() => decodeStatus(message), DecodeError);
});
