import { assertEquals } from "@std/assert";
import {
  hasWhiteSpace,
  splitWords,
  trimWhiteSpace,
} from "../../../lib/base/whitespace.ts";

// Unicode's White_Space property, which Go uses. JavaScript adds U+FEFF and lacks U+0085.
const CHARACTERS = [
  { name: "tab", character: "\t", isSpace: true },
  { name: "line feed", character: "\n", isSpace: true },
  { name: "vertical tab", character: "\v", isSpace: true },
  { name: "form feed", character: "\f", isSpace: true },
  { name: "carriage return", character: "\r", isSpace: true },
  { name: "space", character: " ", isSpace: true },
  { name: "next line U+0085", character: "\u0085", isSpace: true },
  { name: "no-break space U+00A0", character: "\u00a0", isSpace: true },
  { name: "ogham space U+1680", character: "\u1680", isSpace: true },
  { name: "en quad U+2000", character: "\u2000", isSpace: true },
  { name: "hair space U+200A", character: "\u200a", isSpace: true },
  { name: "line separator U+2028", character: "\u2028", isSpace: true },
  { name: "paragraph separator U+2029", character: "\u2029", isSpace: true },
  { name: "narrow no-break space U+202F", character: "\u202f", isSpace: true },
  {
    name: "mathematical space U+205F",
    character: "\u205f",
    isSpace: true,
  },
  { name: "ideographic space U+3000", character: "\u3000", isSpace: true },
  { name: "backspace", character: "\b", isSpace: false },
  { name: "shift out U+000E", character: "\u000e", isSpace: false },
  { name: "NUL", character: "\0", isSpace: false },
  { name: "zero width space U+200B", character: "\u200b", isSpace: false },
  { name: "mongolian vowel separator", character: "\u180e", isSpace: false },
  { name: "byte order mark U+FEFF", character: "\ufeff", isSpace: false },
] as const;

for (const { name, character, isSpace } of CHARACTERS) {
  const verb = isSpace ? "finds" : "ignores";
  Deno.test(`hasWhiteSpace() ${verb} ${name}`, () => {
    assertEquals(hasWhiteSpace(`a${character}b`), isSpace);
  });

  Deno.test(`trimWhiteSpace() ${isSpace ? "drops" : "keeps"} ${name}`, () => {
    const text = `${character}${character}a${character}`;
    assertEquals(trimWhiteSpace(text), isSpace ? "a" : text);
  });

  Deno.test(`splitWords() ${isSpace ? "splits" : "does not split"} at ${name}`, () => {
    const text = `a${character}b`;
    assertEquals(splitWords(text), isSpace ? ["a", "b"] : [text]);
  });
}

Deno.test("hasWhiteSpace() returns false for empty text", () => {
  assertEquals(hasWhiteSpace(""), false);
});

const TRIMS = [
  { name: "keeps inner white space", input: " a \r\n b\n", want: "a \r\n b" },
  {
    name: "turns white space alone into empty text",
    input: " \t",
    want: "",
  },
  { name: "keeps empty text", input: "", want: "" },
] as const;

for (const { name, input, want } of TRIMS) {
  Deno.test(`trimWhiteSpace() ${name}`, () => {
    assertEquals(trimWhiteSpace(input), want);
  });
}

const SPLITS = [
  { name: "treats a run as one separator", input: "a \t b", want: ["a", "b"] },
  { name: "returns no empty words", input: "  a  ", want: ["a"] },
  { name: "returns nothing for white space", input: " \n", want: [] },
  { name: "returns nothing for empty text", input: "", want: [] },
] as const;

for (const { name, input, want } of SPLITS) {
  Deno.test(`splitWords() ${name}`, () => {
    assertEquals(splitWords(input), [...want]);
  });
}
