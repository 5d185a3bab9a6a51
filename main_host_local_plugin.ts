/** The commands of host-local: wires the plugin to the process, and nothing else. @module */

import { formatLogLine, type Log } from "./lib/base/log_line.ts";
import { VERSION } from "./lib/base/version.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { hostLocalHandlers } from "./lib/host_local/handlers.ts";
import type { OnDemand } from "./lib/host_local/host/on_demand.ts";
import { diskStores } from "./lib/host_local/store/open_store.ts";
import { nowMs } from "./lib/sys/clock.ts";
import { readNamedFile } from "./lib/sys/small_file.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";

const log: Log = (level, event, fields) =>
  writeStderr(formatLogLine(level, event, fields));

/**
 * Runs the command in the environment.
 *
 * @param onDemand What only some calls need.
 * @returns The exit status.
 */
export async function runHostLocal(
  { findReclaimable, loadHistory }: OnDemand,
): Promise<number> {
  const handlers = hostLocalHandlers({
    stores: diskStores({ log, loadHistory }),
    readNamedFile,
    nowMs,
    log,
    findReclaimable,
  });
  return await runPlugin(PROCESS_IO, {
    name: "host-local",
    version: VERSION,
    handlers,
  });
}
