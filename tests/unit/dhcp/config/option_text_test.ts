import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import { encodeOptionText } from "../../../../lib/dhcp/config/option_text.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";

testRows("encodeOptionText() encodes", [
  { name: "text", code: 12, text: "web é", want: "77656220c3a9" },
  { name: "bytes as UTF-8", code: 60, text: "a b", want: "612062" },
  { name: "an address", code: 50, text: " 192.0.2.7 ", want: "c0000207" },
  {
    name: "addresses with commas and spaces",
    code: 42,
    text: "192.0.2.1, 192.0.2.2 192.0.2.3",
    want: "c0000201c0000202c0000203",
  },
  {
    name: "pairs of addresses",
    code: 33,
    text: "10.0.0.0 192.0.2.1",
    want: "0a000000c0000201",
  },
  { name: "an 8-bit number", code: 23, text: "64", want: "40" },
  { name: "8-bit numbers", code: 55, text: "1,3,6", want: "010306" },
  { name: "a 16-bit number", code: 57, text: "576", want: "0240" },
  { name: "16-bit numbers", code: 25, text: "68 65535", want: "0044ffff" },
  { name: "a 32-bit number", code: 51, text: "120", want: "00000078" },
  { name: "a negative number", code: 2, text: "-3600", want: "fffff1f0" },
  { name: "true", code: 19, text: "true", want: "01" },
  { name: "false", code: 19, text: "false", want: "00" },
  { name: "a flag as a number", code: 19, text: "1", want: "01" },
  { name: "a domain name", code: 137, text: "a.b", want: "0161016200" },
  { name: "domain names", code: 119, text: "a b", want: "016100016200" },
  {
    name: "text with a control character as UTF-8",
    code: 57,
    text: "\u0002@",
    want: "0240",
  },
  { name: "an option without a known shape", code: 224, text: "1", want: "31" },
], ({ code, text, want }) => {
  assertEquals(formatHex(encodeOptionText(code, text, "")), want);
});

testRows("encodeOptionText() refuses", [
  {
    name: "an IPv6 address",
    code: 50,
    text: "2001:db8::1",
    message:
      'invalid value "2001:db8::1" for option 50 (Requested IP Address): expected an IPv4 address',
  },
  {
    name: "two addresses for one",
    code: 50,
    text: "192.0.2.1 192.0.2.2",
    message:
      'invalid value "192.0.2.1 192.0.2.2" for option 50 (Requested IP Address): expected an IPv4 address',
  },
  {
    name: "a list of nothing",
    code: 42,
    text: " ,",
    message:
      'invalid value " ," for option 42 (Network Time Protocol Servers): expected IPv4 addresses',
  },
  {
    name: "three addresses for pairs",
    code: 33,
    text: "192.0.2.1 192.0.2.2 192.0.2.3",
    message:
      'invalid value "192.0.2.1 192.0.2.2 192.0.2.3" for option 33 (Static Route): expected pairs of IPv4 addresses',
  },
  {
    name: "256 for 8 bits",
    code: 23,
    text: "256",
    message:
      'invalid value "256" for option 23 (Default IP Time-to-live): expected a number from 0 to 255',
  },
  {
    name: "a negative number for an unsigned one",
    code: 51,
    text: "-1",
    message:
      'invalid value "-1" for option 51 (IP Address Lease Time): expected a number from 0 to 4294967295',
  },
  {
    name: "a fraction",
    code: 57,
    text: "1.5",
    message:
      'invalid value "1.5" for option 57 (Maximum DHCP Message Size): expected a number from 0 to 65535',
  },
  {
    name: "a flag of 2",
    code: 19,
    text: "2",
    message:
      'invalid value "2" for option 19 (IP Forwarding): expected true or false',
  },
  {
    name: "an empty label",
    code: 119,
    text: "a..b",
    message:
      'invalid value "a..b" for option 119 (Domain Search): expected domain names',
  },
  {
    name: "classless routes",
    code: 121,
    text: "10.0.0.0/8",
    message:
      'invalid value "10.0.0.0/8" for option 121 (Classless Static Route): expected its bytes in `hex`',
  },
], ({ code, text, message }) => {
  const thrown = thrownBy(() => encodeOptionText(code, text, "ipam.x"));
  assertEquals(thrown, {
    name: "ConfigError",
    message,
    path: "ipam.x",
  });
});
