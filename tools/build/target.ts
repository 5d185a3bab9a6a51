/** The machines that binaries are compiled for. @module */

import { REPOSITORY } from "../repository.ts";

/** Target triples, both with glibc. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
] as const;

/** One of `TARGETS`. */
export type Target = (typeof TARGETS)[number];

/** The architectures in the names of Debian, the CNI project and container images. */
export const ARCHITECTURE: Readonly<Record<Target, "amd64" | "arm64">> = {
  "x86_64-unknown-linux-gnu": "amd64",
  "aarch64-unknown-linux-gnu": "arm64",
};

/** Whether the text is a supported target triple. */
export function isTarget(text: string): text is Target {
  return TARGETS.some((target) => target === text);
}

/**
 * Returns the target of this machine.
 *
 * @throws {Error} if it is not supported.
 */
export function hostTarget(): Target {
  const host = Deno.build.target;
  if (!isTarget(host)) {
    throw new Error(
      `Cannot build on "${host}": expected ${TARGETS.join(" or ")}`,
    );
  }
  return host;
}

/** The path of a binary: `dist/NAME` for this machine, `dist/ARCHITECTURE/NAME` for another. */
export function outputPath(name: string, target: Target): string {
  const folder = target === hostTarget() ? "" : `${target.split("-")[0]}/`;
  return `${REPOSITORY}/dist/${folder}${name}`;
}
