/**
 * The long fuzz run: `deno run --allow-env=FUZZ_INPUTS,FUZZ_SEED tests/fuzz/fuzz.ts [target]`.
 *
 * FUZZ_INPUTS is the number of inputs for each target (default: 10 million), FUZZ_SEED the seed
 * (default: 1). A crasher is printed as a line for the corpus and ends the run with status 1.
 *
 * @module
 */

import { formatHex } from "../../lib/base/hex.ts";
import { numberFromEnv } from "../support/random.ts";
import { Mutator } from "./mutate.ts";
import { FUZZ_TARGETS, type FuzzTarget, seedsOf } from "./targets.ts";

const inputs = numberFromEnv("FUZZ_INPUTS", 10_000_000);
const seed = numberFromEnv("FUZZ_SEED", 1);
const [wanted] = Deno.args;

async function fuzz(target: FuzzTarget): Promise<void> {
  const mutator = new Mutator(seed);
  const seeds = seedsOf(target);
  const startMs = performance.now();
  for (let count = 0; count < inputs; count++) {
    const bytes = mutator.bytes(seeds);
    const choice = mutator.below(2 ** 16);
    const inputHex = lazyHex(bytes);
    try {
      const running = target.run(bytes, choice);
      if (running !== undefined) await running;
    } catch (error) {
      print(`${target.name}, choice ${choice}: ${error}`);
      print(`{ "name": "", "hex": "${inputHex()}" }`);
      Deno.exit(1);
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  print(`${target.name}: ${inputs} inputs in ${seconds.toFixed(1)} s`);
}

/** Copies an input, which its target may change, and formats the copy only if it is needed. */
function lazyHex(bytes: Uint8Array): () => string {
  const copy = bytes.slice();
  return () => formatHex(copy);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const targets = FUZZ_TARGETS.filter(({ name }) =>
  wanted === undefined || wanted === name
);
if (targets.length === 0) {
  print(`no target "${wanted}"`);
  Deno.exit(1);
}
for (const target of targets) await fuzz(target);
