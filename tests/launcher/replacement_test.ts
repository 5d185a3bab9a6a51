/** An administrator replaces the launcher and the standalone executable while calls run. @module */

import { assertEquals } from "@std/assert";
import { runInParallel } from "../../tools/parallel.ts";
import { missing, skipped } from "../support/requirements.ts";
import { Installation, type Outcome } from "./installation.ts";
import { type Machine, MACHINES } from "./machines.ts";

/** The emulator starts slowly. */
const CALLS = 500;
const EMULATED_CALLS = 100;

/**
 * Like Deno's executables, it opens its own file when it has started, and cannot if that was
 * replaced: then the link in /proc ends in "(deleted)".
 */
const STANDALONE = `
  my $own = readlink("/proc/self/exe");
  open(my $file, "<", $own) or die "$own: $!";
  print "result ", <STDIN>;
`;

/** Replaces a file by another copy of itself, as package managers do. */
async function replace(path: string): Promise<void> {
  const fresh = `${path}.fresh`;
  await Deno.copyFile(path, fresh);
  await Deno.rename(fresh, path);
}

async function callsDuringReplacement(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  const standalone = `${installation.path}.standalone`;
  await Deno.copyFile("/usr/bin/perl", standalone);
  let isDone = false;
  let replacements = 0;
  const running = new Set<Promise<Outcome>>();
  const administrator = async (): Promise<void> => {
    while (!isDone) {
      await replace(standalone);
      await replace(installation.path);
      replacements += 1;
      // A call is repeated once, so none may see two replacements.
      await Promise.allSettled(running);
    }
  };
  const calls = machine.emulator.length === 0 ? CALLS : EMULATED_CALLS;
  const call = async (): Promise<string> => {
    const outcome = installation.call({ stdin: `${STANDALONE}__END__\n` });
    running.add(outcome);
    const { code, stdout } = await outcome;
    running.delete(outcome);
    return `${code} ${stdout}`;
  };
  const replaced = administrator();
  const outcomes = await runInParallel(Array(calls).fill(0), 4, call)
    .finally(() => isDone = true);
  await replaced;
  assertEquals(
    outcomes.filter((outcome) => outcome !== "0 result "),
    [],
    `${replacements} replacements`,
  );
}

for (const machine of MACHINES) {
  const name =
    `no call is lost while the launcher for ${machine.name} and the standalone executable are replaced`;
  const reason = machine.reason ?? missing("command:perl");
  if (reason !== undefined) skipped(name, reason);
  else Deno.test(name, () => callsDuringReplacement(machine));
}
