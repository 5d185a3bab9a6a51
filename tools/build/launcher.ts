/** Builds the launcher with clang and lld, which need no files of the target system. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { dirname } from "node:path";
import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import type { Target } from "./target.ts";

/** Its file name under dist/. */
export const LAUNCHER = "cni-launcher";

const SOURCE = "lib/launcher/launcher.c";

const FLAGS = [
  "-std=c11",
  "-Os",
  ...["-ffreestanding", "-nostdlib"],
  // A stack protector needs a random value that only a C library sets up.
  "-fno-stack-protector",
  // Nothing unwinds the stack, and the tables would be a tenth of the file.
  "-fno-asynchronous-unwind-tables",
  // Otherwise the file contains the version of the compiler.
  "-fno-ident",
  // Position independent, so that the kernel loads it at a random address. Without a C library
  // there is no code that relocates; tests check that nothing needs it.
  ...["-fPIE", "-static-pie", "-fvisibility=hidden"],
  "-fuse-ld=lld",
  `-Wl,${
    [
      "--no-dynamic-linker",
      ...["-z", "noexecstack"],
      ...["-z", "text"],
      // It has effect only with a dynamic linker.
      ...["-z", "norelro"],
      "--build-id=none",
      "--strip-all",
      "--fatal-warnings",
    ].join()
  }`,
];

/** Checks of indirect jumps and return addresses by the processor. */
const HARDENING: Readonly<Record<Target, string>> = {
  "x86_64-unknown-linux-gnu": "-fcf-protection=full",
  "aarch64-unknown-linux-gnu": "-mbranch-protection=standard",
};

/** Returns which of the programs that build the launcher are missing. */
export async function missingLauncherTools(): Promise<string[]> {
  const missing: string[] = [];
  for (const program of ["clang", "ld.lld"]) {
    try {
      await capture([program, "--version"]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      missing.push(program);
    }
  }
  return missing;
}

/**
 * Compiles and links the launcher. The same tools give the same bytes on every machine.
 *
 * @param more Other options of clang.
 * @throws {ProcessError} if it cannot be compiled or linked.
 */
export async function buildLauncher(
  target: Target,
  output: string,
  more: readonly string[] = [],
): Promise<void> {
  await ensureDir(dirname(output));
  await capture([
    "clang",
    `--target=${target}`,
    ...FLAGS,
    HARDENING[target],
    ...more,
    "-o",
    output,
    SOURCE,
  ], { cwd: REPOSITORY });
}
