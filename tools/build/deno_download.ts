/** Whether Deno can download the runtime of its own version. @module */

import { EMPTY } from "./binaries.ts";
import type { Target } from "./target.ts";
import { REPOSITORY } from "../repository.ts";

/** How long the download host may take to respond; the download itself may take longer. */
const RESPONSE_TIMEOUT_MS = 10_000;

/**
 * Whether `deno compile` works for the target with a runtime that Deno downloads or has downloaded.
 *
 * Compiles the empty script. Deno waits long for a host that does not respond, so the address that
 * it logs is requested as well, with a time limit.
 *
 * @throws {Error} if it fails for a reason other than the download.
 */
export async function canDownloadRuntime(target: Target): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "cni-ipam-build-" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "compile",
        "--no-config",
        "--no-check",
        "--target",
        target,
        "-o",
        `${folder}/empty`,
        EMPTY.main,
      ],
      cwd: REPOSITORY,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();

    let messages = "";
    let address: string | undefined;
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      messages += text;
      if (address !== undefined) continue;
      address = /^Download (\S+)$/m.exec(messages)?.[1];
      if (address !== undefined && !await isReachable(address)) child.kill();
    }
    const { success } = await child.status;
    if (!success && address === undefined) {
      throw new Error(`Cannot compile the empty script: ${messages}`);
    }
    return success;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether a HEAD request succeeds within {@link RESPONSE_TIMEOUT_MS}. */
export async function isReachable(address: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS);
    const response = await fetch(address, { method: "HEAD", signal });
    return response.ok;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Unknown host, connection refused, or no response in time.
    return false;
  }
}
