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
import { runStage, type Stage } from "./test/stage.ts";
import { BUILD, BUILD_LAUNCHER, PREPARATION, SUITES } from "./test/stages.ts";
import { formatCounts, NO_TESTS, sum, type Summary } from "./test/summary.ts";

/** How many stages run at a time. Most suites run several tests at a time themselves. */
const WIDTH = Math.max(2, navigator.hardwareConcurrency);

/** How often the running stages are listed. */
const PROGRESS_MS = 60_000;

async function runAll(running: Set<string>): Promise<Summary> {
  const run = (stage: Stage): Promise<Summary> => runStage(stage, running);
  const [built = NO_TESTS, ...checked] = await runInParallel(
    [BUILD, ...PREPARATION],
    WIDTH,
    run,
  );
  if (built.failed > 0) {
    print("No binary to test: the other stages are not run.\n");
    return sum([built, ...checked]);
  }
  const launcher = await run(BUILD_LAUNCHER);
  const tested = await runInParallel(SUITES, WIDTH, run);
  return sum([built, ...checked, launcher, ...tested]);
}

if (import.meta.main) {
  Deno.chdir(REPOSITORY);
  const running = new Set<string>();
  const startMs = performance.now();
  const progress = setInterval(() => {
    const minutes = Math.round((performance.now() - startMs) / 60_000);
    print(`== after ${minutes} min, running: ${[...running].join(", ")}`);
  }, PROGRESS_MS);
  const summary = await runAll(running);
  clearInterval(progress);
  if (summary.failures.length > 0) {
    print(["Failed:", ...summary.failures, ""].join("\n"));
  }
  print(formatCounts(summary));
  Deno.exit(summary.failed === 0 ? 0 : 1);
}
