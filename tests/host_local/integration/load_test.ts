/** Two hundred calls at once: nothing given twice, nothing lost, whichever binary serves them. @module */

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
import { TempDir } from "../../support/temp_dir.ts";

/** At once. */
const CALLS = numberFromEnv("LOAD_CALLS", 80);
/** Long enough for the slowest machine; reached only by calls that hang. */
const DEADLINE_SECONDS = 180;
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

/** A dual-stack network in a directory of its own. The lock is waited for as long as it takes. */
class Network implements Disposable {
  readonly #temp = new TempDir();
  readonly path: string = this.#temp.join("net");
  readonly #config = networkConfig({
    dataDir: this.#temp.path,
    subnets: ["10.1.0.0/16", "fd00:1::/64"],
    ipam: { lockTimeoutSeconds: DEADLINE_SECONDS },
  });

  /** Makes all calls at once and returns when the last one has ended. */
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

  /** The address files, as name and content. */
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

/** What the directory holds if exactly the printed addresses are reserved, each for its container. */
function filesOfAnswers(answers: readonly Answer[]): Record<string, string> {
  const pairs = answers.flatMap(({ containerId, outcome }) =>
    addressesInResult(outcome.stdout).map((address) =>
      [address, ownerText(containerId)] as const
    )
  );
  assertEquals(
    new Set(pairs.map(([address]) => address)).size,
    pairs.length,
    "distinct addresses",
  );
  return Object.fromEntries(pairs);
}

testWith(
  OURS_ONLY,
  `${CALLS} ADDs of different containers at once get different addresses`,
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
  `of ${CALLS} ADDs of one container at once exactly one succeeds`,
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
  `${CALLS} ADDs of both binaries at once get different addresses`,
  async () => {
    using network = new Network();
    const added = await network.callAll(
      manyCalls("ADD", { binaries: [OURS, UPSTREAM] }),
    );
    assertAllSucceeded(added);
    assertEquals(network.files(), filesOfAnswers(added));
    // Each binary releases what the other one has reserved.
    assertAllSucceeded(
      await network.callAll(manyCalls("DEL", { binaries: [UPSTREAM, OURS] })),
    );
    assertEquals(network.files(), {});
  },
);

testWith(
  BOTH,
  `${CALLS} ADDs and DELs of both binaries at once leave what the ADDs printed`,
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
