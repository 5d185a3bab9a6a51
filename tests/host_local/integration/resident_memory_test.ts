/** The memory of the resident process. `RESIDENT_CALLS` makes the test longer. @module */

import { assert, assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import { environmentOf } from "../../support/host_local_call.ts";
import { launch } from "../../support/launcher_client.ts";
import { numberFromEnv } from "../../support/random.ts";
import { report } from "../../support/report.ts";
import { testWith } from "../../support/requirements.ts";
import { ResidentScene } from "./resident_scene.ts";

const CALLS = numberFromEnv("RESIDENT_CALLS", 4000);

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

testWith(
  [`binary:${OURS}`],
  `the resident process has less than 128 MiB of memory after ${CALLS} calls`,
  async () => {
    await using scene = await ResidentScene.start();
    const { pid } = scene.daemon;
    const residentKib = async (): Promise<number> => {
      const { stdout } = await new Deno.Command("cat", {
        args: [`/proc/${pid}/status`],
      }).output();
      return Number(/VmRSS:\s+(\d+)/.exec(decode(stdout))?.[1]);
    };
    const run = async (count: number): Promise<void> => {
      const clients = Array.from({ length: 8 }, async (_, client) => {
        for (let call = 0; call < count / 8; call += 2) {
          for (const command of ["ADD", "DEL"]) {
            const outcome = await launch({
              env: environmentOf({ command, containerId: `c${client}` }),
              stdin: scene.config(),
            }, scene.socket);
            assertEquals(outcome?.code, 0, outcome?.stdout);
          }
        }
      });
      await Promise.all(clients);
    };
    await run(CALLS / 4);
    const beforeKib = await residentKib();
    await run(CALLS * 3 / 4);
    const afterKib = await residentKib();
    report(`${CALLS} calls: from ${beforeKib} to ${afterKib} KiB`);
    // It varies by some 30 MiB between two collections of garbage.
    assert(afterKib < 128 * 1024, `${beforeKib} to ${afterKib} KiB`);
    const { stdout } = await new Deno.Command("ls", {
      args: [`/proc/${pid}/fd`],
    }).output();
    assert(decode(stdout).trim().split("\n").length < 30, decode(stdout));
  },
);
