import { assertEquals } from "@std/assert";
import {
  cidrContains,
  formatCidr,
  lastAddress,
  networkAddress,
  parseCidr,
  unmapCidr,
} from "../../../lib/net/cidr.ts";
import {
  formatIpAddress,
  parseAnyFamily,
} from "../../../lib/net/ip_address.ts";

const V6_PREFIX = { family: 6, value: 0x20010db80000cd30n << 64n } as const;

const ACCEPTED = [
  {
    name: "IPv4",
    text: "192.0.2.0/24",
    want: { address: { family: 4, value: 0xc0000200n }, prefixLength: 24 },
  },
  {
    name: "host bits, which it keeps",
    text: "192.0.2.7/24",
    want: { address: { family: 4, value: 0xc0000207n }, prefixLength: 24 },
  },
  {
    name: "the whole of IPv4",
    text: "0.0.0.0/0",
    want: { address: { family: 4, value: 0n }, prefixLength: 0 },
  },
  {
    name: "one IPv4 address",
    text: "192.0.2.1/32",
    want: { address: { family: 4, value: 0xc0000201n }, prefixLength: 32 },
  },
  {
    name: "RFC 4291 section 2.3, in full",
    text: "2001:0DB8:0000:CD30:0000:0000:0000:0000/60",
    want: { address: V6_PREFIX, prefixLength: 60 },
  },
  {
    name: "RFC 4291 section 2.3, compressed at the start",
    text: "2001:0DB8::CD30:0:0:0:0/60",
    want: { address: V6_PREFIX, prefixLength: 60 },
  },
  {
    name: "RFC 4291 section 2.3, compressed at the end",
    text: "2001:0DB8:0:CD30::/60",
    want: { address: V6_PREFIX, prefixLength: 60 },
  },
  {
    name: "one IPv6 address",
    text: "::1/128",
    want: { address: { family: 6, value: 1n }, prefixLength: 128 },
  },
  {
    name: "a mapped address, as IPv6",
    text: "::ffff:10.0.0.0/120",
    want: { address: { family: 6, value: 0xffff0a000000n }, prefixLength: 120 },
  },
] as const;

for (const { name, text, want } of ACCEPTED) {
  Deno.test(`parseCidr() accepts ${name}: ${text}`, () => {
    assertEquals(parseCidr(text), want);
  });
}

const REFUSED = [
  { name: "empty text", text: "" },
  { name: "an address alone", text: "192.0.2.0" },
  { name: "no length", text: "192.0.2.0/" },
  { name: "no address", text: "/24" },
  {
    name: "RFC 4291 section 2.3, a shortened group",
    text: "2001:0DB8:0:CD3/60",
  },
  { name: "33 bits of IPv4", text: "192.0.2.0/33" },
  { name: "129 bits of IPv6", text: "::/129" },
  { name: "a negative length", text: "192.0.2.0/-1" },
  { name: "a signed length", text: "192.0.2.0/+24" },
  { name: "a mask", text: "192.0.2.0/255.255.255.0" },
  { name: "two lengths", text: "192.0.2.0/24/24" },
  { name: "white space", text: "192.0.2.0/24 " },
  { name: "a leading zero in the address", text: "192.0.02.0/24" },
] as const;

for (const { name, text } of REFUSED) {
  Deno.test(`parseCidr() refuses ${name}: ${JSON.stringify(text)}`, () => {
    assertEquals(parseCidr(text), undefined);
  });
}

const BOUNDS = [
  { cidr: "192.0.2.7/24", network: "192.0.2.0", last: "192.0.2.255" },
  { cidr: "192.0.2.7/31", network: "192.0.2.6", last: "192.0.2.7" },
  { cidr: "192.0.2.7/32", network: "192.0.2.7", last: "192.0.2.7" },
  { cidr: "192.0.2.7/0", network: "0.0.0.0", last: "255.255.255.255" },
  { cidr: "192.0.2.7/1", network: "128.0.0.0", last: "255.255.255.255" },
  {
    cidr: "2001:db8::5/64",
    network: "2001:db8::",
    last: "2001:db8::ffff:ffff:ffff:ffff",
  },
  {
    cidr: "::5/0",
    network: "::",
    last: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  },
  { cidr: "::5/128", network: "::5", last: "::5" },
  { cidr: "::100:5/120", network: "::100:0", last: "::100:ff" },
] as const;

for (const { cidr: text, network, last } of BOUNDS) {
  Deno.test(`networkAddress() and lastAddress() of ${text}`, () => {
    const cidr = parseCidr(text);
    assertEquals(
      cidr && [networkAddress(cidr), lastAddress(cidr)].map(formatIpAddress),
      [network, last],
    );
  });
}

const MEMBERS = [
  { cidr: "192.0.2.0/24", address: "192.0.2.0", want: true },
  { cidr: "192.0.2.0/24", address: "192.0.2.255", want: true },
  { cidr: "192.0.2.0/24", address: "192.0.3.0", want: false },
  { cidr: "192.0.2.0/24", address: "192.0.1.255", want: false },
  { cidr: "192.0.2.9/24", address: "192.0.2.1", want: true },
  { cidr: "192.0.2.1/32", address: "192.0.2.1", want: true },
  { cidr: "192.0.2.1/32", address: "192.0.2.2", want: false },
  { cidr: "0.0.0.0/0", address: "255.255.255.255", want: true },
  { cidr: "0.0.0.0/0", address: "::", want: false },
  { cidr: "::/0", address: "0.0.0.0", want: false },
  { cidr: "::/96", address: "192.0.2.1", want: false },
  { cidr: "2001:db8::/64", address: "2001:db8:0:1::", want: false },
  {
    cidr: "2001:db8::/64",
    address: "2001:db8::ffff:ffff:ffff:ffff",
    want: true,
  },
] as const;

for (const { cidr: cidrText, address: addressText, want } of MEMBERS) {
  const verb = want ? "contains" : "does not contain";
  Deno.test(`cidrContains() ${cidrText} ${verb} ${addressText}`, () => {
    const cidr = parseCidr(cidrText);
    const address = parseAnyFamily(addressText);
    assertEquals(cidr && address && cidrContains(cidr, address), want);
  });
}

const TEXTS = [
  {
    name: "keeps host bits",
    given: "192.168.1.7/16",
    want: "192.168.1.7/16",
  },
  {
    name: "formats the address by RFC 5952",
    given: "2001:0DB8::0/32",
    want: "2001:db8::/32",
  },
  {
    name: "keeps a mapped network IPv6",
    given: "::ffff:10.0.0.0/120",
    want: "::ffff:a00:0/120",
  },
] as const;

for (const { name, given, want } of TEXTS) {
  Deno.test(`formatCidr() ${name}: ${given}`, () => {
    const cidr = parseCidr(given);
    assertEquals(cidr && formatCidr(cidr), want);
  });
}

const UNMAPPED = [
  {
    name: "turns a mapped network into IPv4",
    given: "::ffff:10.0.0.0/120",
    want: "10.0.0.0/24",
  },
  {
    name: "does not make the prefix length negative",
    given: "::ffff:10.0.0.0/64",
    want: "10.0.0.0/0",
  },
  {
    name: "keeps other IPv6 networks",
    given: "2001:db8::/32",
    want: "2001:db8::/32",
  },
] as const;

for (const { name, given, want } of UNMAPPED) {
  Deno.test(`unmapCidr() ${name}: ${given}`, () => {
    const cidr = parseCidr(given);
    assertEquals(cidr && formatCidr(unmapCidr(cidr)), want);
  });
}
