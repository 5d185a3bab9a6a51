/**
 * The `host-local` executable: the plugin, or with arguments the resident process (`daemon`) or a
 * command for operators. What it imports on demand becomes a file of its own (see
 * tools/build/bundle.ts), so that a call of the plugin loads neither of them, and VERSION does not
 * load the plugin. The code for `reclaimOnExhaustion` and for the history of addresses is loaded
 * only where they are configured.
 *
 * @module
 */

import { VERSION } from "./lib/base/version.ts";
import type { OnDemand } from "./lib/host_local/host/on_demand.ts";
import { answerVersion } from "./lib/sys/version_call.ts";

const onDemand: OnDemand = {
  findReclaimable: async (...question) => {
    const { reclaimableReservations } = await import(
      "./lib/host_local/host/reclaimable_reservations.ts"
    );
    return reclaimableReservations(...question);
  },
  loadHistory: async () =>
    (await import("./lib/host_local/store/history_file.ts")).openHistory,
};

async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/host_local/host/run_daemon.ts");
  return await runDaemon(args, { version: VERSION, onDemand });
}

async function operator(args: readonly string[]): Promise<number> {
  const { runOperator } = await import("./lib/host_local/host/run_operator.ts");
  return await runOperator(args);
}

async function plugin(): Promise<number> {
  if (answerVersion()) return 0;
  const { runHostLocal } = await import("./main_host_local_plugin.ts");
  return await runHostLocal(onDemand);
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
