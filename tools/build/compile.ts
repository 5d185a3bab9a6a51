/** Turns one entry point into one executable file. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { walkSync } from "@std/fs/walk";
import { dirname } from "node:path";
import { capture } from "../process.ts";
import { type Binary, permissionOptions } from "./binaries.ts";
import { bundle } from "./bundle.ts";
import type { Compiler } from "./compiler.ts";
import { compilerEnv } from "./compiler_env.ts";
import type { Target } from "./target.ts";

/**
 * Bundles the entry point, so that nothing is resolved at start, and compiles the bundle. The
 * source maps stay outside: `deno task stack` makes them again.
 *
 * The same sources and compiler give the same bytes on every machine and at any time.
 *
 * @throws {ProcessError} with Deno's messages if it cannot be bundled or compiled.
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
    const entry = await bundle(binary, work);
    // The binary contains the files' modification times.
    for (const { path } of walkSync(work)) await Deno.utime(path, 0, 0);
    await ensureDir(dirname(output));
    await capture([
      compiler.deno,
      "compile",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--no-remote",
      "--no-npm",
      // Otherwise V8 caches code at a predictable path in the shared temporary directory.
      "--no-code-cache",
      "--no-prompt",
      // Otherwise import() from a few hosts is allowed.
      "--deny-import",
      ...permissionOptions(binary, compiler.version),
      ...binary.v8Flags === undefined
        ? []
        : [`--v8-flags=${binary.v8Flags.join()}`],
      "--target",
      target,
      "--output",
      output,
      entry,
    ], {
      cwd: work,
      clearEnv: true,
      env: compilerEnv(compiler.runtime.path),
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
