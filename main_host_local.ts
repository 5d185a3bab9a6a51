/** The `host-local` executable: the plugin, or a command for operators if there are arguments. @module */

import project from "./deno.json" with { type: "json" };
import { formatLogLine, type Log } from "./lib/base/log_line.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { hostLocalHandlers } from "./lib/host_local/handlers.ts";
import { diskStores } from "./lib/host_local/store/open_store.ts";
import { nowMs } from "./lib/sys/clock.ts";
import { readNamedFile } from "./lib/sys/small_file.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";

const log: Log = (level, event, fields) =>
  writeStderr(formatLogLine(level, event, fields));

const { version } = project;

/** Loads the commands for operators on demand: a plugin call needs none of them. */
async function operator(args: readonly string[]): Promise<number> {
  const { runOperator } = await import(
    "./lib/host_local/host/run_operator.ts"
  );
  return await runOperator(args, { version, log });
}

async function plugin(): Promise<number> {
  const handlers = hostLocalHandlers({
    stores: diskStores(log),
    readNamedFile,
    nowMs,
    log,
  });
  return await runPlugin(PROCESS_IO, { name: "host-local", version, handlers });
}

// A runtime passes no arguments, but its command in the environment.
const isOperator = Deno.args.length > 0 && !PROCESS_IO.env("CNI_COMMAND");
// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(isOperator ? await operator(Deno.args) : await plugin());
