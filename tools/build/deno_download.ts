/** Finds out whether Deno can download the runtime of its own version. @module */

import { EMPTY } from "./binaries.ts";
import type { Target } from "./target.ts";
import { REPOSITORY } from "../repository.ts";

/** How long the download host may take to respond; the download itself may take longer. */
const RESPONSE_TIMEOUT_MS = 10_000;

/**
 * Finds out whether `deno compile` works for the target with a runtime that Deno downloads or has
 * downloaded.
 *
 * Compiles the empty script. Deno waits long for a host that does not respond, so the address that
 * it logs is requested as well, with a time limit.
 *
 * @returns Why the runtime cannot be downloaded; undefined if it can.
 * @throws {Error} if it fails for a reason other than the download.
 */
export async function runtimeProblem(
  target: Target,
): Promise<string | undefined> {
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
    let problem: string | undefined;
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      messages += text;
      if (address !== undefined) continue;
      address = /^Download (\S+)$/m.exec(messages)?.[1];
      if (address === undefined) continue;
      problem = await addressProblem(address);
      if (problem !== undefined) child.kill();
    }
    const { success } = await child.status;
    if (success) return undefined;
    if (address === undefined) {
      throw new Error(`Cannot compile the empty script: ${messages}`);
    }
    return problem ?? `download of ${address} failed`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Sends a HEAD request.
 *
 * @returns Why it does not succeed within {@link RESPONSE_TIMEOUT_MS}; undefined if it does.
 */
export async function addressProblem(
  address: string,
): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS);
    const response = await fetch(address, { method: "HEAD", signal });
    return response.ok
      ? undefined
      : `HTTP status ${response.status} for ${address}`;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) {
      throw error;
    }
    // Unknown host, connection refused, or no response in time. The cause names the address.
    return error.cause instanceof Error
      ? error.cause.message
      : `${error.message}: ${address}`;
  }
}
