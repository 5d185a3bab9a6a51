import { formatHex } from "../../lib/base/hex.ts";
import { Mutator } from "../fuzz/mutate.ts";
import { FUZZ_TARGETS, seedsOf } from "../fuzz/targets.ts";
import { hex } from "../support/bytes.ts";
import { testRows } from "../support/rows.ts";

const INPUTS = 100_000;
const SEED = 2131;

for (const target of FUZZ_TARGETS) {
  testRows(
    `fuzz ${target.name}: corpus,`,
    target.corpus,
    async ({ hex: text }) => {
      for (let choice = 0; choice < 64; choice++) {
        await target.run(hex(text), choice);
      }
    },
  );
}

testRows(
  `fuzz with ${INPUTS} inputs from seed ${SEED}:`,
  FUZZ_TARGETS,
  async (target) => {
    const mutator = new Mutator(SEED);
    const seeds = seedsOf(target);
    for (let count = 0; count < INPUTS; count++) {
      const bytes = mutator.bytes(seeds);
      const before = bytes.slice();
      const choice = mutator.below(2 ** 16);
      try {
        const running = target.run(bytes, choice);
        // Most targets are synchronous, and awaiting each would be slow.
        if (running !== undefined) await running;
      } catch (cause) {
        const input = `choice ${choice}, ${formatHex(before)}`;
        throw new Error(`input ${count}: ${input}`, { cause });
      }
    }
  },
);
