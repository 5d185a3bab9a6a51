import { assertEquals } from "@std/assert";
import {
  addressBits,
  addressPlus,
  formatIpAddress,
  isMapped,
  lastValue,
  parseAnyFamily,
  parseIpAddress,
  sameAddress,
} from "../../../lib/net/ip_address.ts";

const ACCEPTED = [
  { name: "IPv4", text: "192.0.2.1", want: { family: 4, value: 0xc0000201n } },
  {
    name: "the lowest IPv4 address",
    text: "0.0.0.0",
    want: { family: 4, value: 0n },
  },
  {
    name: "the highest IPv4 address",
    text: "255.255.255.255",
    want: { family: 4, value: 0xffffffffn },
  },
  {
    name: "IPv4 above the sign bit",
    text: "128.0.0.0",
    want: { family: 4, value: 0x80000000n },
  },
  {
    name: "RFC 4291 section 2.2 form 1, in full",
    text: "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
    want: { family: 6, value: 0xabcdef0123456789abcdef0123456789n },
  },
  {
    name: "RFC 4291 section 2.2 form 1, without leading zeros",
    text: "2001:DB8:0:0:8:800:200C:417A",
    want: { family: 6, value: 0x20010db80000000000080800200c417an },
  },
  {
    name: "RFC 4291 section 2.2 form 2, :: inside",
    text: "2001:DB8::8:800:200C:417A",
    want: { family: 6, value: 0x20010db80000000000080800200c417an },
  },
  {
    name: "RFC 4291 section 2.2 form 2, multicast",
    text: "FF01::101",
    want: { family: 6, value: 0xff010000000000000000000000000101n },
  },
  {
    name: "RFC 4291 section 2.2 form 2, loopback",
    text: "::1",
    want: { family: 6, value: 1n },
  },
  {
    name: "RFC 4291 section 2.2 form 2, unspecified",
    text: "::",
    want: { family: 6, value: 0n },
  },
  {
    name: "RFC 4291 section 2.2 form 2, :: at the end",
    text: "2001:db8::",
    want: { family: 6, value: 0x20010db8n << 96n },
  },
  {
    name: "RFC 4291 section 2.2 form 3, IPv4 in the tail",
    text: "0:0:0:0:0:0:13.1.68.3",
    want: { family: 6, value: 0x0d014403n },
  },
  {
    name: "RFC 4291 section 2.2 form 3, compressed",
    text: "::13.1.68.3",
    want: { family: 6, value: 0x0d014403n },
  },
  {
    name: "RFC 6052 section 2.4, IPv4 after a prefix",
    text: "64:ff9b::192.0.2.33",
    want: { family: 6, value: 0x0064ff9b0000000000000000c0000221n },
  },
  {
    name: ":: for a single group",
    text: "1:2:3:4:5:6:7::",
    want: { family: 6, value: 0x00010002000300040005000600070000n },
  },
  {
    name: ":: for the first group",
    text: "::2:3:4:5:6:7:8",
    want: { family: 6, value: 0x00000002000300040005000600070008n },
  },
  {
    name: "leading zeros in a group",
    text: "0001::000a",
    want: { family: 6, value: (1n << 112n) | 0xan },
  },
  {
    name: "the highest IPv6 address",
    text: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    want: { family: 6, value: (1n << 128n) - 1n },
  },
  {
    name: "an address just below the mapped ones",
    text: "::fffe:c000:201",
    want: { family: 6, value: 0xfffec0000201n },
  },
  {
    name: "an address just above the mapped ones",
    text: "::1:0:0:0",
    want: { family: 6, value: 1n << 48n },
  },
  {
    name: "RFC 4291 section 2.5.5.2, mapped, as IPv4",
    text: "::FFFF:129.144.52.38",
    want: { family: 4, value: 0x81903426n },
  },
  {
    name: "RFC 4291 section 2.5.5.2, mapped in hexadecimal, as IPv4",
    text: "::ffff:8190:3426",
    want: { family: 4, value: 0x81903426n },
  },
] as const;

for (const { name, text, want } of ACCEPTED) {
  Deno.test(`parseIpAddress() accepts ${name}: ${text}`, () => {
    assertEquals(parseIpAddress(text), want);
  });
}

const REFUSED = [
  { name: "empty text", text: "" },
  { name: "a word", text: "foo" },
  { name: "three octets", text: "192.0.2" },
  { name: "five octets", text: "192.0.2.1.1" },
  { name: "an octet of 256", text: "192.0.2.256" },
  { name: "an octet of four digits", text: "192.0.2.1000" },
  { name: "RFC 6943 section 3.1.1, a leading zero", text: "192.0.02.1" },
  { name: "RFC 6943 section 3.1.1, two zeros", text: "192.0.00.1" },
  { name: "RFC 6943 section 3.1.1, hexadecimal", text: "0x7f.0.0.1" },
  { name: "RFC 6943 section 3.1.1, one number", text: "3221225985" },
  { name: "an empty octet", text: "192..2.1" },
  { name: "a trailing dot", text: "192.0.2.1." },
  { name: "a sign", text: "192.0.2.+1" },
  { name: "leading white space", text: " 192.0.2.1" },
  { name: "a trailing line feed", text: "192.0.2.1\n" },
  { name: "a prefix length", text: "192.0.2.1/24" },
  { name: "digits of another script", text: "١.0.0.1" },
  { name: "one colon", text: ":" },
  { name: "three colons", text: ":::" },
  { name: ":: twice", text: "1::2::3" },
  { name: "seven groups", text: "1:2:3:4:5:6:7" },
  { name: "nine groups", text: "1:2:3:4:5:6:7:8:9" },
  { name: "eight groups and ::", text: "1:2:3:4:5:6:7:8::" },
  { name: "eight groups around ::", text: "1:2:3:4::5:6:7:8" },
  { name: "a group of five digits", text: "12345::" },
  { name: "a group that is not a number", text: "1::g" },
  { name: "a leading colon", text: ":1::" },
  { name: "a trailing colon", text: "1::2:" },
  { name: "RFC 4007 section 11, a zone", text: "fe80::1%eth0" },
  { name: "RFC 2732, brackets", text: "[::1]" },
  { name: "IPv4 in the middle", text: "::192.0.2.1:1" },
  { name: "IPv4 before ::", text: "192.0.2.1::" },
  { name: "IPv4 as the seventh and more", text: "1:2:3:4:5:6:7:192.0.2.1" },
  { name: "IPv4 in the tail with a leading zero", text: "::ffff:192.0.2.01" },
  { name: "IPv4 in the tail with three octets", text: "::ffff:192.0.2" },
] as const;

for (const { name, text } of REFUSED) {
  Deno.test(`parseIpAddress() refuses ${name}: ${JSON.stringify(text)}`, () => {
    assertEquals(parseIpAddress(text), undefined);
  });
}

const FAMILIES = [
  { text: "::ffff:192.0.2.1", want: { family: 6, value: 0xffffc0000201n } },
  { text: "192.0.2.1", want: { family: 4, value: 0xc0000201n } },
  { text: "::c000:201", want: { family: 6, value: 0xc0000201n } },
] as const;

for (const { text, want } of FAMILIES) {
  Deno.test(`parseAnyFamily() does not change the family of ${text}`, () => {
    assertEquals(parseAnyFamily(text), want);
  });
}

const MAPPED = [
  { text: "::ffff:0.0.0.0", want: true },
  { text: "::ffff:255.255.255.255", want: true },
  { text: "::fffe:ffff:ffff", want: false },
  { text: "::1:0:0:0", want: false },
  { text: "1::ffff:192.0.2.1", want: false },
  { text: "::192.0.2.1", want: false },
  { text: "192.0.2.1", want: false },
] as const;

for (const { text, want } of MAPPED) {
  Deno.test(`isMapped() returns ${want} for ${text}`, () => {
    const address = parseAnyFamily(text);
    assertEquals(address && isMapped(address), want);
  });
}

const TEXTS = [
  {
    rule: "RFC 5952 section 4.1, no leading zeros",
    given: "2001:0db8::0001",
    want: "2001:db8::1",
  },
  {
    rule: "RFC 5952 section 4.1, a zero group is one digit",
    given: "2001:db8:aaaa:bbbb:cccc:dddd:0000:1",
    want: "2001:db8:aaaa:bbbb:cccc:dddd:0:1",
  },
  {
    rule: "RFC 5952 section 4.2.1, shortened as much as possible",
    given: "2001:db8:0:0:0:0:2:1",
    want: "2001:db8::2:1",
  },
  {
    rule: "RFC 5952 section 4.2.1, all of the run",
    given: "2001:db8::0:1",
    want: "2001:db8::1",
  },
  {
    rule: "RFC 5952 section 4.2.2, one zero group stays",
    given: "2001:db8::1:1:1:1:1",
    want: "2001:db8:0:1:1:1:1:1",
  },
  {
    rule: "RFC 5952 section 4.2.3, the longest run",
    given: "2001:0:0:1:0:0:0:1",
    want: "2001:0:0:1::1",
  },
  {
    rule: "RFC 5952 section 4.2.3, the first of two equal runs",
    given: "2001:db8:0:0:1:0:0:1",
    want: "2001:db8::1:0:0:1",
  },
  {
    rule: "RFC 5952 section 4.3, lower case",
    given: "2001:DB8::ABCD",
    want: "2001:db8::abcd",
  },
  { rule: "only zeros", given: "0:0:0:0:0:0:0:0", want: "::" },
  { rule: "a run at the start", given: "0:0:0:0:0:0:0:1", want: "::1" },
  { rule: "a run at the end", given: "1:0:0:0:0:0:0:0", want: "1::" },
  { rule: "no zero group", given: "1:2:3:4:5:6:7:8", want: "1:2:3:4:5:6:7:8" },
  {
    rule: "ipv6-low-96: an address in ::/96 stays IPv6",
    given: "::1.0.0.2",
    want: "::100:2",
  },
  { rule: "IPv4", given: "192.0.2.1", want: "192.0.2.1" },
  { rule: "mapped, as IPv4", given: "::ffff:c000:201", want: "192.0.2.1" },
] as const;

for (const { rule, given, want } of TEXTS) {
  Deno.test(`formatIpAddress() ${rule}: ${given}`, () => {
    const address = parseIpAddress(given);
    assertEquals(address && formatIpAddress(address), want);
  });
}

Deno.test("sameAddress() distinguishes families with the same bits", () => {
  assertEquals(
    sameAddress({ family: 4, value: 1n }, { family: 6, value: 1n }),
    false,
  );
});

Deno.test("sameAddress() compares values, not objects", () => {
  const one = { family: 6, value: 1n } as const;
  assertEquals(sameAddress(one, { ...one }), true);
});

Deno.test("sameAddress() distinguishes two values", () => {
  assertEquals(
    sameAddress({ family: 4, value: 1n }, { family: 4, value: 2n }),
    false,
  );
});

const STEPS = [
  {
    name: "carries across octets",
    from: "10.0.0.255",
    offset: 1n,
    want: "10.0.1.0",
  },
  {
    name: "borrows across groups",
    from: "2001:db8:0:1::",
    offset: -1n,
    want: "2001:db8::ffff:ffff:ffff:ffff",
  },
  { name: "stays IPv6 below 2^32", from: "::ffff", offset: 1n, want: "::1:0" },
] as const;

for (const { name, from, offset, want } of STEPS) {
  Deno.test(`addressPlus() ${name}`, () => {
    const address = parseIpAddress(from);
    assertEquals(
      address && formatIpAddress(addressPlus(address, offset)),
      want,
    );
  });
}

Deno.test("addressBits() and lastValue() of IPv4", () => {
  assertEquals([addressBits(4), lastValue(4)], [32, 0xffffffffn]);
});

Deno.test("addressBits() and lastValue() of IPv6", () => {
  assertEquals([addressBits(6), lastValue(6)], [128, 2n ** 128n - 1n]);
});
