import { Mutator } from "../fuzz/mutate.ts";
import { FUZZ_TARGETS, seedsOf } from "../fuzz/targets.ts";
import { hex } from "../support/bytes.ts";
import { formatHex } from "../../lib/base/hex.ts";

const INPUTS = 100_000;
const SEED = 2131;

for (const target of FUZZ_TARGETS) {
  for (const { name, hex: text } of target.corpus) {
    Deno.test(`fuzz ${target.name}: corpus, ${name}`, () => {
      for (let choice = 0; choice < 64; choice++) {
        target.run(hex(text), choice);
      }
    });
  }

  // A client is made for each input of the last target, which takes longer.
  const inputs = target.name === "replies" ? INPUTS / 10 : INPUTS;
  Deno.test(`fuzz ${target.name}: ${inputs} inputs from seed ${SEED}`, () => {
    const mutator = new Mutator(SEED);
    const seeds = seedsOf(target);
    for (let count = 0; count < inputs; count++) {
      const bytes = mutator.bytes(seeds);
      const before = bytes.slice();
      const choice = mutator.below(2 ** 16);
      try {
        target.run(bytes, choice);
      } catch (cause) {
        const input = `choice ${choice}, ${formatHex(before)}`;
        throw new Error(`input ${count}: ${input}`, { cause });
      }
    }
  });
}
