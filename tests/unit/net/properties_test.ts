import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Cidr,
  cidrContains,
  formatCidr,
  lastAddress,
  networkAddress,
  parseCidr,
} from "../../../lib/net/cidr.ts";
import {
  addressBits,
  formatIpAddress,
  type IpAddress,
  isMapped,
  lastValue,
  parseIpAddress,
} from "../../../lib/net/ip_address.ts";

/** Values of all sizes; uniform 128-bit values hardly ever contain a run of zero groups. */
const ipv6Value = fc.array(
  fc.constantFrom<bigint>(0n, 0n, 1n, 0xabcn, 0xffffn),
  { minLength: 8, maxLength: 8 },
).map((groups) => groups.reduce((sum, group) => (sum << 16n) | group, 0n));

const address: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.bigInt({ min: 0n, max: lastValue(4) })
    .map((value) => ({ family: 4 as const, value })),
  fc.oneof(ipv6Value, fc.bigInt({ min: 0n, max: lastValue(6) }))
    .map((value) => ({ family: 6 as const, value }))
    .filter((candidate) => !isMapped(candidate)),
);

const cidr: fc.Arbitrary<Cidr> = address.chain((base) =>
  fc.nat({ max: addressBits(base.family) })
    .map((prefixLength) => ({ address: base, prefixLength }))
);

Deno.test("parseIpAddress() inverts formatIpAddress()", () => {
  fc.assert(fc.property(address, (given) => {
    assertEquals(parseIpAddress(formatIpAddress(given)), given);
  }));
});

Deno.test("parseCidr() inverts formatCidr()", () => {
  fc.assert(fc.property(cidr, (given) => {
    assertEquals(parseCidr(formatCidr(given)), given);
  }));
});

Deno.test("formatIpAddress() formats IPv6 as the URL standard does", () => {
  fc.assert(fc.property(ipv6Value, (value) => {
    const text = formatIpAddress({ family: 6, value });
    assertEquals(new URL(`http://[${text}]/`).hostname, `[${text}]`);
  }));
});

Deno.test("parseIpAddress() does not throw on any text", () => {
  const characters = fc.constantFrom(..."0123456789abfg:./% ");
  fc.assert(fc.property(fc.string({ unit: characters }), (text) => {
    const parsed = parseIpAddress(text);
    assert(parsed === undefined || parsed.value <= lastValue(parsed.family));
  }));
});

Deno.test("networkAddress() and lastAddress() enclose the address and span 2^n", () => {
  fc.assert(fc.property(cidr, (given) => {
    const [first, last] = [networkAddress(given), lastAddress(given)];
    const bits = BigInt(addressBits(given.address.family) - given.prefixLength);
    assertEquals(last.value - first.value + 1n, 1n << bits);
    assert(first.value <= given.address.value);
    assert(given.address.value <= last.value);
  }));
});

Deno.test("cidrContains() is the interval from first to last address", () => {
  const nearby = fc.bigInt({ min: -2n, max: 2n });
  fc.assert(fc.property(cidr, fc.boolean(), nearby, (given, atEnd, offset) => {
    const bound = atEnd ? lastAddress(given) : networkAddress(given);
    const value = bound.value + offset;
    fc.pre(value >= 0n && value <= lastValue(bound.family));
    assertEquals(
      cidrContains(given, { family: bound.family, value }),
      networkAddress(given).value <= value && value <= lastAddress(given).value,
    );
  }));
});
