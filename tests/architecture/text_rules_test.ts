import { assertEquals } from "@std/assert";
import {
  commentProblems,
  docProblems,
  headerProblems,
  wordProblems,
} from "./text_rules.ts";

const HEADER = "/** What it is. @module */\n";

Deno.test("headerProblems() finds a missing header", () => {
  assertEquals(headerProblems("a.ts", "export {};\n"), [
    "a.ts does not begin with a comment that ends in @module",
  ]);
});

Deno.test("headerProblems() finds a header that is not at the top", () => {
  assertEquals(headerProblems("a.ts", `/** Something else. */\n${HEADER}`), [
    "a.ts does not begin with a comment that ends in @module",
  ]);
});

Deno.test("docProblems() finds an export without a comment", () => {
  const docs = {
    symbols: [
      { name: "bare", declarations: [{ declarationKind: "export" }] },
      {
        name: "empty",
        declarations: [{ declarationKind: "export", jsDoc: {} }],
      },
      {
        name: "described",
        declarations: [{ declarationKind: "export", jsDoc: { doc: "Why." } }],
      },
      {
        name: "tagged",
        declarations: [{ declarationKind: "export", jsDoc: { tags: [{}] } }],
      },
      { name: "inner", declarations: [{ declarationKind: "private" }] },
    ],
  };
  assertEquals(docProblems("a.ts", docs), [
    "a.ts exports bare without a doc comment",
    "a.ts exports empty without a doc comment",
  ]);
});

const WORD_ROWS = [
  { name: "finds a word in a comment", text: "// Made anew.", words: ["anew"] },
  {
    name: "finds words in identifiers",
    text: "const MOST_BYTES = new KeeperError();",
    words: ["Keeper", "MOST_"],
  },
  {
    name: "accepts other words",
    text: "// Renewed by the bookkeeping. These are told apart.",
    words: [],
  },
];

for (const { name, text, words } of WORD_ROWS) {
  Deno.test(`wordProblems() ${name}`, () => {
    const found = wordProblems("a.ts", `\n${text}\n`);
    assertEquals(
      found.map((line) => line.replace(/: write .*/, "")),
      words.map((word) => `a.ts:2 ${word}`),
    );
  });
}

const COMMENT_ROWS = [
  { name: "accepts a short comment", text: "  // Short.", want: [] },
  {
    name: "accepts wide code",
    text: `const a = "${"x".repeat(100)}";`,
    want: [],
  },
  {
    name: "finds a wide comment",
    text: ` * ${"x ".repeat(60)}`,
    want: ["a.ts:1 comment is wider than 100 columns"],
  },
  {
    name: "accepts a wide row of a table",
    text: ` * | ${"x ".repeat(60)}|`,
    want: [],
  },
  {
    name: "accepts conditions in lower case, and error names",
    text:
      "/** @throws {DecodeError} if empty. */\n * @throws {SyscallError} EPERM",
    want: [],
  },
  {
    name: "accepts a condition with several errors",
    text: " * @throws {CniError | SystemError} if there is no lease",
    want: [],
  },
  {
    name: "finds a condition in upper case, and an error without a type",
    text: "/** @throws {DecodeError} If empty. */\n * @throws if empty",
    want: [
      "a.ts:1 write @throws {Error} if ..., in lower case",
      "a.ts:2 write @throws {Error} if ..., in lower case",
    ],
  },
];

for (const { name, text, want } of COMMENT_ROWS) {
  Deno.test(`commentProblems() ${name}`, () => {
    assertEquals(commentProblems("a.ts", text), want);
  });
}
