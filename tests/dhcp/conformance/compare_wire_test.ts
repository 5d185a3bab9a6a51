import { assertEquals } from "@std/assert";
import { message, options } from "../../support/dhcp_messages.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import { compareWire } from "./compare_wire.ts";
import type { ExpectedMessage } from "./dhcp_case.ts";

function said(type: string, xid: number, option55 = "0103"): ClientMessage {
  return {
    type,
    source: "0.0.0.0",
    destination: "255.255.255.255",
    message: message({ xid, options: options({ 55: option55 }) }),
    sender: new Uint8Array(6),
  };
}

const EXCHANGE: readonly ExpectedMessage[] = [
  { type: "DISCOVER" },
  { type: "REQUEST" },
];

const ROWS: readonly {
  readonly name: string;
  readonly expected: readonly ExpectedMessage[] | undefined;
  readonly found: readonly ClientMessage[];
  readonly problems: readonly string[];
}[] = [
  {
    name: "nothing is expected: anything will do",
    expected: undefined,
    found: [said("DISCOVER", 1)],
    problems: [],
  },
  {
    name: "a repeated message counts once",
    expected: EXCHANGE,
    found: [
      said("DISCOVER", 1),
      said("DISCOVER", 1),
      said("REQUEST", 1),
      said("REQUEST", 1),
    ],
    problems: [],
  },
  {
    name: "a second exchange is no repetition",
    expected: EXCHANGE,
    found: [said("DISCOVER", 1), said("DISCOVER", 2), said("REQUEST", 2)],
    problems: [
      "the client said DISCOVER,DISCOVER,REQUEST, want DISCOVER,REQUEST",
    ],
  },
  {
    name: "a message that is missing",
    expected: EXCHANGE,
    found: [said("DISCOVER", 1)],
    problems: ["the client said DISCOVER, want DISCOVER,REQUEST"],
  },
  {
    name: "another order of an option",
    expected: [{ type: "DISCOVER", options: { 55: "0103" } }],
    found: [said("DISCOVER", 1, "0301")],
    problems: ["DISCOVER: option 55 is 0301, want 0103"],
  },
  {
    name: "any order of an option",
    expected: [{ type: "DISCOVER", options: { 55: { anyOrder: "0103" } } }],
    found: [said("DISCOVER", 1, "0301")],
    problems: [],
  },
  {
    name: "any order, but other bytes",
    expected: [{ type: "DISCOVER", options: { 55: { anyOrder: "0103" } } }],
    found: [said("DISCOVER", 1, "030101")],
    problems: ["DISCOVER: option 55 is 010103, want 0103"],
  },
  {
    name: "an option that must not be there",
    expected: [{ type: "DISCOVER", options: { 55: null, 61: null } }],
    found: [said("DISCOVER", 1)],
    problems: ["DISCOVER: option 55 is 0103, want null"],
  },
];

for (const { name, expected, found, problems } of ROWS) {
  Deno.test(`compareWire() ${name}`, () => {
    assertEquals(compareWire(expected, found), problems);
  });
}
