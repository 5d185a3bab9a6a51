import { assertEquals } from "@std/assert";
import { compareStdout, printJson, type Target } from "./compare_stdout.ts";

const HERE = '{\n    "cniVersion": "1.0.0",\n    "code": 7,\n    "msg": "m"\n}';
const UPSTREAM = '{\n    "code": 999,\n    "msg": "m"\n}';

const ROWS: readonly {
  readonly name: string;
  readonly expected: Parameters<typeof compareStdout>[0];
  readonly actual: string;
  readonly target?: Target;
  readonly matches: boolean;
}[] = [
  {
    name: "accepts the same text",
    expected: "a\n",
    actual: "a\n",
    matches: true,
  },
  {
    name: "reports a missing line feed",
    expected: "a\n",
    actual: "a",
    matches: false,
  },
  {
    name: "accepts an error",
    expected: { cniVersion: "1.0.0", code: 7, msg: "m" },
    actual: HERE,
    matches: true,
  },
  {
    name: "reports an error of another version",
    expected: { cniVersion: "0.4.0", code: 7, msg: "m" },
    actual: HERE,
    matches: false,
  },
  {
    name: "reports an error with another code",
    expected: { code: 6, msg: "m" },
    actual: HERE,
    matches: false,
  },
  {
    name: "reports an error with another message",
    expected: { code: 7, msg: "n" },
    actual: HERE,
    matches: false,
  },
  {
    name: "reports an error whose message begins differently",
    expected: { code: 7, msgPrefix: "n" },
    actual: HERE,
    matches: false,
  },
  {
    name: "reports an error without the details",
    expected: { code: 7, msg: "m", details: "d" },
    actual: HERE,
    matches: false,
  },
  {
    name: "reports an error without details that match a pattern",
    expected: { code: 7, msg: "m", detailsPattern: "d" },
    actual: HERE,
    matches: false,
  },
  {
    name: "reports an error with details that do not match a pattern",
    expected: { code: 7, msg: "m", detailsPattern: "^d$" },
    actual: HERE.replace('"msg": "m"', '"msg": "m",\n    "details": "ed"'),
    matches: false,
  },
  {
    name: "accepts an error with details that match a pattern",
    expected: { code: 7, msg: "m", detailsPattern: "^e?d$" },
    actual: HERE.replace('"msg": "m"', '"msg": "m",\n    "details": "ed"'),
    matches: true,
  },
  {
    name:
      "accepts upstream's error where a pattern is for this project's details",
    expected: { code: 999, msg: "m", detailsPattern: "d" },
    actual: UPSTREAM,
    target: "upstream",
    matches: true,
  },
  {
    name: "reports an error with a trailing line feed",
    expected: { code: 7, msg: "m" },
    actual: `${HERE}\n`,
    matches: false,
  },
  {
    name: "reports an error on one line",
    expected: { code: 7, msg: "m" },
    actual: '{"cniVersion":"1.0.0","code":7,"msg":"m"}',
    matches: false,
  },
  {
    name: "reports an error after a result",
    expected: { code: 7, msg: "m" },
    actual: `{}${HERE}`,
    matches: false,
  },
  {
    name: "reports an error without cniVersion",
    expected: { code: 999, msg: "m" },
    actual: UPSTREAM,
    matches: false,
  },
  {
    name: "accepts upstream's error",
    expected: { cniVersion: "1.0.0", code: 999, msg: "m" },
    actual: UPSTREAM,
    target: "upstream",
    matches: true,
  },
  {
    name: "reports upstream's error with a cniVersion",
    expected: { code: 7, msg: "m" },
    actual: HERE,
    target: "upstream",
    matches: false,
  },
];

for (const { name, expected, actual, target = "here", matches } of ROWS) {
  Deno.test(`compareStdout() ${name}`, () => {
    assertEquals(
      compareStdout(expected, { actual, target }).length === 0,
      matches,
    );
  });
}

Deno.test("printJson() keeps the order of keys and escapes HTML characters", () => {
  assertEquals(
    printJson({ b: "<", a: ["&"] }),
    '{\n    "b": "\\u003c",\n    "a": [\n        "\\u0026"\n    ]\n}',
  );
});
