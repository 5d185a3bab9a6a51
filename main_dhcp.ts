/** The `dhcp` executable: the plugin, or with `daemon` as first argument the daemon, and nothing else. @module */

import project from "./deno.json" with { type: "json" };
import type { LogEvent } from "./lib/base/log_event.ts";
import { formatLogLine } from "./lib/base/log_line.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { dhcpHandlers } from "./lib/dhcp/plugin/handlers.ts";
import { withUpstream } from "./lib/dhcp/plugin/upstream_fallback.ts";
import { dhcpPluginPorts } from "./lib/dhcp/host/plugin_ports.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";

const { version } = project;

/** Loaded on demand: the plugin is started for every command and needs none of it. */
async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/dhcp/host/run_daemon.ts");
  return await runDaemon(args, version);
}

async function plugin(): Promise<number> {
  const warn = (message: string): void =>
    writeStderr(formatLogLine("warn", message as LogEvent));
  const ports = dhcpPluginPorts(warn);
  const handlers = withUpstream(dhcpHandlers(ports), async () => {
    const module = await import("./lib/dhcp/plugin/upstream_handlers.ts");
    return module.upstreamHandlers(ports);
  }, warn);
  return await runPlugin(PROCESS_IO, { name: "dhcp", version, handlers });
}

const [first, ...rest] = Deno.args;
// Ends at once: a call that was given up must not keep the process alive.
Deno.exit(first === "daemon" ? await daemon(rest) : await plugin());
