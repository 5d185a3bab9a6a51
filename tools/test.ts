/**
 * `deno task test`: installs what the tests need and runs every check and test. The last line of
 * its output has the counts, after the names of what failed. Its exit status is 1 if anything
 * failed.
 *
 * @module
 */

import { runInParallel } from "./parallel.ts";
import { REPOSITORY } from "./repository.ts";
import { print } from "./terminal.ts";
import { runStage } from "./test/stage.ts";
import { BUILD, BUILD_LAUNCHER, PREPARATION, SUITES } from "./test/stages.ts";
import { formatCounts, NO_TESTS, sum, type Summary } from "./test/summary.ts";

/** How many stages run at a time. Most suites run several tests at a time themselves. */
const WIDTH = Math.max(2, navigator.hardwareConcurrency);

async function runAll(): Promise<Summary> {
  const [built = NO_TESTS, ...checked] = await runInParallel(
    [BUILD, ...PREPARATION],
    WIDTH,
    runStage,
  );
  if (built.failed > 0) {
    print("No binary to test: the other stages are not run.\n");
    return sum([built, ...checked]);
  }
  const launcher = await runStage(BUILD_LAUNCHER);
  const tested = await runInParallel(SUITES, WIDTH, runStage);
  return sum([built, ...checked, launcher, ...tested]);
}

if (import.meta.main) {
  Deno.chdir(REPOSITORY);
  const summary = await runAll();
  if (summary.failures.length > 0) {
    print(["Failed:", ...summary.failures, ""].join("\n"));
  }
  print(formatCounts(summary));
  Deno.exit(summary.failed === 0 ? 0 : 1);
}
