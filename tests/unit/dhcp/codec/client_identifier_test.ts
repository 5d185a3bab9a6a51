import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  duidFromLinkLayer,
  duidFromUuid,
  duidIdentifier,
  hardwareIdentifier,
  parseHexIdentifier,
} from "../../../../lib/dhcp/codec/client_identifier.ts";
import { ascii, hex } from "../../../support/bytes.ts";
import { testRows } from "../../../support/rows.ts";
import {
  attachmentIaid,
  attachmentIdentifier,
} from "../../../../lib/dhcp/daemon/client_identity.ts";

/** Stands in for a hash: 16 bytes that depend on all of the input. */
function digest(bytes: Uint8Array): Uint8Array {
  const sum = bytes.reduce((a, b, i) => (a * 31 + b + i) >>> 0, 7);
  const out = new Uint8Array(16);
  new DataView(out.buffer).setUint32(0, sum);
  return out;
}

const attachment = (containerId: string, ifName = "eth0"): {
  containerId: string;
  networkName: string;
  ifName: string;
} => ({ containerId, networkName: "mynet", ifName });

Deno.test("attachmentIdentifier() is 0x00 and containerID/network/ifname, as upstream's", () => {
  assertEquals(
    attachmentIdentifier(attachment("c1"), digest),
    hex("00 63312f6d796e65742f65746830"),
  );
});

testRows("attachmentIdentifier() of a text of", [
  { name: "254 bytes is the text", length: 254, isText: true },
  { name: "255 bytes is its digest", length: 255, isText: false },
], ({ length, isText }) => {
  const containerId = "c".repeat(length - "/mynet/eth0".length);
  const identifier = attachmentIdentifier(attachment(containerId), digest);
  const text = ascii(`${containerId}/mynet/eth0`);
  assertEquals(identifier[0], 0);
  assertEquals(identifier.length, isText ? 255 : 33);
  if (isText) assertEquals(identifier.slice(1), text);
});

Deno.test("attachmentIdentifier() differs between two interfaces with the same long container ID", () => {
  const id = "c".repeat(300);
  assertNotEquals(
    attachmentIdentifier(attachment(id, "eth0"), digest),
    attachmentIdentifier(attachment(id, "eth1"), digest),
  );
});

Deno.test("hardwareIdentifier() has the hardware type and the address (RFC 2132 section 9.14)", () => {
  assertEquals(
    hardwareIdentifier(1, hex("02005e100001")),
    hex("01 02005e100001"),
  );
});

Deno.test("duidIdentifier() has 255, the IAID and the DUID (RFC 4361 section 6.1)", () => {
  const duid = duidFromLinkLayer(1, hex("02005e100001"));
  assertEquals(
    duidIdentifier(0xdeadbeef, duid),
    hex("ff deadbeef 0003 0001 02005e100001"),
  );
});

Deno.test("duidFromUuid() has type 4 and the UUID (RFC 6355 section 4)", () => {
  const uuid = hex("00112233445566778899aabbccddeeff");
  assertEquals(duidFromUuid(uuid), Uint8Array.of(0, 4, ...uuid));
});

Deno.test("attachmentIaid() is the same for one interface and differs between interfaces", () => {
  const first = attachmentIaid(attachment("c1", "eth0"), digest);
  assertEquals(first, attachmentIaid(attachment("c1", "eth0"), digest));
  assertNotEquals(first, attachmentIaid(attachment("c1", "eth1"), digest));
  assert(Number.isInteger(first) && first >= 0 && first <= 0xffffffff);
});

testRows("parseHexIdentifier()", [
  { name: "parses digits", text: "00aabb", want: "00aabb" },
  {
    name: "parses digits with colons",
    text: "01:02:00:5e:10:00:01",
    want: "0102005e100001",
  },
  { name: "parses 255 bytes", text: "aa".repeat(255), want: "aa".repeat(255) },
  { name: "refuses 256 bytes", text: "aa".repeat(256), want: undefined },
  {
    name: 'refuses 1 byte (RFC 2132 section 9.14: "its minimum length is 2")',
    text: "aa",
    want: undefined,
  },
  {
    name: "refuses text that is not hexadecimal",
    text: "client",
    want: undefined,
  },
], ({ text, want }) => {
  assertEquals(
    parseHexIdentifier(text),
    want === undefined ? undefined : hex(want),
  );
});
