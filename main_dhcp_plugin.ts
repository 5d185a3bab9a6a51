/** The commands of dhcp: wires the plugin to the process, and nothing else. @module */

import { formatLogLine, type Log } from "./lib/base/log_line.ts";
import { VERSION } from "./lib/base/version.ts";
import { runPlugin } from "./lib/cni/plugin.ts";
import { writeReleaseNote } from "./lib/dhcp/host/release_note_writer.ts";
import { dhcpHandlers } from "./lib/dhcp/plugin/handlers.ts";
import { PROCESS_IO, writeStderr } from "./lib/sys/stdio.ts";
import { connectUnix } from "./lib/sys/unix_client.ts";

const log: Log = (level, event, fields) =>
  writeStderr(formatLogLine(level, event, fields));

/** Runs the command in the environment. @returns The exit status. */
export async function runDhcp(): Promise<number> {
  const handlers = dhcpHandlers({
    connect: connectUnix,
    writeReleaseNote,
    workingDirectory: () => Deno.cwd(),
    log,
  });
  return await runPlugin(PROCESS_IO, {
    name: "dhcp",
    version: VERSION,
    handlers,
  });
}
