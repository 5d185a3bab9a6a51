/** Keeps the services of Debian packages from starting while the packages are installed. @module */

import { remember } from "../lab/interrupt.ts";

/** Installation scripts run it before they start a service: /usr/share/doc/init-system-helpers. */
const POLICY_PATH = "/usr/sbin/policy-rc.d";

/** Exit status 101: do not start the service. */
const POLICY = "#!/bin/sh\nexit 101\n";

/**
 * Runs `body` while no installation script may start a service. If the machine has a policy of its
 * own, that one applies.
 *
 * @param path The policy: a program that exists during `body` only.
 */
export async function withoutServiceStarts<T>(
  body: () => Promise<T>,
  path = POLICY_PATH,
): Promise<T> {
  if (!await create(path)) return await body();
  const forget = remember(() => Deno.remove(path));
  try {
    return await body();
  } finally {
    await Deno.remove(path);
    forget();
  }
}

/** Returns whether it created the policy: there was none. */
async function create(path: string): Promise<boolean> {
  try {
    await Deno.writeTextFile(path, POLICY, { createNew: true, mode: 0o755 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}
