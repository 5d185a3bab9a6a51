/**
 * Runs every case of `cases/` against this project's host-local and against upstream's.
 *
 * `HOST_LOCAL_BIN` names the binary to test instead of dist/host-local. Upstream's is the one that Debian's package
 * containernetworking-plugins installs; the overrides in the cases describe its release 1.1.1.
 * @module
 */

import { assertEquals } from "@std/assert";
import { differencesOf, loadCases } from "./case_format.ts";
import type { Target } from "./compare_stdout.ts";
import { runCase } from "./runner.ts";

const UPSTREAM_BINARY = "/usr/lib/cni/host-local";
const UPSTREAM_VERSIONS = '{"cniVersion":"1.0.0","supportedVersions":' +
  '["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0"]}\n';

/** Differences that every case with an error document relies on, without naming them. */
const IMPLIED_DIFFERENCES = ["error-cni-version"];

const groups = loadCases(new URL("cases/", import.meta.url));

register("here", {
  binary: Deno.env.get("HOST_LOCAL_BIN") ??
    new URL("../../dist/host-local", import.meta.url).pathname,
  obstacle: (binary) =>
    isFile(binary) ? undefined : "the binary does not exist",
});
register("upstream", {
  binary: UPSTREAM_BINARY,
  obstacle: (binary) =>
    !isFile(binary)
      ? "the binary does not exist"
      : versionsOf(binary) === UPSTREAM_VERSIONS
      ? undefined
      : "the binary is not release 1.1.1",
});

Deno.test("conformance cases have names of their own", () => {
  for (const { topic, cases } of groups) {
    const names = cases.map((conformanceCase) => conformanceCase.name);
    const repeated = names.filter((name, index) =>
      names.indexOf(name) !== index
    );
    assertEquals(repeated, [], topic);
  }
});

const architecture = new URL("../../ARCHITECTURE.md", import.meta.url);
const hasTable = isFile(architecture);
if (!hasTable) skip("deliberate differences", "ARCHITECTURE.md does not exist");
Deno.test({
  name: "ARCHITECTURE.md explains every difference that a case relies on",
  ignore: !hasTable,
  fn: () => {
    const explained = tableIds(Deno.readTextFileSync(architecture));
    const used = new Set([
      ...IMPLIED_DIFFERENCES,
      ...groups.flatMap(({ cases }) => cases.flatMap(differencesOf)),
    ]);
    assertEquals([...used].filter((id) => !explained.has(id)).sort(), []);
  },
});

/** One test per case. A missing binary makes them ignored, with one line that says why. */
function register(
  target: Target,
  { binary, obstacle }: {
    readonly binary: string;
    readonly obstacle: (binary: string) => string | undefined;
  },
): void {
  const reason = obstacle(binary);
  if (reason !== undefined) {
    skip(`conformance of ${target} (${binary})`, reason);
  }
  for (const { topic, cases } of groups) {
    for (const conformanceCase of cases) {
      const name = `${target} ${topic}: ${conformanceCase.name}`;
      const skipped = target === "upstream"
        ? conformanceCase.upstreamSkip?.reason
        : undefined;
      if (reason === undefined && skipped !== undefined) skip(name, skipped);
      Deno.test({
        name,
        ignore: reason !== undefined || skipped !== undefined,
        fn: async () => {
          const umask = Deno.umask(0o022);
          try {
            const problems = await runCase(conformanceCase, { binary, target });
            if (problems.length > 0) throw new Error(problems.join("\n"));
          } finally {
            Deno.umask(umask);
          }
        },
      });
    }
  }
}

/** The first column of the table in the section "Deliberate differences". */
function tableIds(markdown: string): Set<string> {
  const section =
    markdown.split(/^#+ /m).find((text) =>
      /^(\d+[.)]? )?deliberate differences/i.test(text)
    ) ?? "";
  const ids = section.matchAll(/^\|\s*`?(?:D-)?([a-z0-9-]+)`?\s*\|/gm);
  return new Set([...ids].map((match) => match[1] ?? ""));
}

function versionsOf(binary: string): string {
  const output = new Deno.Command(binary, {
    clearEnv: true,
    env: { CNI_COMMAND: "VERSION" },
  }).outputSync();
  return new TextDecoder().decode(output.stdout);
}

function isFile(path: string | URL): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function skip(name: string, reason: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`SKIP ${name}: ${reason}\n`));
}
