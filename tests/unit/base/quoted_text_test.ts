import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { quotedText, shortened } from "../../../lib/base/quoted_text.ts";
import { checkProperty } from "../../support/property.ts";
import { testRows } from "../../support/rows.ts";

testRows("quotedText()", [
  { name: "quotes plain text", text: "no lease", want: '"no lease"' },
  { name: "escapes quotes", text: 'say "no"', want: '"say \\"no\\""' },
  {
    name: "keeps letters of other scripts",
    text: "ungültig 拒否",
    want: '"ungültig 拒否"',
  },
  {
    name: "escapes C0 controls",
    text: "\x1b[2J\r\n\0",
    want: '"\\u001b[2J\\r\\n\\u0000"',
  },
  { name: "escapes DEL", text: "a\x7fb", want: '"a\\u007fb"' },
  {
    name: "escapes C1 controls",
    text: "\u{80}\u{9b}2J\u{9f}",
    want: '"\\u0080\\u009b2J\\u009f"',
  },
  {
    name: "escapes marks of direction",
    text: "\u200e\u202a\u202e\u2066\u2069\u061c",
    want: '"\\u200e\\u202a\\u202e\\u2066\\u2069\\u061c"',
  },
  {
    name: "escapes other format characters",
    text: "\u00ad\u200b\u2060\ufeff\u{e0041}",
    want: '"\\u00ad\\u200b\\u2060\\ufeff\\udb40\\udc41"',
  },
  {
    name: "escapes separators of lines and paragraphs",
    text: "a\u2028b\u2029c",
    want: '"a\\u2028b\\u2029c"',
  },
  {
    name: "escapes half of a surrogate pair",
    text: "\ud800x",
    want: '"\\ud800x"',
  },
], ({ text, want }) => assertEquals(quotedText(text), want));

Deno.test("quotedText() returns JSON of the same text, without invisible characters", () => {
  checkProperty(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const quoted = quotedText(text);
      assertEquals(JSON.parse(quoted), text);
      assertEquals(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(quoted), false);
    }),
    1000,
  );
});

testRows("shortened()", [
  { name: "keeps a short text", text: "four", want: "four" },
  { name: "cuts a long one", text: "fives", want: "five..." },
  { name: "counts a pair as one", text: "😀😀😀😀", want: "😀😀😀😀" },
  { name: "cuts no pair", text: "😀😀😀😀😀", want: "😀😀😀😀..." },
  {
    name: "cuts a very long text",
    text: "x".repeat(1_000_000),
    want: "xxxx...",
  },
], ({ text, want }) => assertEquals(shortened(text, 4), want));
