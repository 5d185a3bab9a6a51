/** The runner must notice every kind of wrong outcome, else a green suite says nothing. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { parseCases, type Step, substitute } from "./case_format.ts";
import { compareStdout, type Target } from "./compare_stdout.ts";
import { compareTree, type Found } from "./file_tree.ts";
import { expectationsFor } from "./runner.ts";

const HERE = '{\n    "cniVersion": "1.0.0",\n    "code": 7,\n    "msg": "m"\n}';
const UPSTREAM = '{\n    "code": 999,\n    "msg": "m"\n}';

const STDOUT: readonly {
  readonly name: string;
  readonly expected: Parameters<typeof compareStdout>[0];
  readonly actual: string;
  readonly target?: Target;
  readonly matches: boolean;
}[] = [
  { name: "the same text", expected: "a\n", actual: "a\n", matches: true },
  {
    name: "one line feed less",
    expected: "a\n",
    actual: "a",
    matches: false,
  },
  { name: "lines", expected: ["a", "b"], actual: "a\nb", matches: true },
  {
    name: "a result",
    expected: { result: { a: "<" } },
    actual: '{\n    "a": "\\u003c"\n}',
    matches: true,
  },
  {
    name: "a result in another order",
    expected: { result: { a: 1, b: 2 } },
    actual: '{\n    "b": 2,\n    "a": 1\n}',
    matches: false,
  },
  {
    name: "an error",
    expected: { cniVersion: "1.0.0", code: 7, msg: "m" },
    actual: HERE,
    matches: true,
  },
  {
    name: "an error of another version",
    expected: { cniVersion: "0.4.0", code: 7, msg: "m" },
    actual: HERE,
    matches: false,
  },
  {
    name: "an error of another code",
    expected: { code: 6, msg: "m" },
    actual: HERE,
    matches: false,
  },
  {
    name: "an error with another message",
    expected: { code: 7, msg: "n" },
    actual: HERE,
    matches: false,
  },
  {
    name: "an error whose message begins otherwise",
    expected: { code: 7, msgPrefix: "n" },
    actual: HERE,
    matches: false,
  },
  {
    name: "an error that lacks the details",
    expected: { code: 7, msg: "m", details: "d" },
    actual: HERE,
    matches: false,
  },
  {
    name: "an error with a line feed at the end",
    expected: { code: 7, msg: "m" },
    actual: `${HERE}\n`,
    matches: false,
  },
  {
    name: "an error in compact form",
    expected: { code: 7, msg: "m" },
    actual: '{"cniVersion":"1.0.0","code":7,"msg":"m"}',
    matches: false,
  },
  {
    name: "an error after a result",
    expected: { code: 7, msg: "m" },
    actual: `{}${HERE}`,
    matches: false,
  },
  {
    name: "an error without cniVersion",
    expected: { code: 999, msg: "m" },
    actual: UPSTREAM,
    matches: false,
  },
  {
    name: "upstream's error",
    expected: { cniVersion: "1.0.0", code: 999, msg: "m" },
    actual: UPSTREAM,
    target: "upstream",
    matches: true,
  },
  {
    name: "upstream's error with a cniVersion",
    expected: { code: 7, msg: "m" },
    actual: HERE,
    target: "upstream",
    matches: false,
  },
];

for (const { name, expected, actual, target = "here", matches } of STDOUT) {
  Deno.test(`compareStdout() ${name}`, () => {
    assertEquals(
      compareStdout(expected, { actual, target }).length === 0,
      matches,
    );
  });
}

const file = (text: string, mode = "0600"): Found => ({
  type: "file",
  text,
  mode,
});
const directory: Found = { type: "directory", text: "", mode: "0755" };

const TREES: readonly {
  readonly name: string;
  readonly expected: Parameters<typeof compareTree>[0];
  readonly actual: Readonly<Record<string, Found>>;
  readonly problems: readonly string[];
}[] = [
  {
    name: "the same files",
    expected: { "n/a": "x", "n/b": { content: "", mode: "0600" } },
    actual: { "n": directory, "n/a": file("x"), "n/b": file("") },
    problems: [],
  },
  {
    name: "a missing file",
    expected: { "a": "x" },
    actual: {},
    problems: ["a: missing"],
  },
  {
    name: "an unexpected file",
    expected: { "n/a": "x" },
    actual: { "n": directory, "n/a": file("x"), "n/b": file("") },
    problems: ["n/b: unexpected file"],
  },
  {
    name: "an unexpected directory",
    expected: {},
    actual: { "n": directory },
    problems: ["n: unexpected directory"],
  },
  {
    name: "other content",
    expected: { "a": "x\r\ny" },
    actual: { "a": file("x\ny") },
    problems: ['a: holds "x\\ny", want "x\\r\\ny"'],
  },
  {
    name: "another mode",
    expected: { "a": { content: "", mode: "0600" } },
    actual: { "a": file("", "0644") },
    problems: ["a: has mode 0644, want 0600"],
  },
  {
    name: "another type",
    expected: { "a": { type: "symlink", target: "b" } },
    actual: { "a": file("b") },
    problems: ["a: is a file, want a symlink"],
  },
];

for (const { name, expected, actual, problems } of TREES) {
  Deno.test(`compareTree() ${name}`, () => {
    assertEquals(
      compareTree(expected, new Map(Object.entries(actual))),
      [...problems],
    );
  });
}

Deno.test("parseCases() refuses a misspelt key", () => {
  const text = '[{"name":"a","env":{},"stdout":"","exitCode":0,"stdot":""}]';
  assertThrows(() => parseCases(text, "x.json"), SyntaxError, "stdot");
});

Deno.test("parseCases() refuses a case without an expected exit status", () => {
  const text = '[{"name":"a","env":{},"stdout":""}]';
  assertThrows(() => parseCases(text, "x.json"), SyntaxError, "exitCode");
});

Deno.test("substitute() replaces in keys and texts at every depth", () => {
  assertEquals(
    substitute<unknown>({ "${A}/k": ["x${A}", { b: "${B}" }, 1, null] }, {
      A: "v",
    }),
    { "v/k": ["xv", { b: "${B}" }, 1, null] },
  );
});

Deno.test("expectationsFor() lays upstream's values over the step for upstream only", () => {
  const step: Step = {
    env: {},
    stdout: { cniVersion: "1.0.0", code: 7, msg: "m" },
    exitCode: 1,
    upstream: { difference: "d", stdout: { code: 999 }, exitCode: 2 },
  };
  assertEquals(expectationsFor(step, "here"), [step]);
  assertEquals(
    expectationsFor(step, "upstream").map(({ stdout, exitCode }) => ({
      stdout,
      exitCode,
    })),
    [{ stdout: { cniVersion: "1.0.0", code: 999, msg: "m" }, exitCode: 2 }],
  );
});

Deno.test("expectationsFor() has one expectation for each random outcome", () => {
  const step: Step = {
    env: {},
    stdout: "",
    exitCode: 0,
    upstream: {
      difference: "d",
      exitCode: 1,
      oneOf: [{ stdout: "a" }, { stdout: "b" }],
    },
  };
  assertEquals(
    expectationsFor(step, "upstream").map(({ stdout, exitCode }) => ({
      stdout,
      exitCode,
    })),
    [{ stdout: "a", exitCode: 1 }, { stdout: "b", exitCode: 1 }],
  );
});
