/** Whether journald reads the log of this process. @module */

import type { ServiceEnv } from "./service_variables.ts";

const VARIABLE = "JOURNAL_STREAM";
const STDERR_FD = 2;

/**
 * Returns whether stderr is the stream of journald that JOURNAL_STREAM names (systemd.exec(5)):
 * then a line can begin with its priority (sd-daemon(3)). A service can have redirected stderr.
 */
export async function isStderrJournal(
  env: Pick<ServiceEnv, "get">,
): Promise<boolean> {
  const stream = env.get(VARIABLE);
  if (stream === undefined) return false;
  // On demand: no other part of the daemon needs it. Deno's own API cannot ask about a descriptor.
  const { fstatSync } = await import("node:fs");
  try {
    const { dev, ino } = fstatSync(STDERR_FD, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    // Stderr is closed.
    return false;
  }
}
