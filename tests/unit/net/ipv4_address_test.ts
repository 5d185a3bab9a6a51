import { assertEquals } from "@std/assert";
import {
  ipv4Bits,
  ipv4FromBits,
  isHostAddress,
  maskOfPrefixLength,
  prefixLengthOfMask,
} from "../../../lib/net/ipv4_address.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { ip } from "../../support/dhcp_messages.ts";
import { testRows } from "../../support/rows.ts";

testRows("prefixLengthOfMask()", [
  { name: "0.0.0.0", mask: "0.0.0.0", want: 0 },
  { name: "128.0.0.0", mask: "128.0.0.0", want: 1 },
  { name: "255.255.255.0", mask: "255.255.255.0", want: 24 },
  { name: "255.255.255.254", mask: "255.255.255.254", want: 31 },
  { name: "255.255.255.255", mask: "255.255.255.255", want: 32 },
  {
    name: "255.0.255.0 (one bits not contiguous)",
    mask: "255.0.255.0",
    want: undefined,
  },
  { name: "0.0.0.255 (wildcard)", mask: "0.0.0.255", want: undefined },
  { name: "127.255.255.255", mask: "127.255.255.255", want: undefined },
  { name: "0.0.0.1", mask: "0.0.0.1", want: undefined },
], ({ mask, want }) => {
  assertEquals(prefixLengthOfMask(ip(mask)), want);
});

Deno.test("prefixLengthOfMask() inverts maskOfPrefixLength() for 0 to 32", () => {
  for (let length = 0; length <= 32; length++) {
    assertEquals(prefixLengthOfMask(maskOfPrefixLength(length)), length);
  }
});

Deno.test("ipv4FromBits() treats all 32 bits as unsigned", () => {
  assertEquals(formatIpAddress(ipv4FromBits(0xc0000201)), "192.0.2.1");
  assertEquals(ipv4Bits(ip("255.255.255.255")), 0xffffffff);
});

testRows("isHostAddress()", [
  { name: "192.0.2.1", address: "192.0.2.1", want: true },
  { name: "1.0.0.0", address: "1.0.0.0", want: true },
  { name: "223.255.255.255", address: "223.255.255.255", want: true },
  { name: "169.254.1.1 (link local)", address: "169.254.1.1", want: true },
  { name: "0.0.0.0", address: "0.0.0.0", want: false },
  { name: "0.1.2.3", address: "0.1.2.3", want: false },
  { name: "127.0.0.1", address: "127.0.0.1", want: false },
  { name: "224.0.0.1", address: "224.0.0.1", want: false },
  { name: "255.255.255.255", address: "255.255.255.255", want: false },
], ({ address, want }) => {
  assertEquals(isHostAddress(ip(address)), want);
});
