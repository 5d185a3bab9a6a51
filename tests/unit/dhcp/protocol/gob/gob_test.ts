import { assertEquals } from "@std/assert";
import { DecodeError } from "../../../../../lib/base/errors.ts";
import { formatHex } from "../../../../../lib/base/hex.ts";
import {
  GobDecoder,
  type GobRecord,
} from "../../../../../lib/dhcp/protocol/gob/gob_decoder.ts";
import {
  GobEncoder,
  type GobStruct,
} from "../../../../../lib/dhcp/protocol/gob/gob_encoder.ts";
import {
  CMD_ARGS,
  RPC_REQUEST,
} from "../../../../../lib/dhcp/protocol/upstream_protocol.ts";
import { ascii, hex } from "../../../../support/bytes.ts";
import { checkProperty } from "../../../../support/property.ts";
import { testRows } from "../../../../support/rows.ts";
import { thrownBy } from "../../../base/thrown.ts";
import fc from "fast-check";

const MAX_BYTES = 65_536;

/** The captured request of upstream's plugin, release 1.1.1, for an ADD. */
const UPSTREAM_REQUEST =
  "2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c000103536571010600000012ff82010d444843502e416c6c6f63617465005aff8303010107436d644172677301ff84000106010b436f6e7461696e65724944010c0001054e65746e73010c00010649664e616d65010c00010441726773010c00010450617468010c000109537464696e44617461010a00000042ff840102633101102f7661722f72756e2f6e65746e732f780104657468300103413d62010c2f6f70742f636e692f62696e010e7b226e616d65223a226e6574227d00";
/** The response of its daemon: one address and a default route. */
const UPSTREAM_RESPONSE =
  "3aff8103010108526573706f6e736501ff82000103010d536572766963654d6574686f64010c00010353657101060001054572726f72010c00000012ff82010d444843502e416c6c6f636174650051ff8303010106526573756c7401ff84000105010a434e4956657273696f6e010c00010a496e746572666163657301ff8800010349507301ff8e000106526f7574657301ff92000103444e5301ff9400000024ff87020101155b5d2a74797065733130302e496e7465726661636501ff880001ff86000029ff85030102ff8600010301044e616d65010c0001034d6163010c00010753616e64626f78010c00000023ff8d020101145b5d2a74797065733130302e4950436f6e66696701ff8e0001ff8a000033ff89030102ff8a0001030109496e7465726661636501040001074164647265737301ff8c00010747617465776179010a00000023ff8b0301010549504e657401ff8c00010201024950010a0001044d61736b010a0000001dff910201010e5b5d2a74797065732e526f75746501ff920001ff9000001cff8f030102ff90000102010344737401ff8c0001024757010a00000046ff9303010103444e5301ff94000104010b4e616d657365727665727301ff96000106446f6d61696e010c00010653656172636801ff960001074f7074696f6e7301ff9600000016ff95020101085b5d737472696e6701ff9600010c000033ff840301020104c00002320104ffffff00000104c000020100010101010400000000010400000000000104c000020100010000";

function decodeAll(bytes: Uint8Array, size = bytes.length): GobRecord[] {
  const decoder = new GobDecoder(MAX_BYTES);
  const found: GobRecord[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    decoder.push(bytes.subarray(at, at + size));
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      found.push(next);
    }
  }
  return found;
}

const REQUEST = [
  { ServiceMethod: "DHCP.Allocate" },
  {
    ContainerID: "c1",
    Netns: "/var/run/netns/x",
    IfName: "eth0",
    Args: "A=b",
    Path: "/opt/cni/bin",
    StdinData: ascii('{"name":"net"}'),
  },
];

const RESPONSE = [
  { ServiceMethod: "DHCP.Allocate" },
  {
    IPs: [{
      Address: { IP: hex("c0000232"), Mask: hex("ffffff00") },
      Gateway: hex("c0000201"),
    }],
    Routes: [{
      Dst: { IP: hex("00000000"), Mask: hex("00000000") },
      GW: hex("c0000201"),
    }],
    DNS: {},
  },
];

testRows("GobDecoder decodes the response of upstream's daemon in pieces of", [
  { name: "1 byte", size: 1 },
  { name: "7 bytes", size: 7 },
  { name: "4096 bytes", size: 4096 },
], ({ size }) => {
  assertEquals(decodeAll(hex(UPSTREAM_RESPONSE), size), RESPONSE);
});

Deno.test("GobDecoder decodes the request of upstream's plugin", () => {
  assertEquals(decodeAll(hex(UPSTREAM_REQUEST)), REQUEST);
});

const PAIR: GobStruct = {
  name: "Pair",
  fields: [["Text", "string"], ["Number", "int"], ["Count", "uint"], [
    "Bytes",
    "bytes",
  ], [
    "List",
    { element: { name: "Item", fields: [["Name", "string"]] } },
  ], ["Inner", { name: "Inner", fields: [["Name", "string"]] }]],
};

Deno.test("GobEncoder encodes a request to the same bytes as upstream's plugin", () => {
  const encoder = new GobEncoder();
  const [header = {}, args = {}] = REQUEST;
  assertEquals(
    formatHex(encoder.encode(RPC_REQUEST, header)) +
      formatHex(encoder.encode(CMD_ARGS, args)),
    UPSTREAM_REQUEST,
  );
});

Deno.test("GobEncoder describes a type only once", () => {
  const encoder = new GobEncoder();
  encoder.encode(RPC_REQUEST, { ServiceMethod: "a" });
  assertEquals(
    formatHex(encoder.encode(RPC_REQUEST, { ServiceMethod: "a", Seq: 300 })),
    "0aff82010161" + "01fe012c" + "00",
  );
});

testRows("GobDecoder decodes what GobEncoder encodes:", [
  { name: "an empty struct", value: {} },
  { name: "a negative number", value: { Number: -1 } },
  { name: "the lowest 32-bit number", value: { Number: -(2 ** 31) } },
  { name: "127 and 128", value: { Number: 127, Count: 128 } },
  { name: "the highest number", value: { Count: Number.MAX_SAFE_INTEGER } },
  {
    name: "a list and a struct",
    value: { List: [{ Name: "a" }, {}], Inner: { Name: "b" } },
  },
  { name: "bytes", value: { Bytes: hex("00ff") } },
  { name: "text of 400 bytes", value: { Text: "ü".repeat(200) } },
], ({ value }) => {
  const bytes = new GobEncoder().encode(PAIR, value);
  assertEquals(decodeAll(bytes), [value]);
});

testRows<{ name: string; input: string; message: string; error?: string }>(
  "GobDecoder refuses",
  [
    {
      name: "a type that was not described",
      input: "03ff8200",
      message: "Cannot decode a value of type 65: it was not described",
    },
    {
      name: "a message that is too long",
      input: "fd200000",
      error: "TooLongError",
      message:
        "Cannot decode a message of 2097152 bytes: expected at most 65536",
    },
    {
      name: "a field that the struct does not have",
      input: UPSTREAM_REQUEST.slice(0, 2 * 0x30) + "04ff820900",
      message: "Cannot decode field 8: its struct has no such field",
    },
    {
      name: "a list that is longer than its message",
      input: "05ff8103027f",
      message: "Cannot decode a list of 127 elements: it exceeds its message",
    },
    {
      name: "a number of nine bytes",
      input: "03f70000",
      message: "Cannot decode type: a number of 9 bytes, expected at most 8",
    },
  ],
  ({ input, message, error = "DecodeError" }) => {
    const thrown = thrownBy(() => decodeAll(hex(input)));
    assertEquals([thrown?.["name"], thrown?.["message"]], [error, message]);
  },
);

Deno.test("GobDecoder throws only DecodeError", () => {
  checkProperty(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(380),
      (noise, at) => {
        const bytes = hex(UPSTREAM_RESPONSE);
        bytes.set(noise, at);
        try {
          decodeAll(bytes);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      },
    ),
    2000,
  );
});
