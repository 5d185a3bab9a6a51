/** The daemon of dhcp, with the version of this project. @module */

import project from "./deno.json" with { type: "json" };
import { runDaemon } from "./lib/dhcp/host/run_daemon.ts";

/** Runs the daemon. @param args The command line after `daemon`. @returns The exit status. */
export async function runDhcpDaemon(args: readonly string[]): Promise<number> {
  return await runDaemon(args, project.version);
}
