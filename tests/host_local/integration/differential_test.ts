/**
 * Compares our plugin with upstream's: the same random calls on two directories with the same
 * content must result in the same exit status, stdout and files, unless docs/differences.md
 * lists the difference. In some sequences the standalone executable and the resident process run
 * our calls alternately.
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
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { TempDir } from "../../support/temp_dir.ts";
import {
  describeStep,
  differences,
  type PluginRun,
  type Step,
} from "./differential_compare.ts";
import {
  formatConfig,
  type RandomCall,
  randomCall,
  randomLeftovers,
} from "./differential_call.ts";
import { type RandomNetwork, randomNetwork } from "./differential_network.ts";
import { violatedGuarantees } from "./differential_guarantees.ts";
import { explain, RULES } from "./differential_rules.ts";

const SEED = numberFromEnv("DIFFERENTIAL_SEED", Date.now() % 1_000_000_000);
const SEQUENCES = numberFromEnv("DIFFERENTIAL_SEQUENCES", 40);
const CALLS = 14;
const WORKERS = 3;
const SHOWN = numberFromEnv("DIFFERENTIAL_SHOWN", 8);

/** The data directories of the two plugins in one sequence. */
interface DataDirs {
  readonly upstream: string;
  readonly ours: string;
}

/** Totals of all sequences. */
interface Tally {
  calls: number;
  readonly explained: Map<string, number>;
  readonly unexplained: string[];
  readonly violations: string[];
}

async function callOne(
  binary: string,
  { dataDir, config, call }: {
    readonly dataDir: string;
    readonly config: string;
    readonly call: RandomCall;
  },
): Promise<PluginRun> {
  const { command, env } = call;
  const outcome = await callHostLocal({ binary, command, config, env });
  return { outcome, after: readNetwork(`${dataDir}/net`) };
}

async function step(
  { dataDirs, binary, network, call }: {
    readonly dataDirs: DataDirs;
    /** Ours. */
    readonly binary: string;
    readonly network: RandomNetwork;
    readonly call: RandomCall;
  },
): Promise<Step> {
  const before = readNetwork(`${dataDirs.ours}/net`);
  const config = formatConfig(network, call, dataDirs.ours);
  // Debian's upstream does not know 1.1.0, whose results are those of 1.0.0.
  const known = network.cniVersion === "1.1.0"
    ? { ...network, cniVersion: "1.0.0" }
    : network;
  const [upstream, ours] = await Promise.all([
    callOne(UPSTREAM, {
      dataDir: dataDirs.upstream,
      config: formatConfig(known, call, dataDirs.upstream),
      call,
    }),
    callOne(binary, { dataDir: dataDirs.ours, config, call }),
  ]);
  const rename = (text: string): string =>
    text.replaceAll(dataDirs.upstream, dataDirs.ours);
  const outcome = {
    ...upstream.outcome,
    stdout: rename(upstream.outcome.stdout),
  };
  return {
    network,
    call,
    config,
    before,
    upstream: { ...upstream, outcome },
    ours,
  };
}

async function runSequence(
  random: Random,
  { root, binaries, tally }: {
    readonly root: string;
    /** Ours, which run the calls alternately. */
    readonly binaries: readonly string[];
    readonly tally: Tally;
  },
): Promise<void> {
  const dataDirs = { upstream: `${root}/upstream`, ours: `${root}/ours` };
  const network = randomNetwork(random, [
    `${root}/resolv.conf`,
    `${root}/absent`,
  ]);
  await Deno.mkdir(root);
  await Deno.writeTextFile(
    `${root}/resolv.conf`,
    "# a comment\nnameserver 192.0.2.3\nnameserver 2001:db8::3\ndomain a.example\nsearch x.example y.example\noptions ndots:5\n",
  );
  const leftovers = randomLeftovers(random, network);
  writeNetwork(`${dataDirs.upstream}/net`, leftovers);
  writeNetwork(`${dataDirs.ours}/net`, leftovers);
  for (let count = 0; count < CALLS; count += 1) {
    const made = await step({
      dataDirs,
      binary: binaries[count % binaries.length] ?? OURS,
      network,
      call: randomCall(random, network),
    });
    tally.calls += 1;
    for (const violation of violatedGuarantees(made)) {
      tally.violations.push(`${violation}\n    ${describeStep(made)}`);
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
    resynchronize(made, dataDirs, random);
  }
}

/** After a difference, gives both plugins the files that one of them has. */
function resynchronize(
  { upstream, ours }: Step,
  dataDirs: DataDirs,
  random: Random,
): void {
  const files = filesOf(random.chance(0.5) ? upstream.after : ours.after);
  writeNetwork(`${dataDirs.upstream}/net`, files);
  writeNetwork(`${dataDirs.ours}/net`, files);
}

async function compareSequences(
  sequences: number,
  binaries: readonly string[],
): Promise<void> {
  report(
    `differential test: DIFFERENTIAL_SEED=${SEED}, ${sequences} sequences of ${CALLS} calls`,
  );
  using temp = new TempDir();
  const tally: Tally = {
    calls: 0,
    explained: new Map(),
    unexplained: [],
    violations: [],
  };
  const all = new Random(SEED);
  const indexes = Array.from({ length: sequences }, (_, index) => index);
  await runInParallel(
    indexes,
    WORKERS,
    (index) => {
      const root = temp.join(`${index}`);
      return runSequence(all.fork(index), { root, binaries, tally });
    },
  );
  const counts = [...tally.explained].sort().map(([id, count]) =>
    `${id} ${count}`
  ).join(", ");
  report(
    `differential test: ${tally.calls} calls; deliberate differences: ${counts}`,
  );
  assertEquals(
    tally.violations.length,
    0,
    `${tally.violations.length} violated guarantees:\n  ${
      tally.violations.slice(0, SHOWN).join("\n  ")
    }\n`,
  );
  assertEquals(
    tally.unexplained.length,
    0,
    `${tally.unexplained.length} unexplained differences:\n  ${
      tally.unexplained.slice(0, SHOWN).join("\n  ")
    }\n`,
  );
}

testWith(
  [`binary:${OURS}`, `binary:${UPSTREAM}`],
  "host-local prints and writes what upstream does, except for deliberate differences",
  async () => {
    await compareSequences(SEQUENCES, [OURS]);
  },
);

testWith(
  [...RESIDENT_REQUIREMENTS, `binary:${UPSTREAM}`],
  "host-local and its resident process alternately print and write what upstream does, except for deliberate differences",
  async () => {
    await using resident = await ResidentHostLocal.start();
    await compareSequences(Math.ceil(SEQUENCES / 4), [OURS, resident.binary]);
  },
);

Deno.test("docs/differences.md lists every rule of the differential test", async () => {
  const listed = await deliberateDifferences();
  assertEquals(
    RULES.filter(({ id }) => !listed.has(id)).map(({ id }) => id),
    [],
  );
});
