import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import { encodeLine, LineDecoder } from "../../../lib/base/line_framing.ts";
import { ascii } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

function lines(decoder: LineDecoder): string[] {
  const found: string[] = [];
  for (;;) {
    const line = decoder.next();
    if (line === undefined) return found;
    found.push(line);
  }
}

testRows("LineDecoder returns", [
  { name: "one line", pieces: ["abc\n"], want: ["abc"] },
  { name: "two lines of one piece", pieces: ["abc\nd\n"], want: ["abc", "d"] },
  {
    name: "one line of many pieces",
    pieces: ["a", "", "b", "c\n"],
    want: ["abc"],
  },
  { name: "an empty line", pieces: ["\n\n"], want: ["", ""] },
  {
    name: "a line of maximum length",
    pieces: ["12345678\n"],
    want: ["12345678"],
  },
  { name: "nothing while the line is incomplete", pieces: ["abc"], want: [] },
  {
    name: "several lines of maximum length",
    pieces: ["12345678\n12345678\n1234", "5678\n"],
    want: ["12345678", "12345678", "12345678"],
  },
], ({ pieces, want }) => {
  const decoder = new LineDecoder(8);
  pieces.forEach((piece) => decoder.push(ascii(piece)));
  assertEquals(lines(decoder), want);
});

Deno.test("LineDecoder joins a character that is split between pieces", () => {
  const decoder = new LineDecoder(8);
  const bytes = encodeLine("ä");
  decoder.push(bytes.subarray(0, 1));
  assertEquals(decoder.next(), undefined);
  decoder.push(bytes.subarray(1));
  assertEquals(decoder.next(), "ä");
});

testRows("LineDecoder refuses", [
  { name: "a line that is too long", bytes: ascii("123456789\n") },
  {
    name: "an incomplete line that is too long already",
    bytes: ascii("123456789"),
  },
  { name: "a line that is not UTF-8", bytes: Uint8Array.of(0xff, 0x0a) },
], ({ bytes }) => {
  const decoder = new LineDecoder(8);
  decoder.push(bytes);
  assertThrows(() => decoder.next(), DecodeError);
});

Deno.test("LineDecoder knows whether it needs more bytes and whether it is inside a line", () => {
  const decoder = new LineDecoder(4);
  const states = ["", "ab", "cd", "e"].map((piece) => {
    decoder.push(ascii(piece));
    return [decoder.needsMore, decoder.isInside];
  });
  assertEquals(states, [
    [true, false],
    [true, true],
    [true, true],
    [false, true],
  ]);
  const other = new LineDecoder(4);
  other.push(ascii("a\nb"));
  assertEquals([other.needsMore, other.isInside], [false, false]);
});

Deno.test("encodeLine() refuses a line feed", () => {
  assertThrows(() => encodeLine("a\nb"), RangeError);
});
