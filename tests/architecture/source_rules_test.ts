import { assertEquals } from "@std/assert";
import { findings } from "./source_rules.ts";

const SOURCES: readonly { name: string; source: string; want: string[] }[] = [
  { name: "an effect", source: "f = () => Deno.cwd();", want: ["effect Deno"] },
  {
    name: "a type of an effect",
    source: "type A = Deno.FileInfo;",
    want: ["effect Deno"],
  },
  {
    name: "members of harmless globals",
    source: "f = () => [Date.now(), Math.random(), Math.max(1)];",
    want: ["effect Date.now", "effect Math.random"],
  },
  {
    name: "the present time",
    source: "f = () => [new Date(), new Date(0)];",
    want: ["effect new Date()"],
  },
  {
    name: "timers and logs",
    source: "f = () => setTimeout(() => console.log(1));",
    want: ["effect console", "effect setTimeout"],
  },
  {
    name: "the way round through the global object",
    source: "f = () => globalThis.fetch;",
    want: ["effect globalThis"],
  },
  {
    name: "an alias",
    source: "f = () => { const { env } = Deno; };",
    want: ["effect Deno"],
  },
  {
    name: "a shorthand",
    source: "f = () => ({ crypto });",
    want: ["effect crypto"],
  },
  { name: "comments", source: "// Deno.cwd()\n/* console */", want: [] },
  { name: "strings", source: 'f = "Deno" + `console ${1}`;', want: [] },
  { name: "regular expressions", source: "f = /Deno.*console/;", want: [] },
  {
    name: "members of the same name",
    source: "f = (a) => [a.process, { fetch: 1 }];",
    want: [],
  },
  { name: "a call", source: "start();", want: ["work-at-import start"] },
  {
    name: "a call in a constant",
    source: "const a = [read()];",
    want: ["work-at-import read"],
  },
  {
    name: "a static field",
    source: "class A { static a = x(); }",
    want: ["work-at-import x"],
  },
  { name: "a field of instances", source: "class A { a = x(); }", want: [] },
  {
    name: "top-level await",
    source: "await a;",
    want: ["work-at-import await"],
  },
  {
    name: "an assignment",
    source: "a.b = 1;",
    want: ["work-at-import assignment"],
  },
  {
    name: "a new Socket",
    source: "const a = new Socket();",
    want: ["work-at-import new Socket"],
  },
  {
    name: "pure values",
    source: "const a = new Map([[1, BigInt(2)]]);",
    want: [],
  },
  { name: "work in functions", source: "function f() { a = x(); }", want: [] },
  {
    name: "dlopen",
    source: "f = () => Deno.dlopen(a, {});",
    want: ["dlopen Deno.dlopen", "effect Deno"],
  },
  {
    name: "stdout",
    source: "f = () => Deno.stdout.writeSync(a);",
    want: ["effect Deno", "stdout Deno.stdout"],
  },
];

for (const { name, source, want } of SOURCES) {
  // `f = ...` keeps the rows short; an assignment would be a finding of its own.
  const body = source.replace(/^f = /, "const f = ");
  Deno.test(`findings() ${name}`, () => {
    assertEquals(
      findings(body).map(({ rule, what }) => `${rule} ${what}`).sort(),
      want,
    );
  });
}

Deno.test("findings() returns the line", () => {
  assertEquals(findings("const a = 1;\n\nstart();").map(({ line }) => line), [
    3,
  ]);
});
