/**
 * Calls while another process holds the lock of the network: who waits, how long, and what the
 * error says.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { withDeadline } from "../../support/deadline.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { LockHolder } from "../../support/lock_holder.ts";
import { readNetwork, writeNetwork } from "../../support/network_directory.ts";
import type { PluginOutcome } from "../../support/plugin_process.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../../support/parallel_rows.ts";
import { missing } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** Only calls that wait although they must not reach this deadline. */
const DEADLINE_SECONDS = 600;

function config(
  temp: TempDir,
  { lockTimeoutSeconds = DEADLINE_SECONDS, cniVersion = "1.1.0" } = {},
): string {
  return networkConfig({
    cniVersion,
    dataDir: temp.path,
    subnets: ["10.1.0.0/24"],
    ipam: { lockTimeoutSeconds },
    extra: { "cni.dev/valid-attachments": [] },
  });
}

function call(
  command: string,
  config: string,
  { binary = OURS, containerId = "c1" } = {},
): Promise<PluginOutcome> {
  return withDeadline(
    DEADLINE_SECONDS,
    (signal) => callHostLocal({ binary, command, config, containerId, signal }),
  );
}

/**
 * Waits until a process waits for the lock, as /proc/locks shows it:
 * `2: -> FLOCK  ADVISORY  WRITE 1 fe:00:7 0 EOF`.
 */
async function untilAwaited(lock: string): Promise<void> {
  const { ino } = await Deno.stat(lock);
  const waiting = new RegExp(`-> FLOCK .*:${ino} 0 EOF$`, "m");
  await waitFor(`process that waits for ${lock}`, async () => {
    // Deno reads this file only if it has every permission.
    const { stdout } = await new Deno.Command("cat", { args: ["/proc/locks"] })
      .output();
    return waiting.test(new TextDecoder().decode(stdout)) || undefined;
  });
}

const FAILING: readonly ParallelRow[] = ["ADD", "DEL", "GC"].map((command) => ({
  name:
    `${command} fails when the lock stays held, and names the lock file and a remedy`,
  run: async () => {
    using temp = new TempDir();
    const network = temp.join("net");
    writeNetwork(network, {
      "10.1.0.2": "c1\r\neth0",
      "last_reserved_ip.0": "10.1.0.2",
    });
    const before = readNetwork(network);
    await using _holder = await LockHolder.take(`${network}/lock`);
    const { code, stdout } = await call(
      command,
      config(temp, { lockTimeoutSeconds: 1 }),
    );
    assertEquals(code, 1, stdout);
    const error = errorIn(stdout);
    assertEquals(error?.code, 5);
    const text = `${error?.msg} ${error?.details}`;
    for (const part of [`${network}/lock`, "1 s", "fuser"]) {
      assert(text.includes(part), `${JSON.stringify(part)} in ${text}`);
    }
    assertEquals(readNetwork(network), before);
  },
}));

const WAITING: readonly ParallelRow[] = [
  { name: "ADD", binary: OURS, cniVersion: "1.1.0" },
  { name: "upstream's ADD", binary: UPSTREAM, cniVersion: "1.0.0" },
].map(({ name, binary, cniVersion }) => ({
  name: `${name} waits for the lock, and succeeds once it is released`,
  reason: missing(`binary:${binary}`),
  run: async () => {
    using temp = new TempDir();
    const network = temp.join("net");
    // Our plugin creates the lock file: upstream must lock the same one.
    assertEquals((await call("ADD", config(temp))).code, 0);
    let waiting: Promise<PluginOutcome>;
    {
      await using _holder = await LockHolder.take(`${network}/lock`);
      waiting = call("ADD", config(temp, { cniVersion }), {
        binary,
        containerId: "c2",
      });
      await untilAwaited(`${network}/lock`);
      assertEquals([...readNetwork(network).addresses.keys()], ["10.1.0.2"]);
    }
    const { code, stdout } = await waiting;
    assertEquals(code, 0, stdout);
    assertEquals(addressesInResult(stdout), ["10.1.0.3"]);
  },
}));

const STATUS: ParallelRow = {
  name: "STATUS answers while the lock is held",
  run: async () => {
    using temp = new TempDir();
    const network = temp.join("net");
    writeNetwork(network, {});
    await using _holder = await LockHolder.take(`${network}/lock`);
    const { code, stdout, stderr } = await call(
      "STATUS",
      config(temp, { lockTimeoutSeconds: 10 * DEADLINE_SECONDS }),
    );
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  },
};

testRowsInParallel([`binary:${OURS}`, "command:flock"], "lock", [
  ...FAILING,
  ...WAITING,
  STATUS,
]);
