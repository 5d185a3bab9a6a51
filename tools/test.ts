/**
 * `deno task test`: sets the machine up and runs every check and test. The last line of its output
 * is the sum, after the names of what failed; its exit status is 1 if anything failed.
 *
 * @module
 */

import { REPOSITORY } from "./repository.ts";
import { print } from "./terminal.ts";
import { runStages } from "./test/stage.ts";
import { BUILD, CHECKS, SUITES } from "./test/stages.ts";
import { formatCounts, NO_TESTS, sum, type Summary } from "./test/summary.ts";

/** One more than there are cores, for many tests wait most of their time. */
const WIDTH = navigator.hardwareConcurrency + 1;

async function runAll(): Promise<Summary> {
  const [built = NO_TESTS, ...checked] = await runStages(
    [BUILD, ...CHECKS],
    WIDTH,
  );
  if (built.failed > 0) {
    print("No binary to test: the other stages are not run.\n");
    return sum([built, ...checked]);
  }
  return sum([built, ...checked, ...await runStages(SUITES, WIDTH)]);
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
