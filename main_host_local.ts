/** The `host-local` executable: wires the plugin to the process, and nothing else. @module */

import project from "./deno.json" with { type: "json" };
import type { LogEvent } from "./lib/base/log_event.ts";
import { formatLogLine } from "./lib/base/log_line.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { hostLocalHandlers } from "./lib/host_local/handlers.ts";
import { nowMs } from "./lib/sys/clock.ts";
import { diskStores } from "./lib/host_local/store/open_store.ts";
import { readText } from "./lib/sys/files.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";

const warn = (message: string): void =>
  writeStderr(formatLogLine("warn", message as LogEvent));

const handlers = hostLocalHandlers({
  stores: diskStores(warn),
  readText,
  nowMs,
  warn,
});
const { version } = project;

// Ends at once: a wait for a lock that was given up must not keep the process alive.
Deno.exit(
  await runPlugin(PROCESS_IO, { name: "host-local", version, handlers }),
);
