import { Mutator } from "../fuzz/mutate.ts";
import { FUZZ_TARGETS, seedsOf } from "../fuzz/targets.ts";
import { hex } from "../support/bytes.ts";
import { formatHex } from "../../lib/base/hex.ts";

const INPUTS = 100_000;
const SEED = 2131;

for (const target of FUZZ_TARGETS) {
  for (const { name, hex: text } of target.corpus) {
    Deno.test(`fuzz ${target.name}: corpus, ${name}`, async () => {
      for (let choice = 0; choice < 64; choice++) {
        await target.run(hex(text), choice);
      }
    });
  }

  Deno.test(`fuzz ${target.name}: ${INPUTS} inputs from seed ${SEED}`, async () => {
    const mutator = new Mutator(SEED);
    const seeds = seedsOf(target);
    for (let count = 0; count < INPUTS; count++) {
      const bytes = mutator.bytes(seeds);
      const before = bytes.slice();
      const choice = mutator.below(2 ** 16);
      try {
        const running = target.run(bytes, choice);
        // Most are done by then, and a turn of the queue each is dear.
        if (running !== undefined) await running;
      } catch (cause) {
        const input = `choice ${choice}, ${formatHex(before)}`;
        throw new Error(`input ${count}: ${input}`, { cause });
      }
    }
  });
}
