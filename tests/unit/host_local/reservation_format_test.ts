import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  cursorName,
  formatOwner,
  type Owner,
  ownerKey,
  parseOwner,
  parseReservationName,
} from "../../../lib/host_local/reservation_format.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, ip } from "./builders.ts";

const C1_ETH0: Owner = { kind: "attachment", attachment: attachment() };
const C1: Owner = { kind: "container", containerId: "c1" };
const NO_OWNER: Owner = { kind: "none" };
const UNKNOWN: Owner = { kind: "unknown" };

const CONTENTS: readonly { name: string; content: string; want: Owner }[] = [
  { name: "what upstream writes", content: "c1\r\neth0", want: C1_ETH0 },
  { name: "a line feed at the end", content: "c1\r\neth0\r\n", want: C1_ETH0 },
  { name: "white space around", content: " \t c1\r\neth0  \n", want: C1_ETH0 },
  { name: "a bare LF (lf-separator)", content: "c1\neth0", want: C1_ETH0 },
  {
    name: "a bare LF and a line feed at the end (lf-separator)",
    content: "c1\neth0\n",
    want: C1_ETH0,
  },
  {
    name: "white space after the container ID",
    content: "c1 \r\neth0",
    want: C1_ETH0,
  },
  { name: "NUL bytes at the end", content: "c1\r\neth0\0\0", want: C1_ETH0 },
  { name: "the container ID alone", content: "c1", want: C1 },
  {
    name: "the container ID alone with a line feed",
    content: "c1\n",
    want: C1,
  },
  { name: "an empty interface name", content: "c1\r\n", want: C1 },
  { name: "an empty file", content: "", want: NO_OWNER },
  { name: "white space alone", content: " \r\n\t", want: NO_OWNER },
  { name: "NUL bytes alone", content: "\0\0\0\0", want: NO_OWNER },
  { name: "NUL bytes and white space", content: "\0\n\0", want: NO_OWNER },
  { name: "three lines", content: "c1\r\neth0\r\nx", want: UNKNOWN },
  {
    name: "a line that is not a container ID",
    content: "# kept for the printer",
    want: UNKNOWN,
  },
  { name: "an empty second line", content: "c1\r\n\r\neth0", want: UNKNOWN },
];

testRows("parseOwner() reads", CONTENTS, ({ content, want }) => {
  assertEquals(parseOwner(content), want);
});

Deno.test("parseOwner() keeps the interface name as it is", () => {
  assertEquals(parseOwner("c1\r\n eth0"), {
    kind: "attachment",
    attachment: attachment({ ifName: " eth0" }),
  });
});

const KEYS = [
  { name: "an attachment", owner: C1_ETH0, want: "c1\r\neth0" },
  { name: "a container", owner: C1, want: "c1" },
  { name: "unknown text", owner: UNKNOWN, want: "" },
  { name: "no owner", owner: NO_OWNER, want: "" },
] as const;

testRows(
  "ownerKey() returns the key of",
  KEYS,
  ({ owner, want }) => assertEquals(ownerKey(owner), want),
);

Deno.test("parseOwner() parses what formatOwner() returns", () => {
  const id = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/);
  const name = fc.stringMatching(/^[!-.0-9;-~]{1,15}$/);
  fc.assert(fc.property(id, name, (containerId, ifName) => {
    const given = { containerId, ifName };
    assertEquals(parseOwner(formatOwner(given)), {
      kind: "attachment",
      attachment: given,
    });
  }));
});

const NAMES = [
  { name: "10.0.0.2", want: ip("10.0.0.2") },
  { name: "2001:db8::2", want: ip("2001:db8::2") },
  { name: "::", want: ip("::") },
  { name: "2001:DB8::2", want: undefined },
  { name: "2001:db8:0::2", want: undefined },
  { name: "::ffff:10.0.0.2", want: undefined },
  { name: "::ffff:a00:2", want: ip("::ffff:a00:2") },
  { name: "010.0.0.2", want: undefined },
  { name: "10.0.0.2 ", want: undefined },
  { name: "10.0.0.2.tmp", want: undefined },
  { name: "2001_db8__2", want: undefined },
  { name: "lock", want: undefined },
  { name: "last_reserved_ip.0", want: undefined },
  { name: ".pending", want: undefined },
  { name: "net2", want: undefined },
] as const;

testRows("parseReservationName() parses", NAMES, ({ name, want }) => {
  assertEquals(parseReservationName(name), want);
});

Deno.test("cursorName() ends with the index of the range set", () => {
  assertEquals(cursorName(12), "last_reserved_ip.12");
});
