/**
 * Both binaries and a few people on one network directory: after every step exactly that is reserved which was printed
 * and not released, whoever reserved and whoever released it.
 *
 * `MIXED_SEED` repeats a run, `MIXED_SEQUENCES` makes it longer.
 * @module
 */

import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { reservations } from "../../support/network_directory.ts";
import { report } from "../../support/report.ts";
import { runInParallel } from "../../../tools/parallel.ts";
import { numberFromEnv, Random } from "../../support/random.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { interfere } from "./mixed_hands.ts";
import { World, type WorldCall } from "./mixed_world.ts";

const SEED = numberFromEnv("MIXED_SEED", Date.now() % 1_000_000_000);
const SEQUENCES = numberFromEnv("MIXED_SEQUENCES", 3);
const STEPS = 40;
const LANES = 2;
const CONTAINERS = Array.from({ length: 9 }, (_, index) => `c${index}`);

interface Setting {
  /** Reservations that are there from the start. */
  readonly bulk: number;
  /** Whether people interfere between the calls. */
  readonly hands: boolean;
  /** Whether the index is removed, damaged and replaced. */
  readonly indexHands: boolean;
}

function pickCall(
  world: World,
  { random, containers = CONTAINERS }: {
    readonly random: Random;
    readonly containers?: readonly string[];
  },
): WorldCall {
  const containerId = random.pick(containers);
  const command = random.pick(
    ["ADD", "ADD", "ADD", "DEL", "DEL", "CHECK"] as const,
  );
  // Upstream's ADD of a container that holds one address of two fails and frees that one.
  const isFatal = command === "ADD" && world.isPartial(containerId);
  return {
    binary: isFatal ? OURS : random.pick([OURS, OURS, UPSTREAM]),
    command,
    containerId,
  };
}

async function step(
  world: World,
  random: Random,
  setting: Setting,
): Promise<void> {
  if (setting.hands && random.chance(0.3)) {
    await interfere(world, { random, index: false });
  }
  if (setting.indexHands && random.chance(0.3)) {
    await interfere(world, { random, index: true });
  }
  const kind = random.next();
  if (kind < 0.15) {
    const group = random.shuffle(CONTAINERS).slice(0, 2 + random.int(5));
    await world.call(
      ...group.map((containerId) =>
        pickCall(world, { random, containers: [containerId] })
      ),
    );
  } else if (kind < 0.2) {
    await world.collect(
      OURS,
      random.shuffle(world.holders()).slice(0, random.int(3)),
    );
  } else if (kind < 0.35 && world.holders().length > 0) {
    await world.call({
      ...pickCall(world, { random, containers: world.holders() }),
      command: random.pick(["DEL", "CHECK"] as const),
    });
  } else {
    await world.call(pickCall(world, { random }));
  }
}

/** DEL of everybody who has come; those from the start go by one GC. */
async function releaseAll(world: World, random: Random): Promise<void> {
  const isBulk = (containerId: string): boolean =>
    containerId.startsWith("bulk");
  for (
    const containerId of world.holders().filter((holder) => !isBulk(holder))
  ) {
    await world.call({
      binary: random.pick([OURS, UPSTREAM]),
      command: "DEL",
      containerId,
    });
  }
  await world.collect(OURS, world.holders());
}

async function runSequence(
  world: World,
  random: Random,
  setting: Setting,
): Promise<void> {
  for (
    const [name, content] of Object.entries(
      reservations(setting.bulk, { prefix: "bulk" }),
    )
  ) {
    world.plant(name, content);
  }
  try {
    for (let count = 0; count < STEPS; count += 1) {
      await step(world, random, setting);
    }
    await releaseAll(world, random);
  } catch (failure) {
    const story = world.log.map((line) =>
      line.replaceAll(OURS, "ours").replaceAll(UPSTREAM, "upstream")
    );
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new Error(
      `MIXED_SEED=${SEED}, last steps:\n  ${
        story.slice(-12).join("\n  ")
      }\n${reason}`,
      { cause: failure },
    );
  }
}

function mixedTest(name: string, setting: Setting): void {
  testWith([`binary:${OURS}`, `binary:${UPSTREAM}`], name, async () => {
    report(
      `mixed test, ${name}: MIXED_SEED=${SEED}, ${SEQUENCES} sequences of ${STEPS} steps`,
    );
    using temp = new TempDir();
    const all = new Random(SEED + setting.bulk);
    const indexes = Array.from({ length: SEQUENCES }, (_, index) => index);
    await runInParallel(
      indexes,
      LANES,
      (index) =>
        runSequence(new World(temp.join(`${index}`)), all.fork(index), setting),
    );
  });
}

mixedTest("both binaries on one directory", {
  bulk: 0,
  hands: false,
  indexHands: false,
});
mixedTest("both binaries and people on one directory", {
  bulk: 0,
  hands: true,
  indexHands: false,
});
mixedTest("both binaries on a directory with an index", {
  bulk: 320,
  hands: false,
  indexHands: false,
});
mixedTest("both binaries and people on a directory with an index", {
  bulk: 320,
  hands: true,
  indexHands: true,
});
