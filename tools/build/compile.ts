/** Turns one entry point into one executable file. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { dirname } from "node:path";
import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import type { Binary } from "./binaries.ts";
import type { Compiler } from "./compiler.ts";
import { compilerEnv } from "./compiler_env.ts";
import type { Target } from "./target.ts";

/**
 * Bundles the entry point, so that nothing is resolved at start, and compiles the bundle.
 *
 * No minifying and no V8 flags for the start: what they gain there (1 ms of 36) is no more than two
 * copies of the same binary differ by, and stack traces stay readable.
 *
 * The same sources and compiler give the same bytes, wherever and whenever they are built.
 *
 * @throws {ProcessError} with Deno's messages if it does not bundle or compile.
 */
export async function compile(
  binary: Binary,
  { compiler, target, output }: {
    readonly compiler: Compiler;
    readonly target: Target;
    readonly output: string;
  },
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-build-" });
  try {
    const bundle = `${work}/${binary.name}.js`;
    await capture(
      [Deno.execPath(), "bundle", "--output", bundle, binary.main],
      {
        cwd: REPOSITORY,
      },
    );
    // The binary carries the time of the file.
    await Deno.utime(bundle, 0, 0);
    await ensureDir(dirname(output));
    await capture([
      compiler.deno,
      "compile",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--no-remote",
      "--no-npm",
      // V8 code would be cached at a predictable path in the shared temporary directory.
      "--no-code-cache",
      "--no-prompt",
      // Without this, import() from a few hosts would be allowed.
      "--deny-import",
      ...binary.permissions,
      ...binary.v8Flags === undefined
        ? []
        : [`--v8-flags=${binary.v8Flags.join()}`],
      "--target",
      target,
      "--output",
      output,
      bundle,
    ], {
      cwd: work,
      clearEnv: true,
      env: compilerEnv(compiler.denort),
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
