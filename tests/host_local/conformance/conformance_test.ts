/**
 * Runs every case in `cases/` against this project's host-local, alone and through the launcher and
 * the resident process, and against upstream's.
 *
 * `HOST_LOCAL_BIN` names a binary to test instead of dist/host-local. Upstream's is the one that
 * the Debian package containernetworking-plugins installs. The `upstream` keys of the cases
 * describe that release, 1.1.1.
 * @module
 */

import { assertEquals } from "@std/assert";
import { MAX_STDIN_BYTES } from "../../../lib/cni/network_config.ts";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { deliberateDifferences } from "../../support/deliberate_differences.ts";
import { report } from "../../support/report.ts";
import { missing } from "../../support/requirements.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import {
  type ConformanceCase,
  differencesOf,
  loadCases,
} from "./case_reader.ts";
import type { Target } from "./compare_stdout.ts";
import { runCase } from "./runner.ts";
import type { Step } from "./step_reader.ts";

const UPSTREAM_VERSIONS = '{"cniVersion":"1.0.0","supportedVersions":' +
  '["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0"]}\n';

/** Differences that every case with an error document relies on without naming them. */
const IMPLIED_DIFFERENCES = ["error-cni-version"];

const groups = loadCases(new URL("cases/", import.meta.url));

register("here", {
  binary: OURS,
  obstacle: isFile(OURS) ? undefined : "no such file",
});
registerResident();
register("upstream", { binary: UPSTREAM, obstacle: upstreamObstacle() });

Deno.test("every conformance case has a unique name", () => {
  for (const { topic, cases } of groups) {
    const names = cases.map((conformanceCase) => conformanceCase.name);
    const repeated = names.filter((name, index) =>
      names.indexOf(name) !== index
    );
    assertEquals(repeated, [], topic);
  }
});

Deno.test("docs/differences.md explains every difference that a case relies on", async () => {
  const explained = await deliberateDifferences();
  const used = new Set([
    ...IMPLIED_DIFFERENCES,
    ...groups.flatMap(({ cases }) => cases.flatMap(differencesOf)),
  ]);
  assertEquals([...used].filter((id) => !explained.has(id)).sort(), []);
});

/**
 * Registers one test for each case. If the binary is missing, the tests are ignored and one line
 * says why.
 */
function register(
  target: Target,
  { binary, obstacle }: {
    readonly binary: string;
    readonly obstacle: string | undefined;
  },
): void {
  if (obstacle !== undefined) {
    report(`SKIP conformance ${target} ${binary}: ${obstacle}`);
  }
  for (const { topic, cases } of groups) {
    for (const conformanceCase of cases) {
      Deno.test({
        name: `${target} ${topic}: ${conformanceCase.name}`,
        ignore: obstacle !== undefined,
        fn: () => check(conformanceCase, { binary, target }),
      });
    }
  }
}

/** Registers one test for all cases through the launcher and one resident process. */
function registerResident(): void {
  const obstacle = missing(...RESIDENT_REQUIREMENTS);
  if (obstacle !== undefined) {
    report(`SKIP conformance resident: ${obstacle}`);
  }
  Deno.test({
    name: "resident",
    ignore: obstacle !== undefined,
    fn: async (context) => {
      // The resident process has this umask; the plugin has that of its caller.
      const umask = Deno.umask(0o022);
      await using resident = await ResidentHostLocal.start();
      Deno.umask(umask);
      const { binary } = resident;
      let steps = 0;
      for (const { topic, cases } of groups) {
        for (const conformanceCase of cases) {
          steps += conformanceCase.steps.filter(isForwarded).length;
          await context.step(
            `${topic}: ${conformanceCase.name}`,
            () => check(conformanceCase, { binary, target: "here" }),
          );
        }
      }
      const { calls, refusals } = resident;
      report(`conformance: ${calls} of ${steps} steps were resident`);
      assertEquals(calls + refusals, steps, "calls that reached the process");
    },
  });
}

/** Returns whether the launcher offers the call to the resident process. */
function isForwarded({ env, stdin }: Step): boolean {
  return (env["CNI_COMMAND"] ?? "") !== "" && stdin.length <= MAX_STDIN_BYTES;
}

async function check(
  conformanceCase: ConformanceCase,
  options: { readonly binary: string; readonly target: Target },
): Promise<void> {
  const umask = Deno.umask(0o022);
  try {
    const problems = await runCase(conformanceCase, options);
    if (problems.length > 0) throw new Error(problems.join("\n"));
  } finally {
    Deno.umask(umask);
  }
}

/** Returns why the installed plugin is not the upstream release that the cases describe. */
function upstreamObstacle(): string | undefined {
  if (!isFile(UPSTREAM)) return "no such file";
  return versionsOf(UPSTREAM) === UPSTREAM_VERSIONS
    ? undefined
    : "not release 1.1.1";
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
