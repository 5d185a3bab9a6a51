import { assertEquals } from "@std/assert";
import { encodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import {
  decodeClientPacket,
  encodeClientPacket,
  type PacketDropReason,
} from "../../../../lib/dhcp/codec/packet.ts";
import { decodeIpv4Udp, encodeIpv4Udp } from "../../../../lib/net/ipv4_udp.ts";
import { ascii, hex } from "../../../support/bytes.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const ENDPOINTS = {
  source: ip("192.0.2.1"),
  sourcePort: 67,
  destination: ip("255.255.255.255"),
  destinationPort: 68,
};
const OFFER = reply("OFFER", 7);

Deno.test("decodeClientPacket() returns message and sender, which share no memory with the packet", () => {
  const packet = encodeIpv4Udp(ENDPOINTS, encodeMessage(OFFER));
  const result = decodeClientPacket(packet, "verify");
  packet.fill(0xff);
  assertEquals(result, {
    kind: "message",
    message: OFFER,
    source: ip("192.0.2.1"),
  });
});

testRows<{
  name: string;
  packet: Uint8Array;
  want: PacketDropReason;
}>("decodeClientPacket() drops", [
  { name: "a packet of one byte", packet: hex("00"), want: "short" },
  {
    name: "a datagram to port 67",
    packet: encodeIpv4Udp(
      { ...ENDPOINTS, destinationPort: 67 },
      encodeMessage(OFFER),
    ),
    want: "port",
  },
  {
    name: "a datagram that is not a DHCP message",
    packet: encodeIpv4Udp(ENDPOINTS, ascii("hello")),
    want: "malformed",
  },
], ({ packet, want }) => {
  const result = decodeClientPacket(packet, "verify");
  assertEquals(result.kind === "dropped" && result.reason, want);
  assertEquals(
    result.kind === "dropped" && result.detail !== "",
    want === "malformed",
  );
});

Deno.test("encodeClientPacket() sends from port 68 to port 67", () => {
  const addresses = {
    source: ip("0.0.0.0"),
    destination: ip("255.255.255.255"),
  };
  const packet = encodeClientPacket(addresses, ascii("x"));
  assertEquals(decodeIpv4Udp(packet), {
    kind: "decoded",
    datagram: {
      ...addresses,
      sourcePort: 68,
      destinationPort: 67,
      payload: ascii("x"),
    },
  });
});
