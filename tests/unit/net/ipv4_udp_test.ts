import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type ChecksumPolicy,
  decodeIpv4Udp,
  type DropReason,
  encodeIpv4Udp,
} from "../../../lib/net/ipv4_udp.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import { ascii, hex } from "../../support/bytes.ts";
import { ip } from "../../support/dhcp_messages.ts";
import { checkProperty } from "../../support/property.ts";
import { testRows } from "../../support/rows.ts";

// The checksums in these packets were computed by another program.
const PLAIN = hex(`
  45 00 0021  // version 4, 5 words, total length 33
  0000 0000   // identification, flags and offset
  40 11 f698  // TTL, UDP, checksum
  c0000201    // from 192.0.2.1
  c0000232    // to 192.0.2.50
  0043 0044 000d 9240 // ports 67 and 68, length 13, checksum
  6468637021  // "dhcp!"
`);
const ENDPOINTS = {
  source: ip("192.0.2.1"),
  sourcePort: 67,
  destination: ip("192.0.2.50"),
  destinationPort: 68,
};
interface Row {
  readonly name: string;
  readonly packet: Uint8Array;
  readonly checksum?: ChecksumPolicy;
  readonly payload?: string;
}

testRows<Row>("decodeIpv4Udp() accepts", [
  { name: "a plain packet", packet: PLAIN },
  {
    name: "header options, skipping them",
    packet: hex(
      "460000250000000040116190c0000201c00002329404000000430044000d92406468637021",
    ),
  },
  {
    name: "link-layer padding after the total length",
    packet: Uint8Array.of(...PLAIN, 1, 2, 3, 4),
  },
  {
    name: "the flag Don't Fragment",
    packet: hex(
      "45000021000040004011b698c0000201c000023200430044000d92406468637021",
    ),
  },
  {
    name:
      'no UDP checksum (RFC 768: "an all zero transmitted checksum value means that the transmitter generated no checksum")',
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000d00006468637021",
    ),
  },
  {
    name: "any UDP checksum if it is skipped",
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000d12346468637021",
    ),
    checksum: "skip",
  },
  {
    name: "a UDP length below the segment length: the rest is not payload",
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000c92426468637021",
    ),
    checksum: "skip",
    payload: "dhcp",
  },
], ({ packet, checksum = "verify", payload = "dhcp!" }) => {
  assertEquals(decodeIpv4Udp(packet, checksum), {
    kind: "decoded",
    datagram: { ...ENDPOINTS, payload: ascii(payload) },
  });
});

interface DropRow {
  readonly name: string;
  readonly packet: Uint8Array;
  readonly checksum?: ChecksumPolicy;
  readonly want: DropReason;
}

const CRAFTED_PADDING =
  "0043 0044 0008 0000 000000000000000000000000000000000000";

testRows<DropRow>("decodeIpv4Udp() drops", [
  { name: "an empty packet", packet: hex(""), want: "short" },
  { name: "19 bytes", packet: PLAIN.slice(0, 19), want: "short" },
  {
    name: "IP version 6",
    packet: hex(
      "65000021000000004011d698c0000201c000023200430044000d92406468637021",
    ),
    want: "not-ipv4",
  },
  {
    name: "a header of 4 words",
    packet: hex(
      "44000021000000004011f798c0000201c000023200430044000d92406468637021",
    ),
    want: "ip-header-length",
  },
  {
    name: "a header longer than the packet",
    packet: hex(
      "4f000021000000004011ec98c0000201c000023200430044000d92406468637021",
    ),
    want: "ip-header-length",
  },
  {
    name: "a total length shorter than the header",
    packet: hex(
      "45000013000000004011f6a6c0000201c000023200430044000d92406468637021",
    ),
    want: "ip-total-length",
  },
  {
    name: "a total length of one byte more than received",
    packet: hex(
      "45000022000000004011f697c0000201c000023200430044000d92406468637021",
    ),
    want: "ip-total-length",
  },
  {
    name: "a packet cut short",
    packet: PLAIN.slice(0, -1),
    want: "ip-total-length",
  },
  {
    name: "a wrong header checksum",
    packet: hex(
      "45000021000000004011f699c0000201c000023200430044000d92406468637021",
    ),
    want: "ip-checksum",
  },
  {
    name: "a first fragment",
    packet: hex(
      "45000021000020004011d698c0000201c000023200430044000d92406468637021",
    ),
    want: "fragment",
  },
  {
    name: "a later fragment",
    packet: hex(
      "45000021000000014011f697c0000201c000023200430044000d92406468637021",
    ),
    want: "fragment",
  },
  {
    name: "TCP",
    packet: hex(
      "45000021000000004006f6a3c0000201c000023200430044000d92406468637021",
    ),
    want: "not-udp",
  },
  {
    name:
      "a crafted short frame that crashes upstream: total length 24, the padding reads as port 68",
    packet: hex(`45000018000000004011f6a1c0000201c0000232 ${CRAFTED_PADDING}`),
    want: "udp-length",
  },
  {
    name: "a crafted short frame with total length 20",
    packet: hex(`45000014000000004011f6a5c0000201c0000232 ${CRAFTED_PADDING}`),
    want: "udp-length",
  },
  {
    name: "a crafted short frame with total length 27",
    packet: hex(`4500001b000000004011f69ec0000201c0000232 ${CRAFTED_PADDING}`),
    want: "udp-length",
  },
  {
    name: "a UDP length of 7",
    packet: hex(
      "45000021000000004011f698c0000201c00002320043004400070000 6468637021",
    ),
    want: "udp-length",
  },
  {
    name: "a UDP length beyond the IP total length",
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000e0000 6468637021",
    ),
    want: "udp-length",
  },
  {
    name: "a UDP length that reaches into link-layer padding",
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000e0000 6468637021 00",
    ),
    want: "udp-length",
  },
  {
    name: "a wrong UDP checksum",
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000d12346468637021",
    ),
    want: "udp-checksum",
  },
  {
    name: "a partial UDP checksum (of the pseudo header alone)",
    packet: hex(
      "45000021000000004011f698c0000201c000023200430044000d84526468637021",
    ),
    want: "udp-checksum",
  },
], ({ packet, checksum = "verify", want }) => {
  assertEquals(decodeIpv4Udp(packet, checksum), {
    kind: "dropped",
    reason: want,
  });
});

testRows("encodeIpv4Udp()", [
  { name: "encodes the literal packet", payload: ascii("dhcp!"), want: PLAIN },
  {
    name: "encodes a packet without payload",
    payload: hex(""),
    want: hex("4500001c000000004011f69dc0000201c00002320043004400087b23"),
  },
  {
    name:
      'sends a checksum of zero as all ones (RFC 768: "if the computed checksum is zero, it is transmitted as all ones")',
    payload: hex("7b1f"),
    want: hex(
      "4500001e000000004011f69bc0000201c0000232 00430044000a ffff 7b1f",
    ),
  },
], ({ payload, want }) => {
  assertEquals(encodeIpv4Udp(ENDPOINTS, payload), want);
});

Deno.test("encodeIpv4Udp() refuses more than 65535 bytes", () => {
  assertEquals(encodeIpv4Udp(ENDPOINTS, new Uint8Array(65507)).length, 65535);
  assertThrows(
    () => encodeIpv4Udp(ENDPOINTS, new Uint8Array(65508)),
    RangeError,
  );
});

const address = fc.nat(0xffffffff).map(ipv4FromBits);
const port = fc.nat(0xffff);
const endpoints = fc.record({
  source: address,
  sourcePort: port,
  destination: address,
  destinationPort: port,
});

Deno.test("decodeIpv4Udp() inverts encodeIpv4Udp()", () => {
  checkProperty(
    fc.property(
      endpoints,
      fc.uint8Array({ maxLength: 600 }),
      (ends, payload) => {
        assertEquals(decodeIpv4Udp(encodeIpv4Udp(ends, payload)), {
          kind: "decoded",
          datagram: { ...ends, payload },
        });
      },
    ),
  );
});

Deno.test("decodeIpv4Udp() detects any single changed bit in a packet", () => {
  for (let bit = 0; bit < PLAIN.length * 8; bit++) {
    const packet = PLAIN.slice();
    packet[bit >> 3] = (packet[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assertEquals(decodeIpv4Udp(packet).kind, "dropped", `bit ${bit}`);
  }
});
