/** Tests of the scan for error texts. @module */

import { assertEquals } from "@std/assert";
import { errorTexts, withoutNames } from "./error_texts.ts";

function textsIn(...sources: readonly string[]): string[] {
  const modules = sources.map((text, index) =>
    [`lib/${index}.ts`, text] as const
  );
  return [...errorTexts(new Map(modules)).keys()];
}

const ROWS: readonly {
  readonly name: string;
  readonly source: string;
  readonly texts: readonly string[];
}[] = [
  {
    name: "a literal, and a template with placeholders",
    source: 'throw new Error("not found"); throw new Error(`open ${x}: late`);',
    texts: ["not found", "open <>: late"],
  },
  {
    name: "each branch of a condition, also in a template",
    source: 'new Error(a ? "is late" : "is early"); ' +
      'new Error(`it ${b ? "is" : "was"} late`);',
    texts: ["is late", "is early", "it is late", "it was late"],
  },
  {
    name: "a constant, and a number without separators",
    source: "const MAX = 1_000; function f() { " +
      "const text = `more than ${MAX} ranges`; throw new Error(text); }",
    texts: ["more than 1000 ranges"],
  },
  {
    name: "the sum of texts",
    source: 'new Error("cannot open" + ` ${path} now`);',
    texts: ["cannot open <> now"],
  },
  {
    name: "the arguments of a function that passes its parameter on",
    source: "function fail(path: string, why: string): never { " +
      'throw new Error(why); } fail("a b", "is late");',
    texts: ["is late"],
  },
  {
    name: "the arguments of a function with named parameters",
    source: "function fail({ why }: { why: string }): never { " +
      'throw new Error(why); } fail({ why: "is late", at: "a b" });',
    texts: ["is late"],
  },
  {
    name: "the arguments of a class that extends Error",
    source: "class A extends Error { constructor(readonly code: number, " +
      "message: string) { super(message); } } class B extends A {} " +
      'new A(1, "is late"); new B(2, "is early");',
    texts: ["is late", "is early"],
  },
  {
    name: "what a function returns",
    source: "function text(a: number) { if (a) return `is ${a} late`; " +
      'return "is early"; } new Error(text(1));',
    texts: ["is <> late", "is early"],
  },
  {
    name: "a reason at the end, as a text of its own",
    source: 'function why() { return "is late"; } ' +
      "new Error(`cannot open: ${why()}`);",
    texts: ["cannot open: <>", "is late"],
  },
  {
    name: "every text of a table",
    source: 'const WHY = { a: "is late", b: "is early" }; ' +
      "new Error(`open ${path}: ${WHY[key]}`);",
    texts: ["open <>: <>", "is late", "is early"],
  },
  {
    name: "the reason of a log line",
    source: 'log("warn", "file-ignored", { path, reason: "is late" });',
    texts: ["is late"],
  },
  {
    name: "a table of reasons",
    source: 'const REASONS = { a: "is late", b: "is early" };',
    texts: ["is late", "is early"],
  },
  {
    name: "a reason that a function returns later",
    source:
      'function why() { return "is late"; } serve({ unready: () => why() });',
    texts: ["is late"],
  },
  {
    name: "warnings",
    source: 'options.warn(3, "is late"); warnings.push("is early"); ' +
      'lines.push("is not");',
    texts: ["is late", "is early"],
  },
  {
    name: "nothing else: names, other calls, texts that only a run knows",
    source: 'new Error(error.message); new Error("name"); call("is late"); ' +
      "new Error(`${a}: ${b}`);",
    texts: [],
  },
];

for (const { name, source, texts } of ROWS) {
  Deno.test(`the scan for error texts finds ${name}`, () => {
    assertEquals(textsIn(source).sort(), [...texts].sort());
  });
}

Deno.test("the scan for error texts follows calls between modules", () => {
  const thrower = "export function fail(why: string): never { " +
    "throw new Error(why); }";
  assertEquals(textsIn('fail("is late");', thrower), ["is late"]);
});

Deno.test("the scan for error texts leaves out what a command answers", () => {
  const module = 'answer({ reason: "is free" }); throw new Error("is late");';
  const found = errorTexts(new Map([["lib/a/operator/b.ts", module]]));
  assertEquals([...found], [["is late", ["lib/a/operator/b.ts"]]]);
});

Deno.test("placeholders have no names once they are compared", () => {
  assertEquals(withoutNames("open <path>: <a><b>"), "open <>: <>");
});
