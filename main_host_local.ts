/**
 * The `host-local` executable: the plugin, or a command for operators if there are arguments. What
 * it imports on demand becomes a file of its own (see tools/build/bundle.ts), so that a call of the
 * plugin does not load the commands, and VERSION does not load the plugin.
 *
 * @module
 */

import { answerVersion } from "./lib/sys/version_call.ts";

async function operator(args: readonly string[]): Promise<number> {
  const { runOperator } = await import("./lib/host_local/host/run_operator.ts");
  return await runOperator(args);
}

async function plugin(): Promise<number> {
  if (answerVersion()) return 0;
  const { runHostLocal } = await import("./main_host_local_plugin.ts");
  return await runHostLocal();
}

// A runtime passes no arguments, but its command in the environment.
const isOperator = Deno.args.length > 0 && !Deno.env.get("CNI_COMMAND");
// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(isOperator ? await operator(Deno.args) : await plugin());
