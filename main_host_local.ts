/** The `host-local` executable: wires the plugin to the process, and nothing else. @module */

import project from "./deno.json" with { type: "json" };
import { formatLogLine, type Log } from "./lib/base/log_line.ts";
import { lazyHandlers } from "./lib/cni/lazy_handlers.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";

const log: Log = (level, event, fields) =>
  writeStderr(formatLogLine(level, event, fields));

const handlers = lazyHandlers(async () => {
  const { diskHandlers } = await import(
    "./lib/host_local/store/disk_handlers.ts"
  );
  return diskHandlers(log);
});
const { version } = project;

// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(
  await runPlugin(PROCESS_IO, { name: "host-local", version, handlers }),
);
