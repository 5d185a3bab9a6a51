/** The lock of a network held by somebody else: who waits, for how long, and what they say then. @module */

import { assert, assertEquals } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { withDeadline } from "../../support/deadline.ts";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { LockHolder } from "../../support/lock_holder.ts";
import { readNetwork, writeNetwork } from "../../support/network_directory.ts";
import type { PluginOutcome } from "../../support/plugin_process.ts";
import { type Requirement, testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

const NEEDS: readonly Requirement[] = [`binary:${OURS}`, "command:flock"];
/** Reached only by calls that wait although they should not. */
const DEADLINE_SECONDS = 60;

function config(temp: TempDir, lockTimeoutSeconds: number): string {
  return networkConfig({
    cniVersion: "1.1.0",
    dataDir: temp.path,
    subnets: ["10.1.0.0/24"],
    ipam: { lockTimeoutSeconds },
    extra: { "cni.dev/valid-attachments": [] },
  });
}

function call(
  command: string,
  config: string,
  binary = OURS,
): Promise<PluginOutcome> {
  return withDeadline(
    DEADLINE_SECONDS,
    (signal) => callHostLocal({ binary, command, config, signal }),
  );
}

for (const command of ["ADD", "DEL", "GC"]) {
  testWith(
    NEEDS,
    `${command} gives up on a lock that stays held, and says who to ask`,
    async () => {
      using temp = new TempDir();
      const network = temp.join("net");
      writeNetwork(network, {
        "10.1.0.2": "c1\r\neth0",
        "last_reserved_ip.0": "10.1.0.2",
      });
      const before = readNetwork(network);
      await using _holder = await LockHolder.take(`${network}/lock`);
      const { code, stdout } = await call(command, config(temp, 1));
      assertEquals(code, 1, stdout);
      const error = errorIn(stdout);
      assertEquals(error?.code, 5);
      const text = `${error?.msg} ${error?.details}`;
      for (const part of [`${network}/lock`, "1 s", "fuser"]) {
        assert(text.includes(part), `${JSON.stringify(part)} in ${text}`);
      }
      assertEquals(readNetwork(network), before);
    },
  );
}

testWith(NEEDS, "ADD goes on once the holder lets go", async () => {
  using temp = new TempDir();
  const network = temp.join("net");
  writeNetwork(network, {});
  let waiting: Promise<PluginOutcome>;
  {
    await using _holder = await LockHolder.take(`${network}/lock`);
    waiting = call("ADD", config(temp, DEADLINE_SECONDS));
  }
  const { code, stdout } = await waiting;
  assertEquals(code, 0, stdout);
  assertEquals(addressesInResult(stdout), ["10.1.0.2"]);
});

testWith(NEEDS, "STATUS answers while the lock is held", async () => {
  using temp = new TempDir();
  const network = temp.join("net");
  writeNetwork(network, {});
  await using _holder = await LockHolder.take(`${network}/lock`);
  const { code, stdout, stderr } = await call(
    "STATUS",
    config(temp, 10 * DEADLINE_SECONDS),
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

testWith(
  [...NEEDS, `binary:${UPSTREAM}`],
  "upstream waits for the lock that we take",
  async () => {
    using temp = new TempDir();
    const network = temp.join("net");
    // Ours makes the lock file; the two must lock the same one.
    assertEquals((await call("ADD", config(temp, 1))).code, 0);
    await using _holder = await LockHolder.take(`${network}/lock`);
    const controller = new AbortController();
    const waiting = callHostLocal({
      binary: UPSTREAM,
      command: "ADD",
      containerId: "c2",
      config: config(temp, 1).replace('"1.1.0"', '"1.0.0"'),
      signal: controller.signal,
    });
    // Ours is as slow as a start of the runtime, more than upstream needs: if that did not wait, it is done by now.
    assertEquals((await call("ADD", config(temp, 1))).code, 1);
    assertEquals([...readNetwork(network).addresses.keys()], ["10.1.0.2"]);
    controller.abort();
    await waiting;
  },
);
