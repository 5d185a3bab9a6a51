/**
 * The `dhcp` executable: the plugin, or the daemon if the first argument is `daemon`. What it imports
 * on demand becomes a file of its own (see tools/build/bundle.ts), so that a call of the plugin does
 * not load the daemon.
 *
 * @module
 */

import { VERSION } from "./lib/base/version.ts";
import { answerVersion } from "./lib/sys/version_call.ts";

async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/dhcp/host/run_daemon.ts");
  return await runDaemon(args, VERSION);
}

async function plugin(): Promise<number> {
  if (answerVersion()) return 0;
  const { runDhcp } = await import("./main_dhcp_plugin.ts");
  return await runDhcp();
}

const [first, ...rest] = Deno.args;
// Exits at once: a call that has timed out must not keep the process alive.
Deno.exit(first === "daemon" ? await daemon(rest) : await plugin());
