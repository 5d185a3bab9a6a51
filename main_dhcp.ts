/** The `dhcp` executable: the plugin, or the daemon if the first argument is `daemon`. @module */

import project from "./deno.json" with { type: "json" };
import { formatLogLine, type Log } from "./lib/base/log_line.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { writeReleaseNote } from "./lib/dhcp/host/release_note_writer.ts";
import { dhcpHandlers } from "./lib/dhcp/plugin/handlers.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";
import { connectUnix } from "./lib/sys/unix_client.ts";

const { version } = project;

/** Loads the daemon's code on demand: the plugin runs for every command and needs none of it. */
async function daemon(args: readonly string[]): Promise<number> {
  const { runDaemon } = await import("./lib/dhcp/host/run_daemon.ts");
  return await runDaemon(args, version);
}

async function plugin(): Promise<number> {
  const log: Log = (level, event, fields) =>
    writeStderr(formatLogLine(level, event, fields));
  const handlers = dhcpHandlers({
    connect: connectUnix,
    writeReleaseNote,
    workingDirectory: () => Deno.cwd(),
    log,
  });
  return await runPlugin(PROCESS_IO, { name: "dhcp", version, handlers });
}

const [first, ...rest] = Deno.args;
// Exits at once: a call that has timed out must not keep the process alive.
Deno.exit(first === "daemon" ? await daemon(rest) : await plugin());
