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
  reachable,
} from "./architecture/layers.ts";
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

Deno.test("only lib/sys knows the operating system, the clock and randomness", () => {
  assertEquals(
    listFindings("effect", (path) => !path.startsWith("lib/sys/")),
    [],
  );
});

Deno.test("no module of lib/ does work when it is imported", () => {
  assertEquals(listFindings("work-at-import", () => true), []);
});

Deno.test("at most one module calls Deno.dlopen, and none that host-local uses", () => {
  const openers = filesWith("dlopen");
  assertEquals(openers.slice(1), []);
  const ofHostLocal = reachable("main_host_local.ts", imports);
  assertEquals(openers.filter((path) => ofHostLocal.has(path)), []);
});

Deno.test("dhcp reaches no library, and nothing of the daemon, but by loading the daemon", () => {
  const withoutDaemon = imports.filter(({ to }) =>
    to !== "main_dhcp_daemon.ts"
  );
  const ofPlugin = reachable("main_dhcp.ts", withoutDaemon);
  const daemonOnly = ["lib/dhcp_plugin/daemon.ts", ...filesWith("dlopen")];
  assertEquals(daemonOnly.filter((path) => ofPlugin.has(path)), []);
  const ofDaemon = reachable("main_dhcp_daemon.ts", imports);
  assertEquals(daemonOnly.filter((path) => !ofDaemon.has(path)), []);
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

Deno.test("modules of lib/ are short and say what they are for", () => {
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
    name: "host_local imports a type of dhcp_plugin",
    imports: [{
      from: "lib/host_local/a.ts",
      to: "lib/dhcp_plugin/b.ts",
      typeOnly: true,
    }],
    want: [
      "lib/host_local/a.ts must not import a type of lib/dhcp_plugin/b.ts",
    ],
  },
  {
    name: "dhcp_client imports host_local",
    imports: [{
      from: "lib/dhcp_client/a.ts",
      to: "lib/host_local/b.ts",
      typeOnly: false,
    }],
    want: ["lib/dhcp_client/a.ts must not import lib/host_local/b.ts"],
  },
  {
    name: "cni imports sys",
    imports: [{ from: "lib/cni/a.ts", to: "lib/sys/b.ts", typeOnly: false }],
    want: ["lib/cni/a.ts must not import lib/sys/b.ts"],
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

Deno.test("importProblems() lets sys have types of ports and values of codecs", () => {
  const imports = [
    { from: "lib/sys/a.ts", to: "lib/host_local/store.ts", typeOnly: true },
    {
      from: "lib/sys/a.ts",
      to: "lib/host_local/reservation.ts",
      typeOnly: false,
    },
    { from: "lib/sys/a.ts", to: "node:sqlite", typeOnly: false },
  ];
  assertEquals(importProblems(imports), []);
});

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

Deno.test("textProblems() 300 lines are short, 301 are not", () => {
  assertEquals(textProblems("a.ts", HEADER + "\n".repeat(299)), []);
  assertEquals(textProblems("a.ts", HEADER + "\n".repeat(300)), [
    "a.ts has 301 lines, expected 300 at most",
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
