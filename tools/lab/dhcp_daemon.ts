/** The daemon of a dhcp plugin, upstream's or this project's. @module */

import { BackgroundProcess } from "./background_process.ts";

/** Where it listens and what it is started with. */
export interface DhcpDaemonOptions {
  readonly socketPath: string;
  readonly logFile: string;
  /** More flags. */
  readonly flags?: readonly string[];
  /** The command that runs it, such as `setpriv`. */
  readonly runner?: readonly string[];
}

/**
 * Starts a daemon and waits until its socket accepts connections: upstream's logs nothing when it
 * is ready.
 */
export async function startDhcpDaemon(
  binary: string,
  { socketPath, logFile, flags = [], runner = [] }: DhcpDaemonOptions,
): Promise<BackgroundProcess> {
  const daemon = await BackgroundProcess.start(
    [...runner, binary, "daemon", "-socketpath", socketPath, ...flags],
    { logFile },
  );
  try {
    await daemon.until("daemon", () => accepts(socketPath));
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

async function accepts(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false; // Not yet.
  }
}
