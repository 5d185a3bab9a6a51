/**
 * The rules for the code that a machine can check: imports, effects, exports, names, texts. The
 * checkers are in `tests/architecture/`, each with tests of its own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LOG_EVENTS } from "../lib/base/log_event.ts";
import {
  errorPageProblems,
  launcherReasonProblems,
  launcherTexts,
} from "./architecture/error_page_rules.ts";
import { errorTexts } from "./architecture/error_texts.ts";
import { missingExamples } from "./architecture/example_rules.ts";
import { namesOf, unusedExports } from "./architecture/exports.ts";
import {
  EFFECT_FOLDERS,
  importProblems,
  mayHaveEffects,
  PURE_FOLDERS,
  reachable,
  unusedArrows,
} from "./architecture/layers.ts";
import {
  eventNameProblems,
  eventTableProblems,
  unusedEvents,
} from "./architecture/log_event_rules.ts";
import {
  docsOf,
  entryPoints,
  filesIn,
  importsOf,
  libModules,
  textOf,
} from "./architecture/repository_facts.ts";
import { type Finding, findings } from "./architecture/source_rules.ts";
import {
  commentProblems,
  docProblems,
  headerProblems,
  PLAIN_TEXTS,
  wordProblems,
} from "./architecture/text_rules.ts";

const modules = libModules();
const mains = entryPoints();
const imports = importsOf([...mains, ...modules]);
const docs = docsOf(modules);
const names = new Map(
  [...mains, ...modules].map((path) => [path, namesOf(textOf(path))]),
);
const found = new Map(modules.map((path) => [path, findings(textOf(path))]));

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

Deno.test("lib/ imports only what the layers allow, without cycles", () => {
  assertEquals(importProblems(imports), []);
});

Deno.test("the layers allow no import that lib/ does not need", () => {
  assertEquals(unusedArrows(imports), []);
});

Deno.test("only folders with effects use the operating system, the clock or randomness", () => {
  assertEquals(listFindings("effect", (path) => !mayHaveEffects(path)), []);
});

Deno.test("no module of lib/ does work when it is imported", () => {
  assertEquals(listFindings("work-at-import", () => true), []);
});

/** The parts of dhcp that may open the C library. */
const NATIVE_PARTS = [
  "lib/dhcp/host/run_daemon.ts",
  "lib/dhcp/host/run_operator.ts",
];

Deno.test("one module calls Deno.dlopen, and the plugins reach it only through daemon and commands of dhcp", () => {
  const openers = filesWith("dlopen");
  assertEquals(openers, ["lib/linux/libc.ts"]);
  const withoutParts = imports.filter(({ to }) => !NATIVE_PARTS.includes(to));
  const loaders = mains.filter((main) =>
    openers.some((path) => reachable(main, withoutParts).has(path))
  );
  assertEquals(loaders, []);
  for (const part of NATIVE_PARTS) {
    assertEquals(reachable(part, imports).has("lib/linux/libc.ts"), true);
  }
});

Deno.test("the dhcp plugin loads no code of the daemon", () => {
  const daemon = "lib/dhcp/host/run_daemon.ts";
  const withoutDaemon = imports.filter(({ to, typeOnly }) =>
    to !== daemon && !typeOnly
  );
  const loaded = [...reachable("main_dhcp_plugin.ts", withoutDaemon)];
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
    const uses = findings(textOf(main)).filter(({ rule }) => rule === "stdout");
    assertEquals(uses, [], main);
  }
});

Deno.test("every module of lib/ begins with a comment about its purpose", () => {
  assertEquals(
    modules.flatMap((path) => headerProblems(path, textOf(path))),
    [],
  );
});

Deno.test("every export of lib/ has a doc comment", () => {
  assertEquals(
    [...docs].flatMap(([path, each]) => docProblems(path, each)),
    [],
  );
});

Deno.test("every function of a library folder that another folder imports has an example", () => {
  assertEquals(missingExamples(names, docs), []);
});

Deno.test("every module of lib/ is used by an entry point", () => {
  const used = new Set(mains.flatMap((main) => [...reachable(main, imports)]));
  assertEquals(modules.filter((path) => !used.has(path)), []);
});

Deno.test("every export of lib/ is used by lib/ or an entry point", () => {
  assertEquals(unusedExports(names), []);
});

Deno.test("every file of lib/ is named in snake_case after its subject", () => {
  const drawers = ["common", "helpers", "misc", "mod", "types", "utils"];
  const wrong = modules.filter((path) => {
    const [, name = ""] = /([^/]+)\.ts$/.exec(path) ?? [];
    return !/^[a-z0-9]+(?:_[a-z0-9]+)*$/.test(name) || drawers.includes(name);
  });
  assertEquals(wrong, []);
});

Deno.test("tests/unit mirrors pure folders of lib/, and tests/effects those with effects", () => {
  const foldersOf = (root: string): string[] => {
    const paths = filesIn(root).map((path) => path.slice(root.length + 1));
    const folders = paths.filter((path) => /\/\w+_test\.ts$/.test(path))
      .map((path) => path.slice(0, path.lastIndexOf("/")));
    return [...new Set(folders)];
  };
  const wrong = [
    ...foldersOf("tests/unit").filter((each) => !PURE_FOLDERS.includes(each)),
    ...foldersOf("tests/effects")
      .filter((each) => !EFFECT_FOLDERS.includes(each)),
  ];
  assertEquals(wrong, []);
});

Deno.test("log events are sorted and in kebab-case", () => {
  assertEquals(eventNameProblems(LOG_EVENTS), []);
});

Deno.test("every log event is logged", () => {
  const sources = [...mains, ...modules]
    .filter((path) => path !== "lib/base/log_event.ts")
    .map(textOf);
  assertEquals(unusedEvents(LOG_EVENTS, sources), []);
});

Deno.test("docs/log_events.md explains every log event", () => {
  const page = textOf("docs/log_events.md");
  assertEquals(eventTableProblems(LOG_EVENTS, page), []);
});

Deno.test("docs/troubleshooting.md explains every error text", () => {
  const page = textOf("docs/troubleshooting.md");
  const launcher = textOf("lib/launcher/launcher.c");
  const found = errorTexts(
    new Map([...mains, ...modules].map((path) => [path, textOf(path)])),
  );
  for (const text of launcherTexts(launcher)) {
    found.set(text, ["lib/launcher/launcher.c"]);
  }
  const hint = "each line of its blocks of the language text is an error text";
  assertEquals(errorPageProblems(found, page), [], hint);
  assertEquals(launcherReasonProblems(launcher, page), []);
});

const plainTexts = PLAIN_TEXTS.flatMap(filesIn)
  .filter((path) => /\.(?:c|json|md|service|sh|socket|ts|ya?ml)$/.test(path));

Deno.test("texts are in plain English", () => {
  assertEquals(
    plainTexts.flatMap((path) => wordProblems(path, textOf(path))),
    [],
  );
});

Deno.test("comments have one form", () => {
  const code = plainTexts.filter((path) => path.endsWith(".ts"));
  assertEquals(code.flatMap((path) => commentProblems(path, textOf(path))), []);
});
