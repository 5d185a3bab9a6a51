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

testRows("LineDecoder", [
  { name: "one line", pieces: ["abc\n"], want: ["abc"] },
  { name: "two in one piece", pieces: ["abc\nd\n"], want: ["abc", "d"] },
  { name: "one in many pieces", pieces: ["a", "", "b", "c\n"], want: ["abc"] },
  { name: "an empty line", pieces: ["\n\n"], want: ["", ""] },
  { name: "the longest line", pieces: ["12345678\n"], want: ["12345678"] },
  { name: "no end yet", pieces: ["abc"], want: [] },
  {
    name: "many longest lines",
    pieces: ["12345678\n12345678\n1234", "5678\n"],
    want: ["12345678", "12345678", "12345678"],
  },
], ({ pieces, want }) => {
  const decoder = new LineDecoder(8);
  pieces.forEach((piece) => decoder.push(ascii(piece)));
  assertEquals(lines(decoder), want);
});

Deno.test("LineDecoder takes a character that is cut in two", () => {
  const decoder = new LineDecoder(8);
  const bytes = encodeLine("ä");
  decoder.push(bytes.subarray(0, 1));
  assertEquals(decoder.next(), undefined);
  decoder.push(bytes.subarray(1));
  assertEquals(decoder.next(), "ä");
});

testRows("LineDecoder refuses", [
  { name: "a line that is too long", bytes: ascii("123456789\n") },
  { name: "a line that will be too long", bytes: ascii("123456789") },
  { name: "what is not UTF-8", bytes: Uint8Array.of(0xff, 0x0a) },
], ({ bytes }) => {
  const decoder = new LineDecoder(8);
  decoder.push(bytes);
  assertThrows(() => decoder.next(), DecodeError);
});

Deno.test("LineDecoder knows whether it needs more, and is inside a line", () => {
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
