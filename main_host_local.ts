/** The `host-local` executable: the plugin, or the resident process if the first argument is `daemon`. @module */

import project from "./deno.json" with { type: "json" };
import { formatLogLine, type Log } from "./lib/base/log_line.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { hostLocalHandlers } from "./lib/host_local/handlers.ts";
import { diskStores } from "./lib/host_local/store/open_store.ts";
import { nowMs } from "./lib/sys/clock.ts";
import { readNamedFile } from "./lib/sys/small_file.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";

const { version } = project;

/** Loads the resident process on demand: the plugin runs for every command and needs none of it. */
async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/host_local/host/run_daemon.ts");
  return await runDaemon(args, version);
}

async function plugin(): Promise<number> {
  const log: Log = (level, event, fields) =>
    writeStderr(formatLogLine(level, event, fields));
  const handlers = hostLocalHandlers({
    stores: diskStores({ log }),
    readNamedFile,
    nowMs,
    log,
  });
  return await runPlugin(PROCESS_IO, { name: "host-local", version, handlers });
}

const [first, ...rest] = Deno.args;
// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(first === "daemon" ? await daemon(rest) : await plugin());
