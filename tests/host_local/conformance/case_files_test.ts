/** The layout of the case files of both suites. @module */

import { assertEquals } from "@std/assert";
import { caseFiles, formatCases } from "../../../tools/format_cases.ts";
import { testRows } from "../../support/rows.ts";

Deno.test("every case file is formatted", () => {
  const unformatted = caseFiles().filter((path) => {
    const text = Deno.readTextFileSync(path);
    return text !== formatCases(text);
  });
  assertEquals(unformatted, [], "run deno task format:cases");
});

const LONG = "x".repeat(60);

testRows("formatCases()", [
  {
    name: "prints on one line what fits",
    text: '{"a":[1,{"b":null}],\n"c":[],"d":{}}',
    want: ['{ "a": [1, { "b": null }], "c": [], "d": {} }'],
  },
  {
    name: "prints one entry on each line of an object that does not fit",
    text: `{"a":"${LONG}","b":{"c":"${LONG}"}}`,
    want: ["{", `  "a": "${LONG}",`, `  "b": { "c": "${LONG}" }`, "}"],
  },
  {
    name: "prints one element on each line of a list that does not fit",
    text: `["${LONG}","${LONG}"]`,
    want: ["[", `  "${LONG}",`, `  "${LONG}"`, "]"],
  },
  {
    name: "keeps an only entry on the line of its parent",
    text: `{"a":[[{"b":"${LONG}","c":"${LONG}"}]]}`,
    want: ['{ "a": [[{', `  "b": "${LONG}",`, `  "c": "${LONG}"`, "}]] }"],
  },
  {
    name: "escapes characters that an editor does not show",
    text: '["\u00a0\u200b\u2028 é"]',
    want: ['["\\u00a0\\u200b\\u2028 é"]'],
  },
], ({ text, want }) => {
  const formatted = formatCases(text);
  assertEquals(formatted, `${want.join("\n")}\n`);
  assertEquals(JSON.parse(formatted), JSON.parse(text));
  assertEquals(formatCases(formatted), formatted);
});
