import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import { type DhcpDns, dnsOf } from "../../../../lib/dhcp/codec/dns_options.ts";
import { OptionReader } from "../../../../lib/dhcp/codec/option_reader.ts";
import { ascii } from "../../../support/bytes.ts";
import { ip, options } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const CLIENT = { address: ip("192.0.2.50"), prefixLength: 24 };

const text = (words: string): string => formatHex(ascii(words));

testRows<{
  name: string;
  given: Record<number, string>;
  want: Partial<DhcpDns>;
  warnings?: number;
}>("dnsOf()", [
  { name: "returns nothing without options", given: {}, want: {} },
  {
    name: "returns name servers in order",
    given: { 6: "c0000235 c6336435" },
    want: { nameservers: [ip("192.0.2.53"), ip("198.51.100.53")] },
  },
  {
    name: "ignores the name server 0.0.0.0",
    given: { 6: "00000000 c0000235" },
    want: { nameservers: [ip("192.0.2.53")] },
  },
  {
    name: "returns the domain",
    given: { 15: text("a.example") },
    want: { domain: "a.example" },
  },
  {
    name: "removes final NULs and the final dot of the domain",
    given: { 15: `${text("a.example.")}0000` },
    want: { domain: "a.example" },
  },
  {
    name: "uses several names in 15 as search list",
    given: { 15: text("a.example b.example") },
    want: { domain: "a.example", search: ["a.example", "b.example"] },
  },
  {
    name: "prefers the search list in 119 to the names in 15",
    given: { 15: text("a.example b.example"), 119: "0163 00" },
    want: { domain: "a.example", search: ["c"] },
  },
  {
    name: "ignores a domain that would add a line to resolv.conf",
    given: { 15: text("a.example\nnameserver 203.0.113.66") },
    want: {},
    warnings: 1,
  },
  {
    name: "ignores a domain with an empty label",
    given: { 15: text("a..example") },
    want: {},
    warnings: 1,
  },
  {
    name: "ignores a domain of 254 characters",
    given: { 15: text(`${"a.".repeat(126)}aa`) },
    want: {},
    warnings: 1,
  },
  {
    name: "ignores name servers that no host can be, with warnings",
    given: { 6: "7f000035 ffffffff e0000001 c00002ff c0000232" },
    want: { nameservers: [ip("192.0.2.50")] },
    warnings: 4,
  },
  {
    name: "removes the first dot of a domain",
    given: { 15: text(".ffm") },
    want: { domain: "ffm" },
  },
  {
    name: "removes the first dot of each of several domains",
    given: { 15: text(".a.example .b.example") },
    want: { domain: "a.example", search: ["a.example", "b.example"] },
  },
  {
    name: "ignores a domain of dots",
    given: { 15: text("..") },
    want: {},
    warnings: 1,
  },
  {
    name: "ignores domains with a comma between them",
    given: { 15: text("a,b") },
    want: {},
    warnings: 1,
  },
  {
    name:
      'ignores an empty 15, with a warning (RFC 2132 section 3.17: "Its minimum length is 1")',
    given: { 15: "" },
    want: {},
    warnings: 1,
  },
  {
    name: "ignores more than 64 names in 15",
    given: { 15: text("a ".repeat(65)) },
    want: {},
    warnings: 1,
  },
  {
    name: "ignores malformed 6 and 119",
    given: { 6: "c00002", 119: "c000" },
    want: {},
    warnings: 2,
  },
], ({ given, want, warnings = 0 }) => {
  const reader = new OptionReader(options(given));
  assertEquals(dnsOf(reader, CLIENT), {
    nameservers: [],
    domain: undefined,
    search: [],
    ...want,
  });
  assertEquals(reader.warnings.length, warnings);
});
