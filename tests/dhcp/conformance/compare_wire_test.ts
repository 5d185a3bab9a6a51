import { assertEquals } from "@std/assert";
import { BROADCAST_FLAG } from "../../../lib/dhcp/codec/dhcp_message.ts";
import { message, options } from "../../support/dhcp_messages.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import { compareWire } from "./compare_wire.ts";
import type { ExpectedMessage } from "./dhcp_case.ts";

function sent(
  type: string,
  xid: number,
  option55 = "0103",
  flags = 0,
): ClientMessage {
  return {
    type,
    source: "0.0.0.0",
    destination: "255.255.255.255",
    message: message({ xid, flags, options: options({ 55: option55 }) }),
    sender: new Uint8Array(6),
  };
}

const EXCHANGE: readonly ExpectedMessage[] = [
  { type: "DISCOVER" },
  { type: "REQUEST" },
];

/** A REQUEST with the BROADCAST flag. */
const BROADCAST = sent("REQUEST", 1, "0103", BROADCAST_FLAG);

const ROWS: readonly {
  readonly name: string;
  readonly expected: readonly ExpectedMessage[] | undefined;
  readonly found: readonly ClientMessage[];
  readonly problems: readonly string[];
}[] = [
  {
    name: "accepts any message if none is expected",
    expected: undefined,
    found: [sent("DISCOVER", 1)],
    problems: [],
  },
  {
    name: "counts a retransmission once",
    expected: EXCHANGE,
    found: [
      sent("DISCOVER", 1),
      sent("DISCOVER", 1),
      sent("REQUEST", 1),
      sent("REQUEST", 1),
    ],
    problems: [],
  },
  {
    name: "counts a second exchange",
    expected: EXCHANGE,
    found: [sent("DISCOVER", 1), sent("DISCOVER", 2), sent("REQUEST", 2)],
    problems: [
      "the client sent DISCOVER,DISCOVER,REQUEST, want DISCOVER,REQUEST",
    ],
  },
  {
    name: "reports a missing message",
    expected: EXCHANGE,
    found: [sent("DISCOVER", 1)],
    problems: ["the client sent DISCOVER, want DISCOVER,REQUEST"],
  },
  {
    name: "reports an option in another order",
    expected: [{ type: "DISCOVER", options: { 55: "0103" } }],
    found: [sent("DISCOVER", 1, "0301")],
    problems: ["DISCOVER: option 55 is 0301, want 0103"],
  },
  {
    name: "accepts an option in any order",
    expected: [{ type: "DISCOVER", options: { 55: { anyOrder: "0103" } } }],
    found: [sent("DISCOVER", 1, "0301")],
    problems: [],
  },
  {
    name: "reports other bytes in any order",
    expected: [{ type: "DISCOVER", options: { 55: { anyOrder: "0103" } } }],
    found: [sent("DISCOVER", 1, "030101")],
    problems: ["DISCOVER: option 55 is 010103, want 0103"],
  },
  {
    name: "reports an option that must be absent",
    expected: [{ type: "DISCOVER", options: { 55: null, 61: null } }],
    found: [sent("DISCOVER", 1)],
    problems: ["DISCOVER: option 55 is 0103, want null"],
  },
  {
    name: "reports an unexpected BROADCAST flag",
    expected: [
      { type: "DISCOVER" },
      { type: "REQUEST", isBroadcast: false },
    ],
    found: [sent("DISCOVER", 1), sent("DISCOVER", 1), BROADCAST],
    problems: ["REQUEST: isBroadcast is true, want false"],
  },
  {
    name: "accepts the BROADCAST flag after the third DISCOVER",
    expected: [
      { type: "DISCOVER" },
      { type: "REQUEST", isBroadcast: false },
    ],
    found: [
      ...Array.from({ length: 3 }, () => sent("DISCOVER", 1)),
      BROADCAST,
    ],
    problems: [],
  },
];

for (const { name, expected, found, problems } of ROWS) {
  Deno.test(`compareWire() ${name}`, () => {
    assertEquals(compareWire(expected, found), problems);
  });
}
