/**
 * The `host-local` executable: the plugin, or with arguments the resident process (`daemon`) or a
 * command for operators. What it imports on demand becomes a file of its own (see
 * tools/build/bundle.ts), so that a call of the plugin loads neither of these, and VERSION does not
 * load the plugin. Only an ADD that finds a range set full loads what tells which containers exist.
 *
 * @module
 */

import { VERSION } from "./lib/base/version.ts";
import type { FindReclaimable } from "./lib/host_local/ports.ts";
import { answerVersion } from "./lib/sys/version_call.ts";

const findReclaimable: FindReclaimable = async (...question) => {
  const { reclaimableReservations } = await import(
    "./lib/host_local/host/reclaimable_reservations.ts"
  );
  return reclaimableReservations(...question);
};

async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/host_local/host/run_daemon.ts");
  return await runDaemon(args, { version: VERSION, findReclaimable });
}

async function operator(args: readonly string[]): Promise<number> {
  const { runOperator } = await import("./lib/host_local/host/run_operator.ts");
  return await runOperator(args);
}

async function plugin(): Promise<number> {
  if (answerVersion()) return 0;
  const { runHostLocal } = await import("./main_host_local_plugin.ts");
  return await runHostLocal(findReclaimable);
}

const [first, ...rest] = Deno.args;
// A runtime passes no arguments, but its command in the environment.
const isOperator = first !== undefined && !Deno.env.get("CNI_COMMAND");
// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(
  first === "daemon"
    ? await daemon(rest)
    : isOperator
    ? await operator(Deno.args)
    : await plugin(),
);
