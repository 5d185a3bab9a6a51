import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteWriter } from "../../../../lib/base/byte_writer.ts";
import { DecodeError } from "../../../../lib/base/errors.ts";
import {
  decodeOptions,
  type DhcpOptions,
  encodeOptions,
} from "../../../../lib/dhcp/codec/options.ts";
import { hex } from "../../../support/bytes.ts";
import { options } from "../../../support/dhcp_messages.ts";
import { checkProperty } from "../../../support/property.ts";
import { testRows } from "../../../support/rows.ts";
import { anyOptions } from "./any_options.ts";

interface Row {
  readonly name: string;
  readonly options: string;
  readonly file?: string;
  readonly sname?: string;
  readonly want: Record<number, string>;
  readonly overloaded?: "file" | "sname" | "both";
}

function filled(content: string, width: number): Uint8Array {
  const field = new Uint8Array(width);
  field.set(hex(content));
  return field;
}

testRows<Row>("decodeOptions()", [
  { name: "decodes an empty list", options: "ff", want: {} },
  { name: "decodes one option", options: "35 01 02 ff", want: { 53: "02" } },
  {
    name: "decodes an option without content",
    options: "50 00 ff",
    want: { 80: "" },
  },
  {
    name: "keeps unknown options",
    options: "e0 02 beef fe 01 00 ff",
    want: { 224: "beef", 254: "00" },
  },
  {
    name: "skips Pad, also several in a row",
    options: "00 00 35 01 02 00 00 36 04 c0000201 00 ff",
    want: { 53: "02", 54: "c0000201" },
  },
  {
    name: "ignores bytes after End",
    options: "35 01 02 ff 36 04 c0000201 99 ff 07",
    want: { 53: "02" },
  },
  { name: "accepts a missing End", options: "35 01 02", want: { 53: "02" } },
  { name: "accepts an empty field", options: "", want: {} },
  {
    name:
      "joins parts of one code in order, although other options are between them (RFC 3396 section 5)",
    options: "77 03 010203 35 01 05 77 02 0405 ff",
    want: { 119: "0102030405", 53: "05" },
  },
  {
    name: "reads `file` if option 52 is 1",
    options: "35 01 05 34 01 01 ff",
    file: "03 04 c0000201 ff 0c 01 41",
    sname: "0c 01 41 ff",
    want: { 53: "05", 3: "c0000201" },
    overloaded: "file",
  },
  {
    name: "reads `sname` if option 52 is 2",
    options: "35 01 05 34 01 02 ff",
    file: "03 04 c0000201 ff",
    sname: "0c 01 41 ff",
    want: { 53: "05", 12: "41" },
    overloaded: "sname",
  },
  {
    name:
      "joins parts in the options field, `file` and `sname`, in this order, if option 52 is 3 (RFC 3396 section 5)",
    options: "0c 01 61 34 01 03 ff",
    file: "0c 01 62 ff",
    sname: "0c 01 63 ff",
    want: { 12: "616263" },
    overloaded: "both",
  },
  {
    name: "ignores an option 52 in `file`",
    options: "34 01 01 ff",
    file: "34 01 02 ff",
    sname: "0c 01 63 ff",
    want: {},
    overloaded: "file",
  },
  {
    name: "obeys an option 52 that is not the last option",
    options: "34 01 01 0c 01 61 ff",
    file: "0c 01 62 ff",
    want: { 12: "6162" },
    overloaded: "file",
  },
  {
    name: "accepts an overloaded field full of Pad",
    options: "34 01 03 ff",
    want: {},
    overloaded: "both",
  },
], ({ options: field, file = "", sname = "", want, overloaded }) => {
  const decoded = decodeOptions({
    options: hex(field),
    file: filled(file, 128),
    sname: filled(sname, 64),
  });
  assertEquals(decoded, {
    options: options(want),
    isFileOverloaded: overloaded === "file" || overloaded === "both",
    isSnameOverloaded: overloaded === "sname" || overloaded === "both",
  });
});

testRows("decodeOptions() refuses", [
  { name: "a code without a length", field: "35" },
  { name: "an option longer than the field", field: "35 02 02" },
  {
    name: "an option that extends over End and past the field",
    field: "35 03 02 ff",
  },
  { name: "option 52 with the value 0", field: "34 01 00 ff" },
  { name: "option 52 with the value 4", field: "34 01 04 ff" },
  { name: "option 52 of two bytes", field: "34 02 0101 ff" },
  { name: "option 52 without content", field: "34 00 ff" },
  { name: "option 52 twice", field: "34 01 01 34 01 02 ff" },
], ({ field }) => {
  const fields = {
    options: hex(field),
    file: new Uint8Array(128),
    sname: new Uint8Array(64),
  };
  assertThrows(() => decodeOptions(fields), DecodeError);
});

Deno.test("decodeOptions() refuses an option longer than an overloaded field", () => {
  const file = new Uint8Array(128);
  file.set([12, 127]);
  const fields = { options: hex("340101ff"), file, sname: new Uint8Array(64) };
  assertThrows(() => decodeOptions(fields), DecodeError);
});

function encoded(given: DhcpOptions): Uint8Array {
  const writer = new ByteWriter();
  encodeOptions(given, writer);
  return writer.finish();
}

testRows("encodeOptions()", [
  { name: "encodes an empty list as End", given: {}, want: "ff" },
  {
    name: "encodes the message type first, then ascending codes",
    given: { 61: "01", 3: "02", 53: "03", 1: "04" },
    want: "35 01 03 01 01 04 03 01 02 3d 01 01 ff",
  },
  {
    name:
      'encodes option 82 last (RFC 3046 section 2.1: "it SHOULD be the last option in the packet")',
    given: { 82: "01", 121: "02", 254: "03" },
    want: "79 01 02 fe 01 03 52 01 01 ff",
  },
  { name: "encodes an empty content", given: { 80: "" }, want: "50 00 ff" },
], ({ given, want }) => {
  assertEquals(encoded(options(given)), hex(want));
});

testRows("encodeOptions() splits a content of", [
  { name: "255 bytes into one part", length: 255, parts: [255] },
  { name: "256 bytes into two parts", length: 256, parts: [255, 1] },
  { name: "510 bytes into two parts", length: 510, parts: [255, 255] },
  { name: "700 bytes into three parts", length: 700, parts: [255, 255, 190] },
], ({ length, parts }) => {
  const content = Uint8Array.from({ length }, (_, index) => index & 0xff);
  const bytes = encoded(new Map([[119, content]]));
  let offset = 0;
  for (const part of parts) {
    assertEquals([bytes[offset], bytes[offset + 1]], [119, part]);
    offset += 2 + part;
  }
  assertEquals([bytes[offset], bytes.length], [0xff, offset + 1]);
});

testRows("encodeOptions() refuses", [
  { name: "Pad (0)", code: 0 },
  { name: "End (255)", code: 255 },
  { name: "option 52", code: 52 },
  { name: "a code above 255", code: 256 },
], ({ code }) => {
  assertThrows(() => encoded(new Map([[code, hex("01")]])), RangeError);
});

Deno.test("decodeOptions() returns what encodeOptions() encoded, for any options", () => {
  checkProperty(fc.property(anyOptions, (given) => {
    const fields = {
      options: encoded(given),
      file: new Uint8Array(128),
      sname: new Uint8Array(64),
    };
    assertEquals(decodeOptions(fields).options, given);
  }));
});

Deno.test("decodeOptions() returns the same contents, however the parts are spread over the fields", () => {
  const parts = fc.array(
    fc.tuple(
      fc.integer({ min: 53, max: 60 }),
      fc.uint8Array({ maxLength: 9 }),
    ),
    { maxLength: 12 },
  );
  checkProperty(fc.property(parts, fc.nat(12), fc.nat(12), (entries, a, b) => {
    const [first, second] = [Math.min(a, b), Math.max(a, b)];
    const field = (from: number, to: number, size: number): Uint8Array => {
      const bytes = entries.slice(from, to).flatMap((
        [code, content],
      ) => [code, content.length, ...content]);
      return Uint8Array.from({ length: size }, (_, i) => bytes[i] ?? 0);
    };
    fc.pre(entries.slice(second).length <= 5);
    const spread = decodeOptions({
      options: Uint8Array.of(52, 1, 3, ...field(0, first, 200)),
      file: field(first, second, 128),
      sname: field(second, entries.length, 64),
    });
    const together = decodeOptions({
      options: field(0, entries.length, 200),
      file: new Uint8Array(128),
      sname: new Uint8Array(64),
    });
    assertEquals(spread.options, together.options);
  }));
});
