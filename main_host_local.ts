/**
 * The `host-local` executable: the plugin, or the resident process if the first argument is
 * `daemon`. What it imports on demand becomes a file of its own (see tools/build/bundle.ts), so that
 * VERSION does not load the plugin, and the plugin does not load the resident process.
 *
 * @module
 */

import { VERSION } from "./lib/base/version.ts";
import { answerVersion } from "./lib/sys/version_call.ts";

async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/host_local/host/run_daemon.ts");
  return await runDaemon(args, VERSION);
}

async function plugin(): Promise<number> {
  if (answerVersion()) return 0;
  const { runHostLocal } = await import("./main_host_local_plugin.ts");
  return await runHostLocal();
}

const [first, ...rest] = Deno.args;
// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(first === "daemon" ? await daemon(rest) : await plugin());
