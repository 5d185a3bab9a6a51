import { assertEquals } from "@std/assert";
import { ConfigError } from "../../../lib/base/errors.ts";
import {
  collectProblems,
  type ConfigRules,
  unknownKeys,
} from "../../../lib/cni/collect_problems.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";

/** Reads `a` and `b`, and a list of numbers that must not repeat. */
const RULES: ConfigRules<unknown> = {
  parse: ({ json }) => {
    const a = json.string("a");
    const b = json.integer("b");
    const list = json.list("list", (value, path) => {
      if (typeof value !== "number") throw new ConfigError("no number", path);
      return value;
    }) ?? [];
    if (list.length === 0) throw new ConfigError("empty list", "list");
    return [a, b, list];
  },
};

function pathsOf(value: Record<string, unknown>): unknown {
  return collectProblems({ name: "net", ...value }, RULES).problems
    .map(({ path, message }) => [path, message.replace(/^json: .*/, "type")]);
}

testRows("collectProblems() reports", [
  { name: "nothing", value: { list: [1] }, want: [] },
  {
    name: "every key",
    value: { a: 1, b: "x", list: [1] },
    want: [["a", "type"], ["b", "type"]],
  },
  {
    name: "every element, by its own index",
    value: { list: ["x", 1, "y", 2, "z"] },
    want: [
      ["list[0]", "no number"],
      ["list[2]", "no number"],
      ["list[4]", "no number"],
    ].map(([path, text], index) =>
      index === 0 ? [path, text] : [
        path,
        `${text} (counted without the parts above)`,
      ]
    ),
  },
  {
    name: "no problem that follows from another",
    value: { list: ["x"] },
    want: [["list[0]", "no number"]],
  },
  {
    name: "what is missing",
    value: {},
    want: [["list", "empty list"]],
  },
  {
    name: "an unsupported version beside other problems",
    value: { cniVersion: "7.0.0", a: 1, list: [1] },
    want: [
      [
        "cniVersion",
        'incompatible CNI versions: config is "7.0.0", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]',
      ],
      ["a", "type"],
    ],
  },
  {
    name: "an invalid name beside other problems",
    value: { name: "../x", a: 1, list: [1] },
    want: [["name", "invalid characters found in network name"], ["a", "type"]],
  },
  {
    name: "a name and a version of the wrong type",
    value: { name: 1, cniVersion: 2, list: [1] },
    want: [["name", "type"], ["cniVersion", "type"]],
  },
], ({ value, want }) => {
  assertEquals(pathsOf(value), want);
});

Deno.test("collectProblems() returns what the parser made of the valid parts", () => {
  const value = { name: "net", a: 1, b: 2, list: [3, "x"] };
  const { parsed, name } = collectProblems(value, RULES);
  assertEquals([parsed, name], [[undefined, 2, [3]], "net"]);
});

Deno.test("collectProblems() removes a unit as a whole, with its own problems", () => {
  const { problems } = collectProblems(
    { name: "net", a: 1, b: "x", list: [] },
    {
      ...RULES,
      unitOf: (path) =>
        path === "a"
          ? {
            path: "a",
            remove: ["a", "b"],
            knownAs: "list",
            problems: () => [
              { severity: "error", path: "a", message: "own", advice: "" },
            ],
          }
          : undefined,
    },
  );
  assertEquals(problems.map(({ path, message }) => [path, message]), [
    ["a", "own"],
  ]);
});

Deno.test("collectProblems() does not catch bugs", () => {
  const rules = {
    parse: () => {
      throw new TypeError("a bug");
    },
  };
  assertEquals(
    thrownBy(() => collectProblems({ name: "net" }, rules))?.["name"],
    "TypeError",
  );
});

Deno.test("collectProblems() ends if nothing can be removed", () => {
  const rules = {
    parse: () => {
      throw new ConfigError("never right", "");
    },
  };
  assertEquals(
    collectProblems({ name: "net" }, rules).problems.map(({ message }) =>
      message
    ),
    ["never right"],
  );
});

testRows("unknownKeys() reports", [
  {
    name: "nothing for known keys of any case",
    value: { A: 1, bCd: 2 },
    want: [],
  },
  {
    name: "a misspelled key",
    value: { bcdd: 1 },
    want: [["x.bcdd", "did you mean bCd?"]],
  },
  {
    name: "another key",
    value: { something: 1 },
    want: [["x.something", "its keys are a, bCd"]],
  },
  { name: "nothing for a list", value: [1], want: [] },
  { name: "nothing for null", value: null, want: [] },
], ({ value, want }) => {
  const found = unknownKeys(value, { path: "x", known: ["a", "bCd"] });
  assertEquals(found.map(({ path, advice }) => [path, advice]), want);
});
