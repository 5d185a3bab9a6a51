import { assertEquals } from "@std/assert";
import { BufferedInput } from "../../../lib/base/buffered_input.ts";
import { ascii } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";
import { rejectionOf } from "./thrown.ts";

const MAX_LINE_BYTES = 8;

/** Reads bytes until the input has ended. */
async function readAll(input: BufferedInput): Promise<string> {
  let text = "";
  for (;;) {
    const bytes = await input.readBytes();
    if (bytes === undefined) return text;
    text += new TextDecoder().decode(bytes);
  }
}

testRows("BufferedInput hands over every byte, in order:", [
  { name: "pieces before the reader", early: ["ab", "cd"], late: [] },
  { name: "one piece after it", early: [], late: ["abcd"] },
  {
    name: "pieces that arrive while the reader is resuming",
    early: [],
    late: ["a", "b", "c", "d"],
  },
  { name: "pieces on both sides", early: ["a"], late: ["b", "c", "d"] },
  { name: "empty pieces", early: ["", "ab"], late: ["", "cd", ""] },
  { name: "line feeds", early: ["a\n"], late: ["\nb", "\n"] },
], async ({ early, late }) => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  for (const piece of early) input.push(ascii(piece));
  const read = readAll(input);
  for (const piece of late) input.push(ascii(piece));
  input.end();
  assertEquals(await read, [...early, ...late].join(""));
});

Deno.test("BufferedInput: a line leaves the bytes after it to the next reader", async () => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  const line = input.readLine();
  input.push(ascii("one\ntw"));
  input.push(ascii("o"));
  assertEquals(await line, "one");
  const bytes = await input.readBytes();
  assertEquals(bytes, ascii("two"));
});

Deno.test("BufferedInput: a reader that has failed removes nothing", async () => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  const failed = rejectionOf(() => input.readLine());
  input.fail(new Error("late"));
  input.push(ascii("one\n"));
  assertEquals((await failed)?.["message"], "late");
  assertEquals(await input.readLine(), "one");
});

Deno.test("BufferedInput.fail() without a reader changes nothing", async () => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  input.fail(new Error("late"));
  input.push(ascii("one\n"));
  assertEquals(await input.readLine(), "one");
});

testRows("BufferedInput.readLine() fails for", [
  { name: "a line that is too long", text: "123456789", error: "TooLongError" },
  { name: "a truncated line", text: "123", error: "DecodeError" },
], async ({ text, error }) => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  const failed = rejectionOf(() => input.readLine());
  input.push(ascii(text));
  input.end();
  assertEquals((await failed)?.["name"], error);
});

Deno.test("BufferedInput reads the rest of a line that is too long as bytes", async () => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  input.push(ascii("123456789"));
  await rejectionOf(() => input.readLine());
  assertEquals(input.needsMore, false);
  assertEquals(await input.readBytes(), ascii("123456789"));
  assertEquals(input.needsMore, true);
  input.push(ascii("x"));
  assertEquals(await input.readBytes(), ascii("x"));
});

Deno.test("BufferedInput gives undefined at the end", async () => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  const line = input.readLine();
  input.end();
  assertEquals([await line, input.needsMore], [undefined, false]);
  assertEquals(await input.readLine(), undefined);
  assertEquals(await input.readBytes(), undefined);
});

testRows("BufferedInput.peekByte() returns", [
  { name: "the first byte that waits", early: "ab", late: "", want: 0x61 },
  { name: "the first byte that arrives", early: "", late: "ab", want: 0x61 },
  { name: "nothing at the end", early: "", late: "", want: undefined },
], async ({ early, late, want }) => {
  const input = new BufferedInput(MAX_LINE_BYTES);
  input.push(ascii(early));
  const peeked = input.peekByte();
  input.push(ascii(late));
  input.end();
  assertEquals(await peeked, want);
  // It is left to the next reader.
  assertEquals(await readAll(input), early + late);
});
