/**
 * The `dhcp` executable: the plugin, or with arguments the daemon (`daemon`) or a command for
 * operators. What it imports on demand becomes a file of its own (see tools/build/bundle.ts), so
 * that a call of the plugin loads neither of these.
 *
 * @module
 */

import { VERSION } from "./lib/base/version.ts";
import { answerVersion } from "./lib/sys/version_call.ts";

async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/dhcp/host/run_daemon.ts");
  return await runDaemon(args, VERSION);
}

async function operator(args: readonly string[]): Promise<number> {
  const { runOperator } = await import("./lib/dhcp/host/run_operator.ts");
  return await runOperator(args);
}

async function plugin(): Promise<number> {
  if (answerVersion()) return 0;
  const { runDhcp } = await import("./main_dhcp_plugin.ts");
  return await runDhcp();
}

const [first, ...rest] = Deno.args;
// A runtime passes no arguments, but its command in the environment.
const isOperator = first !== undefined && !Deno.env.get("CNI_COMMAND");
// Exits at once: a call that has timed out must not keep the process alive.
Deno.exit(
  first === "daemon"
    ? await daemon(rest)
    : isOperator
    ? await operator(Deno.args)
    : await plugin(),
);
