/** The workflows: pinned actions, few permissions, and no release without its checks. @module */

import { assertEquals } from "@std/assert";
// deno-lint-ignore no-import-prefix -- the only use of this part of the package.
import { parse } from "npm:deno-std@1.2.0/yaml/parse.js";
import { releaseFiles } from "../../tools/release.ts";
import { TAG } from "../../tools/release/tag.ts";
import { REPO_ROOT } from "../support/binaries.ts";

const FOLDER = `${REPO_ROOT}/.github/workflows`;

/** A step of a job. */
interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** A job; one that calls another workflow has no steps. */
interface Job {
  readonly needs?: string | readonly string[];
  readonly uses?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly Step[];
}

/** A workflow. */
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const texts = new Map<string, string>();
for (const { name } of Deno.readDirSync(FOLDER)) {
  texts.set(name, Deno.readTextFileSync(`${FOLDER}/${name}`));
}
const workflows = new Map<string, Workflow>(
  [...texts].map(([name, text]) => [name, parse(text)]),
);

function workflow(name: string): Workflow {
  const found = workflows.get(name);
  if (found === undefined) throw new Error(`no workflow "${name}"`);
  return found;
}

function needsOf({ needs = [] }: Job): readonly string[] {
  return typeof needs === "string" ? [needs] : needs;
}

for (const [name, { jobs, on, permissions }] of workflows) {
  Deno.test(`${name} pins each action by the hash of a commit, with its version`, () => {
    const uses = [...(texts.get(name) ?? "").matchAll(/uses: (.*)$/gm)]
      .map(([, action = ""]) => action);
    const other = uses.filter((action) =>
      !/^[\w-]+(?:\/[\w-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action) &&
      !action.startsWith("./.github/workflows/")
    );
    assertEquals(other, []);
  });

  Deno.test(`${name} limits permissions and time, and keeps no credentials`, () => {
    assertEquals(
      [undefined, "{}", '{"contents":"read"}'].indexOf(
        JSON.stringify(permissions),
      ) > 0,
      true,
    );
    assertEquals("pull_request_target" in on, false);
    const problems = Object.entries(jobs).flatMap(([job, each]) => [
      ...each.uses === undefined && each["timeout-minutes"] === undefined
        ? [`${job}: no time limit`]
        : [],
      ...(each.steps ?? []).filter((step) =>
        step.uses?.startsWith("actions/checkout@") &&
        step.with?.["persist-credentials"] !== false
      ).map(() => `${job}: keeps the credentials of the checkout`),
      // Text from an event in a script would be run.
      ...(each.steps ?? []).filter(({ run }) => run?.includes("${{"))
        .map(({ run }) => `${job}: expression in "${run}"`),
    ]);
    assertEquals(problems, []);
  });

  Deno.test(`${name} needs only jobs that exist`, () => {
    const missing = Object.values(jobs).flatMap(needsOf)
      .filter((job) => !(job in jobs));
    assertEquals(missing, []);
  });
}

Deno.test("a release is published by one job only, after all others and an approval", () => {
  const { jobs } = workflow("release.yml");
  const { publish, ...others } = jobs;
  assertEquals(publish?.environment, "release");
  const reached = new Set(publish === undefined ? [] : needsOf(publish));
  for (const job of reached) {
    for (const next of needsOf(jobs[job] ?? {})) reached.add(next);
  }
  assertEquals([...reached].sort(), Object.keys(others).sort());
  const writing = Object.entries(others).filter(([, { permissions = {} }]) =>
    Object.values(permissions).includes("write")
  );
  assertEquals(writing, []);
});

Deno.test("the release tests what every commit is tested with", () => {
  assertEquals(
    workflow("release.yml").jobs["test"]?.uses,
    "./.github/workflows/ci.yml",
  );
  assertEquals("workflow_call" in workflow("ci.yml").on, true);
});

Deno.test("another machine builds every file of a release again", () => {
  const steps = workflow("release.yml").jobs["rebuild"]?.steps ?? [];
  const command = steps.find(({ run }) => run?.includes("release:verify"))?.run;
  const ends = [...releaseFiles(TAG, "").keys()].map((name) =>
    `release/*${name.slice(name.search(/\.[a-z][a-z.]*$/))}`
  );
  assertEquals(
    command?.split(/\s+/).filter((word) => word.startsWith("release/")).sort(),
    [...new Set(ends)].sort(),
  );
});

Deno.test("publish checks the branch, hashes, signatures and provenance before it creates the release", () => {
  const steps = workflow("release.yml").jobs["publish"]?.steps ?? [];
  const all = steps.map(({ uses = "", run = "" }) => `${uses}${run}`);
  const order = [
    "git merge-base --is-ancestor",
    "sha512sum --check --strict",
    "tools/release/sign.sh",
    "actions/attest-build-provenance@",
    "gh attestation verify",
    "gh release create",
  ].map((text) => all.findIndex((step) => step.includes(text)));
  assertEquals(order, [...order].sort((a, b) => a - b));
  assertEquals(order.includes(-1), false);
});
