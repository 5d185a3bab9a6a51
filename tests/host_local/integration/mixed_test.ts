/**
 * Runs both plugins, and ours also in a resident process, on one network directory, partly at the
 * same time and with an operator who edits it. After every step the directory holds exactly the
 * addresses that were printed and not released, whichever plugin did it.
 *
 * `MIXED_SEED` repeats the calls of a run; how concurrent ones interleave differs from run to run.
 * `MIXED_SEQUENCES` makes a run longer.
 * @module
 */

import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { reservations } from "../../support/network_directory.ts";
import { report } from "../../support/report.ts";
import { runInParallel } from "../../../tools/parallel.ts";
import { numberFromEnv, Random } from "../../support/random.ts";
import { testWith } from "../../support/requirements.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { interfere } from "./mixed_interference.ts";
import { type PluginCall, type Range, SharedNetwork } from "./mixed_network.ts";

const SEED = numberFromEnv("MIXED_SEED", Date.now() % 1_000_000_000);
const SEQUENCES = numberFromEnv("MIXED_SEQUENCES", 3);
const WORKERS = 3;
const CONTAINERS = Array.from({ length: 9 }, (_, index) => `c${index}`);

/** Ranges with many more addresses than containers. */
const WIDE: readonly Range[] = [
  { subnet: "10.1.0.0/22" },
  { subnet: "fd00:1::/64" },
];
/** One address of each family per container: each ADD gets an address that a DEL released. */
const NARROW: readonly Range[] = [
  { subnet: "10.1.0.0/22", rangeStart: "10.1.0.2", rangeEnd: "10.1.0.10" },
  { subnet: "fd00:1::/64", rangeStart: "fd00:1::2", rangeEnd: "fd00:1::a" },
];

interface Setting {
  readonly ranges: readonly Range[];
  /** Steps of a sequence. */
  readonly steps: number;
  /** Number of reservations at the start; with more than 200 the plugin keeps an index. */
  readonly bulk: number;
  /** Whether an operator edits the directory between the calls. */
  readonly hasOperator: boolean;
  /** Whether the index is removed, damaged and replaced between the calls. */
  readonly damagesIndex: boolean;
  /** Whether some calls of ours go through the launcher to a resident process. */
  readonly hasResident?: boolean;
}

function pickCall(
  network: SharedNetwork,
  { random, containers = CONTAINERS }: {
    readonly random: Random;
    readonly containers?: readonly string[];
  },
): PluginCall {
  const containerId = random.pick(containers);
  const command = random.pick(
    ["ADD", "ADD", "ADD", "DEL", "DEL", "CHECK"] as const,
  );
  // If the container holds one of two addresses, upstream's ADD fails and releases it.
  const mustBeOurs = command === "ADD" && network.isPartial(containerId);
  return {
    binary: mustBeOurs
      ? random.pick(network.ours)
      : random.pick([...network.ours, ...network.ours, UPSTREAM]),
    command,
    containerId,
  };
}

/** Makes one to three calls in turn for each container, for all containers at the same time. */
async function callAll(network: SharedNetwork, random: Random): Promise<void> {
  await network.callConcurrently(
    random.shuffle(CONTAINERS).map((containerId) =>
      Array.from(
        { length: 1 + random.int(3) },
        () => pickCall(network, { random, containers: [containerId] }),
      )
    ),
  );
}

async function step(
  network: SharedNetwork,
  random: Random,
  setting: Setting,
): Promise<void> {
  if (setting.hasOperator && random.chance(0.3)) {
    await interfere(network, { random, target: "reservations" });
  }
  if (setting.damagesIndex && random.chance(0.3)) {
    await interfere(network, { random, target: "index" });
  }
  if (setting.ranges === NARROW) return await callAll(network, random);
  const kind = random.next();
  if (kind < 0.15) {
    const group = random.shuffle(CONTAINERS).slice(0, 2 + random.int(5));
    await network.callConcurrently(
      group.map((containerId) => [
        pickCall(network, { random, containers: [containerId] }),
      ]),
    );
  } else if (kind < 0.2) {
    await network.collect(
      random.pick(network.ours),
      random.shuffle(network.holders()).slice(0, random.int(3)),
    );
  } else if (kind < 0.35 && network.holders().length > 0) {
    await network.call({
      ...pickCall(network, { random, containers: network.holders() }),
      command: random.pick(["DEL", "CHECK"] as const),
    });
  } else {
    await network.call(pickCall(network, { random }));
  }
}

/** Releases every container with a DEL, and those from the start with one GC. */
async function releaseAll(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const isBulk = (containerId: string): boolean =>
    containerId.startsWith("bulk");
  for (
    const containerId of network.holders().filter((holder) => !isBulk(holder))
  ) {
    await network.call({
      binary: random.pick([...network.ours, UPSTREAM]),
      command: "DEL",
      containerId,
    });
  }
  await network.collect(random.pick(network.ours), network.holders());
}

async function runSequence(
  network: SharedNetwork,
  random: Random,
  setting: Setting,
): Promise<void> {
  for (
    const [name, content] of Object.entries(
      reservations(setting.bulk, { prefix: "bulk" }),
    )
  ) {
    network.writeAsOperator(name, content);
  }
  try {
    for (let count = 0; count < setting.steps; count += 1) {
      await step(network, random, setting);
    }
    await releaseAll(network, random);
  } catch (failure) {
    const steps = network.log.map((line) =>
      [OURS, ...network.ours].reduce(
        (text, path) =>
          text.replaceAll(path, path === OURS ? "ours" : "resident"),
        line,
      ).replaceAll(UPSTREAM, "upstream")
    );
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new Error(
      `MIXED_SEED=${SEED}, last steps:\n  ${
        steps.slice(-12).join("\n  ")
      }\n${reason}`,
      { cause: failure },
    );
  }
}

function mixedTest(users: string, setting: Setting): void {
  const name = `${users} without losing, leaking or duplicating an address`;
  const requirements = [
    `binary:${OURS}`,
    `binary:${UPSTREAM}`,
    ...setting.hasResident === true ? RESIDENT_REQUIREMENTS : [],
  ] as const;
  testWith(requirements, name, async () => {
    report(
      `mixed test, ${users}: MIXED_SEED=${SEED}, ${SEQUENCES} sequences of ${setting.steps} steps`,
    );
    using temp = new TempDir();
    await using stack = new AsyncDisposableStack();
    const ours = setting.hasResident === true
      ? [OURS, stack.use(await ResidentHostLocal.start()).binary]
      : [OURS];
    const all = new Random(SEED + setting.bulk);
    const indexes = Array.from({ length: SEQUENCES }, (_, index) => index);
    await runInParallel(
      indexes,
      WORKERS,
      (index) =>
        runSequence(
          new SharedNetwork(temp.join(`${index}`), {
            ranges: setting.ranges,
            ours,
          }),
          all.fork(index),
          setting,
        ),
    );
  });
}

mixedTest("both plugins share a directory", {
  ranges: WIDE,
  steps: 40,
  bulk: 0,
  hasOperator: false,
  damagesIndex: false,
});
mixedTest(
  "both plugins share a directory and a range of one address per container",
  {
    ranges: NARROW,
    steps: 6,
    bulk: 0,
    hasOperator: false,
    damagesIndex: false,
  },
);
mixedTest("both plugins and an operator share a directory", {
  ranges: WIDE,
  steps: 40,
  bulk: 0,
  hasOperator: true,
  damagesIndex: false,
});
mixedTest("both plugins share a directory with an index", {
  ranges: WIDE,
  steps: 40,
  bulk: 320,
  hasOperator: false,
  damagesIndex: false,
});
mixedTest("both plugins and an operator share a directory with an index", {
  ranges: WIDE,
  steps: 40,
  bulk: 320,
  hasOperator: true,
  damagesIndex: true,
});
mixedTest("both plugins and the resident process share a directory", {
  ranges: WIDE,
  steps: 40,
  bulk: 0,
  hasOperator: true,
  damagesIndex: false,
  hasResident: true,
});
mixedTest(
  "both plugins and the resident process share a directory and a range of one address per container",
  {
    ranges: NARROW,
    steps: 6,
    bulk: 0,
    hasOperator: false,
    damagesIndex: false,
    hasResident: true,
  },
);
mixedTest(
  "both plugins, the resident process and an operator share a directory with an index",
  {
    ranges: WIDE,
    steps: 40,
    bulk: 320,
    hasOperator: true,
    damagesIndex: true,
    hasResident: true,
  },
);
