/**
 * Many concurrent calls of either plugin and of the resident process: no address is lost, leaked or
 * allocated twice.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { withDeadline } from "../../support/deadline.ts";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import {
  ownerText,
  readNetwork,
  reservations,
  writeNetwork,
} from "../../support/network_directory.ts";
import type { PluginOutcome } from "../../support/plugin_process.ts";
import { numberFromEnv } from "../../support/random.ts";
import { type Requirement, testWith } from "../../support/requirements.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** Number of concurrent calls. */
const CALLS = numberFromEnv("LOAD_CALLS", 80);
/** Only calls that hang reach this deadline. */
const DEADLINE_SECONDS = 600;
const OURS_ONLY: readonly Requirement[] = [`binary:${OURS}`];
const BOTH: readonly Requirement[] = [`binary:${OURS}`, `binary:${UPSTREAM}`];

interface Call {
  readonly binary: string;
  readonly command: "ADD" | "DEL";
  readonly containerId: string;
}

interface Answer extends Call {
  readonly outcome: PluginOutcome;
}

/** A dual-stack network in its own directory. */
class Network implements Disposable {
  readonly #temp = new TempDir();
  readonly path: string = this.#temp.join("net");
  readonly #config = networkConfig({
    dataDir: this.#temp.path,
    subnets: ["10.1.0.0/16", "fd00:1::/64"],
    ipam: { lockTimeoutSeconds: DEADLINE_SECONDS },
  });

  /** Makes all calls concurrently and returns after the last one has ended. */
  callAll(calls: readonly Call[]): Promise<Answer[]> {
    return withDeadline(
      DEADLINE_SECONDS,
      (signal) =>
        Promise.all(calls.map(async (call) => ({
          ...call,
          outcome: await callHostLocal({
            ...call,
            config: this.#config,
            signal,
          }),
        }))),
    );
  }

  /** Returns the address files: name to content. */
  files(): Record<string, string> {
    return Object.fromEntries(readNetwork(this.path).addresses);
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}

function manyCalls(
  command: "ADD" | "DEL",
  { count = CALLS, prefix = "c", binaries = [OURS] }: {
    readonly count?: number;
    readonly prefix?: string;
    readonly binaries?: readonly string[];
  },
): Call[] {
  return Array.from({ length: count }, (_, index) => ({
    binary: binaries[index % binaries.length] ?? OURS,
    command,
    containerId: `${prefix}${index}`,
  }));
}

function assertAllSucceeded(answers: readonly Answer[]): void {
  const failed = answers.filter(({ outcome }) => outcome.code !== 0);
  assertEquals(
    failed.map(({ containerId, outcome }) =>
      `${containerId}: ${outcome.stdout}${outcome.stderr}`
    ),
    [],
  );
}

/**
 * Returns the address files that must exist after the answers; fails if an address was printed
 * twice.
 */
function filesOfAnswers(answers: readonly Answer[]): Record<string, string> {
  const pairs = answers.flatMap(({ containerId, outcome }) =>
    addressesInResult(outcome.stdout).map((address) =>
      [address, ownerText(containerId)] as const
    )
  );
  assertEquals(
    new Set(pairs.map(([address]) => address)).size,
    pairs.length,
    "number of distinct addresses",
  );
  return Object.fromEntries(pairs);
}

testWith(
  OURS_ONLY,
  `${CALLS} concurrent ADDs of different containers get different addresses`,
  async () => {
    using network = new Network();
    const added = await network.callAll(manyCalls("ADD", {}));
    assertAllSucceeded(added);
    assertEquals(network.files(), filesOfAnswers(added));
    assertAllSucceeded(await network.callAll(manyCalls("DEL", {})));
    assertEquals(network.files(), {});
  },
);

testWith(
  OURS_ONLY,
  `exactly one of ${CALLS} concurrent ADDs of one container succeeds`,
  async () => {
    using network = new Network();
    const call: Call = { binary: OURS, command: "ADD", containerId: "c0" };
    const answers = await network.callAll(
      Array.from({ length: CALLS }, () => call),
    );
    const succeeded = answers.filter(({ outcome }) => outcome.code === 0);
    assertEquals(succeeded.length, 1);
    for (
      const { outcome } of answers.filter(({ outcome }) => outcome.code !== 0)
    ) {
      assert(
        errorIn(outcome.stdout)?.msg.includes(
          "duplicate allocation is not allowed",
        ),
        outcome.stdout,
      );
    }
    assertEquals(network.files(), filesOfAnswers(succeeded));
  },
);

testWith(
  BOTH,
  `${CALLS} concurrent ADDs of both plugins get different addresses`,
  async () => {
    using network = new Network();
    const added = await network.callAll(
      manyCalls("ADD", { binaries: [OURS, UPSTREAM] }),
    );
    assertAllSucceeded(added);
    assertEquals(network.files(), filesOfAnswers(added));
    // Each plugin releases what the other one reserved.
    assertAllSucceeded(
      await network.callAll(manyCalls("DEL", { binaries: [UPSTREAM, OURS] })),
    );
    assertEquals(network.files(), {});
  },
);

testWith(
  BOTH,
  `${CALLS} concurrent ADDs and DELs of both plugins leave the printed addresses`,
  async () => {
    using network = new Network();
    const stay = reservations(50, { first: 5000, prefix: "stay" });
    writeNetwork(network.path, {
      ...stay,
      ...reservations(CALLS / 2, { first: 6000, prefix: "old" }),
      "last_reserved_ip.0": "10.1.23.111",
    });
    const answers = await network.callAll([
      ...manyCalls("ADD", {
        count: CALLS / 2,
        prefix: "new",
        binaries: [OURS, UPSTREAM],
      }),
      ...manyCalls("DEL", {
        count: CALLS / 2,
        prefix: "old",
        binaries: [OURS, UPSTREAM],
      }),
    ]);
    assertAllSucceeded(answers);
    const added = answers.filter(({ command }) => command === "ADD");
    assertEquals(network.files(), { ...stay, ...filesOfAnswers(added) });
  },
);

testWith(
  [...BOTH, ...RESIDENT_REQUIREMENTS],
  `${CALLS} concurrent calls of both plugins and the resident process leave the printed addresses`,
  async () => {
    await using resident = await ResidentHostLocal.start();
    const binaries = [resident.binary, OURS, resident.binary, UPSTREAM];
    using network = new Network();
    const old = reservations(CALLS / 2, { first: 6000, prefix: "old" });
    writeNetwork(network.path, old);
    const answers = await network.callAll([
      ...manyCalls("ADD", { count: CALLS / 2, prefix: "new", binaries }),
      ...manyCalls("DEL", { count: CALLS / 2, prefix: "old", binaries }),
    ]);
    assertAllSucceeded(answers);
    const added = answers.filter(({ command }) => command === "ADD");
    assertEquals(network.files(), filesOfAnswers(added));
    // On a busy machine some launchers give up after 2 s and run the standalone executable.
    assert(resident.calls > CALLS / 4, `${resident.calls} were resident`);
    assert(resident.calls <= CALLS / 2, `${resident.calls} were resident`);
  },
);
