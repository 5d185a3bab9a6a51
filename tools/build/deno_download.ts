/** Whether Deno can get the runtime of its own version. @module */

import { EMPTY } from "./binaries.ts";
import type { Target } from "./target.ts";
import { REPOSITORY } from "../repository.ts";

/** Longest wait for the download host to answer at all; the download itself may take longer. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * Whether `deno compile` works for the target with what Deno downloads (or downloaded before).
 *
 * Tried with the empty script. Deno waits long for a host that never answers, so as soon as it
 * names what it downloads, that address is asked too, within a bounded time.
 *
 * @throws {Error} if it fails for another reason than the download.
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
      if (address !== undefined && !await answers(address)) child.kill();
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

/** Whether the address answers a HEAD request with success within {@link ANSWER_LIMIT_MS}. */
export async function answers(address: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const response = await fetch(address, { method: "HEAD", signal });
    return response.ok;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Unknown host, refused, or silent: all mean that it cannot be had from there.
    return false;
  }
}
