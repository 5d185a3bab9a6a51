/**
 * Our plugin beside upstream's: the same made-up calls on two directories with the same content must give the same
 * exit status, stdout and files, or differ in a way that ARCHITECTURE.md lists as deliberate.
 *
 * `DIFFERENTIAL_SEED` repeats a run, `DIFFERENTIAL_SEQUENCES` makes it longer.
 * @module
 */

import { assertEquals } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { callHostLocal } from "../../support/host_local_call.ts";
import {
  filesOf,
  readNetwork,
  writeNetwork,
} from "../../support/network_directory.ts";
import { report } from "../../support/report.ts";
import { deliberateDifferences } from "../../support/deliberate_differences.ts";
import { runInParallel } from "../../../tools/parallel.ts";
import { numberFromEnv, Random } from "../../support/random.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import {
  describeStep,
  differences,
  type Seen,
  type Step,
} from "./differential_compare.ts";
import {
  formatConfig,
  type MadeCall,
  makeCall,
  makeLeftovers,
} from "./differential_call.ts";
import { type MadeNetwork, makeNetwork } from "./differential_network.ts";
import { brokenPromises } from "./differential_promises.ts";
import { explain, RULES } from "./differential_rules.ts";

const SEED = numberFromEnv("DIFFERENTIAL_SEED", Date.now() % 1_000_000_000);
const SEQUENCES = numberFromEnv("DIFFERENTIAL_SEQUENCES", 40);
const CALLS = 14;
const LANES = 3;
const SHOWN = numberFromEnv("DIFFERENTIAL_SHOWN", 8);

/** The two directories of a sequence. */
interface Sides {
  readonly upstream: string;
  readonly ours: string;
}

/** What all sequences together did. */
interface Tally {
  calls: number;
  readonly explained: Map<string, number>;
  readonly unexplained: string[];
  readonly broken: string[];
}

async function callOne(
  binary: string,
  { dataDir, config, call }: {
    readonly dataDir: string;
    readonly config: string;
    readonly call: MadeCall;
  },
): Promise<Seen> {
  const { command, env } = call;
  const outcome = await callHostLocal({ binary, command, config, env });
  return { outcome, after: readNetwork(`${dataDir}/net`) };
}

async function step(
  sides: Sides,
  network: MadeNetwork,
  call: MadeCall,
): Promise<Step> {
  const before = readNetwork(`${sides.ours}/net`);
  const config = formatConfig(network, call, sides.ours);
  // Debian's upstream does not know 1.1.0, whose results are those of 1.0.0.
  const known = network.cniVersion === "1.1.0"
    ? { ...network, cniVersion: "1.0.0" }
    : network;
  const [upstream, ours] = await Promise.all([
    callOne(UPSTREAM, {
      dataDir: sides.upstream,
      config: formatConfig(known, call, sides.upstream),
      call,
    }),
    callOne(OURS, { dataDir: sides.ours, config, call }),
  ]);
  const rename = (text: string): string =>
    text.replaceAll(sides.upstream, sides.ours);
  const told = { ...upstream.outcome, stdout: rename(upstream.outcome.stdout) };
  return {
    network,
    call,
    config,
    before,
    upstream: { ...upstream, outcome: told },
    ours,
  };
}

async function runSequence(
  random: Random,
  { root, tally }: { readonly root: string; readonly tally: Tally },
): Promise<void> {
  const sides = { upstream: `${root}/upstream`, ours: `${root}/ours` };
  const network = makeNetwork(random, [
    `${root}/resolv.conf`,
    `${root}/absent`,
  ]);
  await Deno.mkdir(root);
  await Deno.writeTextFile(
    `${root}/resolv.conf`,
    "# made up\nnameserver 192.0.2.3\nnameserver 2001:db8::3\ndomain a.example\nsearch x.example y.example\noptions ndots:5\n",
  );
  const leftovers = makeLeftovers(random, network);
  writeNetwork(`${sides.upstream}/net`, leftovers);
  writeNetwork(`${sides.ours}/net`, leftovers);
  for (let count = 0; count < CALLS; count += 1) {
    const made = await step(sides, network, makeCall(random, network));
    tally.calls += 1;
    for (const broken of brokenPromises(made)) {
      tally.broken.push(`${broken}\n    ${describeStep(made)}`);
    }
    const aspects = differences(made);
    if (aspects.length === 0) continue;
    const { ids, left } = explain(made, aspects);
    for (const id of ids) {
      tally.explained.set(id, (tally.explained.get(id) ?? 0) + 1);
    }
    if (left.length > 0) {
      tally.unexplained.push(
        `sequence seed ${random.seed}, call ${count + 1}: ${
          left.join(", ")
        }\n    ${describeStep(made)}`,
      );
    }
    resynchronise(made, sides, random);
  }
}

/** After a difference both sides go on from the files of one of them. */
function resynchronise(
  { upstream, ours }: Step,
  sides: Sides,
  random: Random,
): void {
  const files = filesOf(random.chance(0.5) ? upstream.after : ours.after);
  writeNetwork(`${sides.upstream}/net`, files);
  writeNetwork(`${sides.ours}/net`, files);
}

const NAME =
  "host-local answers and writes as upstream does, but for deliberate differences";

testWith([`binary:${OURS}`, `binary:${UPSTREAM}`], NAME, async () => {
  report(
    `differential test: DIFFERENTIAL_SEED=${SEED}, ${SEQUENCES} sequences of ${CALLS} calls`,
  );
  using temp = new TempDir();
  const tally: Tally = {
    calls: 0,
    explained: new Map(),
    unexplained: [],
    broken: [],
  };
  const all = new Random(SEED);
  const indexes = Array.from({ length: SEQUENCES }, (_, index) => index);
  await runInParallel(
    indexes,
    LANES,
    (index) =>
      runSequence(all.fork(index), { root: temp.join(`${index}`), tally }),
  );
  const counts = [...tally.explained].sort().map(([id, count]) =>
    `${id} ${count}`
  ).join(", ");
  report(
    `differential test: ${tally.calls} calls; deliberate differences: ${counts}`,
  );
  assertEquals(
    tally.broken.length,
    0,
    `${tally.broken.length} promises broken:\n  ${
      tally.broken.slice(0, SHOWN).join("\n  ")
    }\n`,
  );
  assertEquals(
    tally.unexplained.length,
    0,
    `${tally.unexplained.length} differences nothing explains:\n  ${
      tally.unexplained.slice(0, SHOWN).join("\n  ")
    }\n`,
  );
});

Deno.test("every rule of the differential test is a deliberate difference listed in ARCHITECTURE.md", async () => {
  const listed = await deliberateDifferences();
  assertEquals(
    RULES.filter(({ id }) => !listed.has(id)).map(({ id }) => id),
    [],
  );
});
