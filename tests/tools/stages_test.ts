/** The stages of a test run. @module */

import { assertEquals } from "@std/assert";
import { walkSync } from "@std/fs/walk";
import { SUITES } from "../../tools/test/stages.ts";
import type { Stage } from "../../tools/test/stage.ts";
import { REPO_ROOT } from "../support/binaries.ts";

const IGNORE = "--ignore=";

/** Returns whether the stage runs the tests of the file. */
function runs({ args }: Stage, file: string): boolean {
  if (args[0] !== "test") return false;
  const ignored = args.filter((argument) => argument.startsWith(IGNORE))
    .map((argument) => argument.slice(IGNORE.length));
  const isIn = (path: string): boolean =>
    file === path || file.startsWith(`${path}/`);
  return isIn(args.at(-1) ?? "") && !ignored.some(isIn);
}

Deno.test("exactly one stage runs each test file", () => {
  const files = [...walkSync(`${REPO_ROOT}/tests`, { includeDirs: false })]
    .map(({ path }) => path.slice(REPO_ROOT.length + 1))
    .filter((path) => path.endsWith("_test.ts"));
  const problems = files
    .map((file) => ({
      file,
      stages: SUITES.filter((stage) => runs(stage, file))
        .map(({ title }) => title),
    }))
    .filter(({ stages }) => stages.length !== 1);
  assertEquals(problems, []);
});
