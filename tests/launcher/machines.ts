/** The launchers under test: this machine's, and the other one's in an emulator. @module */

import { buildLauncher, LAUNCHER } from "../../tools/build/launcher.ts";
import { hostTarget, type Target, TARGETS } from "../../tools/build/target.ts";
import { missing } from "../support/requirements.ts";

/** A built launcher. */
export interface Machine {
  /** The architecture. */
  readonly name: string;
  readonly target: Target;
  /** The path of the launcher. */
  readonly launcher: string;
  /** The program that runs it; nothing if the processor does. */
  readonly emulator: readonly string[];
  /** Why its launcher cannot be built or run here; undefined if it can. */
  readonly reason: string | undefined;
}

/** Where the launchers are while the tests run. Tests link to them: a copy could be busy. */
const FOLDER = Deno.makeTempDirSync({ prefix: "cni-ipam-test-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(FOLDER, { recursive: true }),
);

async function machine(target: Target): Promise<Machine> {
  const [name = ""] = target.split("-");
  const isHost = target === hostTarget();
  const emulator = isHost ? [] : [`/usr/bin/qemu-${name}-static`];
  const launcher = `${FOLDER}/${name}/${LAUNCHER}`;
  const reason = missing(
    "root",
    "command:clang",
    "command:ld.lld",
    ...emulator.map((path) => `binary:${path}` as const),
  );
  if (reason === undefined) await buildLauncher(target, launcher);
  return { name, target, launcher, emulator, reason };
}

/** This machine first. */
export const MACHINES: readonly Machine[] = await Promise.all(
  [hostTarget(), ...TARGETS.filter((target) => target !== hostTarget())]
    .map(machine),
);
