/**
 * The rules of the code that a machine can hold: who imports whom, where effects are, what is
 * documented. Each checker is also shown code that breaks its rule.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Import,
  importProblems,
  mayHaveEffects,
  reachable,
} from "./architecture/layers.ts";
import { namesOf, unusedExports } from "./architecture/exports.ts";
import {
  docsOf,
  entryPoints,
  importsOf,
  libModules,
} from "./architecture/repository_facts.ts";
import { type Finding, findings } from "./architecture/source_rules.ts";
import { docProblems, textProblems } from "./architecture/text_rules.ts";
import { REPO_ROOT } from "./support/binaries.ts";

const modules = libModules();
const mains = entryPoints();
const imports = importsOf([...mains, ...modules]);
const found = new Map(modules.map((path) => [path, findings(sourceOf(path))]));

function sourceOf(path: string): string {
  return Deno.readTextFileSync(`${REPO_ROOT}/${path}`);
}

/** `path:line what` for each finding of a rule in the modules that pass `where`. */
function listFindings(
  rule: Finding["rule"],
  where: (path: string) => boolean,
): string[] {
  return [...found].filter(([path]) => where(path)).flatMap(([path, each]) =>
    each.filter((finding) => finding.rule === rule)
      .map(({ line, what }) => `${path}:${line} ${what}`)
  );
}

function filesWith(rule: Finding["rule"]): string[] {
  return modules.filter((path) =>
    found.get(path)?.some((finding) => finding.rule === rule)
  );
}

Deno.test("lib/ imports only along the arrows, without cycles", () => {
  assertEquals(importProblems(imports), []);
});

Deno.test("only the folders with effects use the operating system, the clock and randomness", () => {
  assertEquals(listFindings("effect", (path) => !mayHaveEffects(path)), []);
});

Deno.test("no module of lib/ does work when it is imported", () => {
  assertEquals(listFindings("work-at-import", () => true), []);
});

Deno.test("one module calls Deno.dlopen, and the plugins reach it only through the dhcp daemon", () => {
  const openers = filesWith("dlopen");
  assertEquals(openers, ["lib/linux/libc.ts"]);
  const daemon = "lib/dhcp/host/run_daemon.ts";
  const withoutDaemon = imports.filter(({ to }) => to !== daemon);
  const loaders = mains.filter((main) =>
    openers.some((path) => reachable(main, withoutDaemon).has(path))
  );
  assertEquals(loaders, []);
  assertEquals(reachable(daemon, imports).has("lib/linux/libc.ts"), true);
});

Deno.test("the dhcp plugin loads no code of the daemon", () => {
  const daemon = "lib/dhcp/host/run_daemon.ts";
  const withoutDaemon = imports.filter(({ to, typeOnly }) =>
    to !== daemon && !typeOnly
  );
  const loaded = [...reachable("main_dhcp.ts", withoutDaemon)];
  assertEquals(
    loaded.filter((path) =>
      path.startsWith("lib/dhcp/daemon/") || path.startsWith("lib/linux/")
    ),
    [],
  );
});

Deno.test("exactly one module writes stdout", () => {
  assertEquals(filesWith("stdout").length, 1, `${filesWith("stdout")}`);
});

Deno.test("entry points do not write stdout", () => {
  for (const main of mains) {
    const uses = findings(sourceOf(main)).filter(({ rule }) =>
      rule === "stdout"
    );
    assertEquals(uses, [], main);
  }
});

Deno.test("every module of lib/ says what it is for", () => {
  assertEquals(
    modules.flatMap((path) => textProblems(path, sourceOf(path))),
    [],
  );
});

Deno.test("every export of lib/ has a doc comment", () => {
  assertEquals(
    [...docsOf(modules)].flatMap(([path, docs]) => docProblems(path, docs)),
    [],
  );
});

Deno.test("every module of lib/ is used by an entry point", () => {
  const used = new Set(mains.flatMap((main) => [...reachable(main, imports)]));
  assertEquals(modules.filter((path) => !used.has(path)), []);
});

Deno.test("every export of lib/ is used by lib/ or an entry point", () => {
  const names = new Map(
    [...mains, ...modules].map((path) => [path, namesOf(sourceOf(path))]),
  );
  assertEquals(unusedExports(names), []);
});

const BAD_IMPORTS: readonly {
  name: string;
  imports: readonly Import[];
  want: string[];
}[] = [
  {
    name: "base imports net",
    imports: [{ from: "lib/base/a.ts", to: "lib/net/b.ts", typeOnly: false }],
    want: ["lib/base/a.ts must not import lib/net/b.ts"],
  },
  {
    name: "host_local imports a type of dhcp/plugin",
    imports: [{
      from: "lib/host_local/a.ts",
      to: "lib/dhcp/plugin/b.ts",
      typeOnly: true,
    }],
    want: [
      "lib/host_local/a.ts must not import a type of lib/dhcp/plugin/b.ts",
    ],
  },
  {
    name: "dhcp/client imports host_local",
    imports: [{
      from: "lib/dhcp/client/a.ts",
      to: "lib/host_local/b.ts",
      typeOnly: false,
    }],
    want: ["lib/dhcp/client/a.ts must not import lib/host_local/b.ts"],
  },
  {
    name: "cni imports sys",
    imports: [{ from: "lib/cni/a.ts", to: "lib/sys/b.ts", typeOnly: false }],
    want: ["lib/cni/a.ts must not import lib/sys/b.ts"],
  },
  {
    name: "host-local reaches the C library",
    imports: [{
      from: "lib/host_local/store/a.ts",
      to: "lib/linux/b.ts",
      typeOnly: false,
    }],
    want: ["lib/host_local/store/a.ts must not import lib/linux/b.ts"],
  },
  {
    name: "host_local imports its store",
    imports: [{
      from: "lib/host_local/a.ts",
      to: "lib/host_local/store/b.ts",
      typeOnly: true,
    }],
    want: [
      "lib/host_local/a.ts must not import a type of lib/host_local/store/b.ts",
    ],
  },
  {
    name: "sys imports the code of handlers",
    imports: [{
      from: "lib/sys/a.ts",
      to: "lib/host_local/handlers.ts",
      typeOnly: false,
    }],
    want: ["lib/sys/a.ts must not import lib/host_local/handlers.ts"],
  },
  {
    name: "net imports node:net",
    imports: [{ from: "lib/net/a.ts", to: "node:net", typeOnly: false }],
    want: ["lib/net/a.ts must not import node:net"],
  },
  {
    name: "sys imports a package",
    imports: [{
      from: "lib/sys/a.ts",
      to: "npm:/left-pad@1.3.0",
      typeOnly: false,
    }],
    want: ["lib/sys/a.ts must not import npm:/left-pad@1.3.0"],
  },
  {
    name: "lib imports an entry point",
    imports: [{ from: "lib/sys/a.ts", to: "main_dhcp.ts", typeOnly: false }],
    want: ["lib/sys/a.ts must not import main_dhcp.ts"],
  },
  {
    name: "a folder without a rule",
    imports: [{ from: "lib/utils/a.ts", to: "lib/base/b.ts", typeOnly: false }],
    want: ["lib/utils/a.ts must not import lib/base/b.ts"],
  },
  {
    name: "a cycle of types",
    imports: [
      { from: "lib/net/a.ts", to: "lib/net/b.ts", typeOnly: true },
      { from: "lib/net/b.ts", to: "lib/net/a.ts", typeOnly: true },
      { from: "lib/net/c.ts", to: "lib/net/a.ts", typeOnly: false },
    ],
    want: ["lib/net/a.ts, lib/net/b.ts import each other"],
  },
];

for (const { name, imports, want } of BAD_IMPORTS) {
  Deno.test(`importProblems() ${name}`, () =>
    assertEquals(importProblems(imports), want));
}

Deno.test("importProblems() accepts arrows of the table, and node: modules in folders with effects", () => {
  const imports = [
    {
      from: "lib/host_local/store/a.ts",
      to: "lib/host_local/b.ts",
      typeOnly: true,
    },
    {
      from: "lib/dhcp/daemon/a.ts",
      to: "lib/dhcp/protocol/gob/b.ts",
      typeOnly: false,
    },
    { from: "lib/host_local/store/a.ts", to: "node:sqlite", typeOnly: false },
  ];
  assertEquals(importProblems(imports), []);
});

const USES: readonly {
  name: string;
  sources: Readonly<Record<string, string>>;
  want: string[];
}[] = [
  {
    name: "an export that only a test could use",
    sources: { "lib/a.ts": "export function f() {}\nexport const c = 1;" },
    want: [
      "lib/a.ts exports f, which nothing uses",
      "lib/a.ts exports c, which nothing uses",
    ],
  },
  {
    name: "an unused type, interface and class",
    sources: {
      "lib/a.ts":
        "export type T = 1;\nexport interface I {}\nexport class C {}",
    },
    want: [
      "lib/a.ts exports T, which nothing uses",
      "lib/a.ts exports I, which nothing uses",
      "lib/a.ts exports C, which nothing uses",
    ],
  },
  {
    name: "an import of the same name from another module",
    sources: {
      "lib/a.ts": "export const x = 1;",
      "lib/b/c.ts": 'import { x } from "./a.ts";',
    },
    want: ["lib/a.ts exports x, which nothing uses"],
  },
  {
    name: "imports, types, dynamic imports and uses in the module itself",
    sources: {
      "lib/a.ts":
        "export const x = 1;\nexport type T = 1;\nexport type U = 2;\nexport const u: U = 2;",
      "lib/b/c.ts": 'import { type T, x as y } from "../a.ts";',
      "main.ts": 'const { u } = await import("./lib/a.ts");',
    },
    want: [],
  },
];

for (const { name, sources, want } of USES) {
  Deno.test(`unusedExports() ${name}`, () => {
    const names = Object.entries(sources).map(([path, source]) =>
      [path, namesOf(source)] as const
    );
    assertEquals(unusedExports(new Map(names)), want);
  });
}

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
  // `f = ...` keeps the rows short; the assignment itself is not the point.
  const body = source.replace(/^f = /, "const f = ");
  Deno.test(`findings() ${name}`, () => {
    assertEquals(
      findings(body).map(({ rule, what }) => `${rule} ${what}`).sort(),
      want,
    );
  });
}

Deno.test("findings() gives the line", () => {
  assertEquals(findings("const a = 1;\n\nstart();").map(({ line }) => line), [
    3,
  ]);
});

const HEADER = "/** What it is. @module */\n";

Deno.test("textProblems() no header", () => {
  assertEquals(textProblems("a.ts", "export {};\n"), [
    "a.ts does not begin with a comment that ends in @module",
  ]);
});

Deno.test("textProblems() a header further down", () => {
  assertEquals(textProblems("a.ts", `/** Says nothing. */\n${HEADER}`), [
    "a.ts does not begin with a comment that ends in @module",
  ]);
});

Deno.test("docProblems() an export without a comment", () => {
  const docs = {
    symbols: [
      { name: "bare", declarations: [{ declarationKind: "export" }] },
      {
        name: "empty",
        declarations: [{ declarationKind: "export", jsDoc: {} }],
      },
      {
        name: "told",
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
