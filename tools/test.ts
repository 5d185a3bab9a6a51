/**
 * `deno task test`: sets the machine up and runs every check and test. The last line of its output
 * is the sum, its exit status is 1 if anything failed.
 *
 * @module
 */

import { EXAMPLE_FOLDERS } from "../tests/architecture/example_rules.ts";
import { REPOSITORY } from "./repository.ts";
import { print } from "./terminal.ts";
import { installPackages } from "./test/debian_packages.ts";
import { denoCommand, denoTest, stage } from "./test/stage.ts";
import { add, type Counts, format, NONE } from "./test/summary.ts";

/** Types are checked once, by the stage of that name. */
const TEST = ["test", "--no-prompt", "--no-check"];

/** The folders whose functions have examples; `tests/architecture_test.ts` requires them. */
const EXAMPLES = EXAMPLE_FOLDERS.map((folder) => `lib/${folder}`);

/** Tests that need permissions, most of them the compiled plugins too. */
const SUITES = [
  { path: "tests/architecture", permissions: "tests" },
  { path: "tests/architecture_test.ts", permissions: "tests" },
  { path: "tests/effects/sys", permissions: "tests" },
  { path: "tests/effects/host_local", permissions: "tests" },
  { path: "tests/effects/linux", permissions: "tests-dhcp" },
  { path: "tests/effects/dhcp", permissions: "tests-dhcp" },
  { path: "tests/tools", permissions: "tools" },
  { path: "tests/host_local", permissions: "tests" },
  { path: "tests/dhcp", permissions: "tests-dhcp" },
];

async function runAll(): Promise<Counts> {
  let sum = await runStages([
    ["format", () => denoCommand(["fmt", "--check"])],
    ["lint", () => denoCommand(["lint"])],
    ["types", () => denoCommand(["check"])],
    [
      "unit tests, without permissions",
      () => denoTest([...TEST, "tests/unit"]),
    ],
    [
      "examples of doc comments, without permissions",
      // With types: the stage of that name does not check examples.
      () => denoTest(["test", "--no-prompt", "--doc", ...EXAMPLES]),
    ],
    ["Debian packages", () => installPackages().then(() => NONE)],
  ]);
  const built = await runStages([
    ["build", () => denoCommand(["task", "build"])],
    ["build of the empty script", () => denoCommand(["task", "build:empty"])],
  ]);
  sum = add(sum, built);
  if (built.failed > 0) {
    print("\nNothing else is run: there is no fresh binary to test.");
    return sum;
  }
  for (const { path, permissions } of SUITES) {
    const run = (): Promise<Counts> =>
      denoTest([...TEST, `-P=${permissions}`, path]);
    sum = add(sum, await stage(path, run));
  }
  return sum;
}

async function runStages(
  stages: readonly (readonly [title: string, run: () => Promise<Counts>])[],
): Promise<Counts> {
  let sum = NONE;
  for (const [title, run] of stages) sum = add(sum, await stage(title, run));
  return sum;
}

if (import.meta.main) {
  Deno.chdir(REPOSITORY);
  const sum = await runAll();
  print(`\n${format(sum)}`);
  Deno.exit(sum.failed === 0 ? 0 : 1);
}
