/**
 * What a power failure leaves: the disk of a network loses power after a given number of answers,
 * while other calls run. `POWER_FAILURES` is how often.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { OURS } from "../../support/binaries.ts";
import { Disk, reasonAgainstDisks } from "../../support/disk.ts";
import {
  callHostLocal,
  environmentOf,
  networkConfig,
} from "../../support/host_local_call.ts";
import { launch } from "../../support/launcher_client.ts";
import { ownerText, readNetwork } from "../../support/network_directory.ts";
import { numberFromEnv } from "../../support/random.ts";
import { missing, skipped } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** After each of so many answers another program syncs a file of its own. */
const SYNC_INTERVAL = 3;
/** Clients that call at the same time. */
const CLIENTS = 4;
const FAILURES = numberFromEnv("POWER_FAILURES", 4);

type Call = (command: "ADD" | "DEL", containerId: string) => Promise<number>;

/** How calls are made, with the network of a disk. */
interface Form {
  readonly name: string;
  /** Runs `body`; returns when nothing uses the disk any more. */
  withCalls(disk: Disk, body: (call: Call) => Promise<void>): Promise<void>;
}

const FORMS: readonly Form[] = [
  {
    name: "standalone calls",
    withCalls: (disk, body) => body(standalone(disk)),
  },
  {
    name: "the resident process",
    withCalls: async (disk, body) => {
      using temp = new TempDir();
      const socket = temp.join("run/host-local.sock");
      await using _daemon = await BackgroundProcess.start(
        [OURS, "daemon", "-socketpath", socket],
        { logFile: temp.join("log"), ready: "event=serving" },
      );
      await body(async (command, containerId) => {
        const env = environmentOf({ command, containerId });
        const outcome = await launch({ env, stdin: configOf(disk) }, socket);
        return outcome?.code ?? -1;
      });
    },
  },
];

function configOf(disk: Disk): string {
  return networkConfig({ dataDir: disk.path, subnets: ["10.1.0.0/16"] });
}

function standalone(disk: Disk): Call {
  const config = configOf(disk);
  return async (command, containerId) => {
    const call = { binary: OURS, command, containerId, config };
    return (await callHostLocal(call)).code;
  };
}

/**
 * Lets clients call until the power fails, after `answers` answers.
 *
 * @returns The containers that have called, and those among them whose DEL was answered.
 */
async function callUntilPowerFails(
  disk: Disk,
  { answers, call }: { readonly answers: number; readonly call: Call },
): Promise<{ readonly all: string[]; readonly deleted: Set<string> }> {
  const all: string[] = [];
  const deleted = new Set<string>();
  let answered = 0;
  const isAnswered = async (
    command: "ADD" | "DEL",
    containerId: string,
  ): Promise<boolean> => {
    if (await call(command, containerId) !== 0 || answered === answers) {
      return false;
    }
    if (command === "DEL") deleted.add(containerId);
    answered++;
    if (answered === answers) disk.cutPower();
    else if (answered % SYNC_INTERVAL === 0) disk.syncOtherFile();
    return true;
  };
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    for (let count = 0; answered < answers; count++) {
      const containerId = `c${client}-${count}`;
      all.push(containerId);
      if (!await isAnswered("ADD", containerId)) return;
      // Every other container ends.
      if (count % 2 === 0 && !await isAnswered("DEL", containerId)) return;
    }
  }));
  assertEquals(answered, answers);
  return { all, deleted };
}

const reason = missing("root", `binary:${OURS}`, "command:perl") ??
  reasonAgainstDisks();

for (const { name, withCalls } of FORMS) {
  for (let failure = 1; failure <= FAILURES; failure++) {
    const answers = 5 * failure - 2;
    const title =
      `a power failure after ${answers} answers of ${name} leaks no address`;
    if (reason !== undefined) {
      skipped(title, reason);
      continue;
    }
    Deno.test(title, async () => {
      using disk = Disk.create();
      let calls: Awaited<ReturnType<typeof callUntilPowerFails>> | undefined;
      await withCalls(disk, async (call) => {
        calls = await callUntilPowerFails(disk, { answers, call });
      });
      assert(calls !== undefined);
      using restarted = disk.afterRestart();
      const call = standalone(restarted);
      // The next call repairs what there is to repair.
      assertEquals(await call("ADD", "next"), 0);
      const network = `${restarted.path}/net`;
      const owners = new Set(readNetwork(network).addresses.values());
      assertEquals(owners.has(ownerText("next")), true);
      const returned = [...calls.deleted].filter((containerId) =>
        owners.has(ownerText(containerId))
      );
      assertEquals(returned, [], "released, and reserved again");
      for (const containerId of ["next", ...calls.all]) {
        assertEquals(await call("DEL", containerId), 0);
      }
      const { addresses, others } = readNetwork(network);
      assertEquals([[...addresses], others], [[], []]);
    });
  }
}
