/**
 * The `host-local` executable. What it imports on demand becomes a file of its own (see
 * tools/build/bundle.ts), so that VERSION does not load the plugin.
 *
 * @module
 */

import { answerVersion } from "./lib/sys/version_call.ts";

async function plugin(): Promise<number> {
  const { runHostLocal } = await import("./main_host_local_plugin.ts");
  return await runHostLocal();
}

// Exits at once: after a timeout the wait for the lock continues, and would keep the process alive.
Deno.exit(answerVersion() ? 0 : await plugin());
