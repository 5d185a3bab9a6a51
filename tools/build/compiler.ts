/**
 * Finds a Deno CLI and the runtime (`denort`) that it embeds into binaries: those of the running
 * Deno where its runtime is available, otherwise a pinned older pair from npm.
 *
 * @module
 */

import { warn } from "../terminal.ts";
import { pinnedExecutable, sha256 } from "./pinned_file.ts";
import {
  CLI_SHA256,
  DENO_VERSION,
  FALLBACK_CLI,
  FALLBACK_RUNTIME,
  FALLBACK_VERSION,
  type RuntimePin,
  runtimePin,
} from "./pins.ts";
import { archiveAddress, publishedRuntime, type Runtime } from "./runtime.ts";
import { hostTarget, type Target } from "./target.ts";

/** A CLI and runtime of one version. */
export interface Compiler {
  /** Path of the `deno` executable to call. */
  readonly deno: string;
  /** Version of the runtime in the binary. */
  readonly version: string;
  readonly runtime: Runtime;
  /** Where the runtime was published: an address, or the npm package that contains it. */
  readonly origin: string;
}

/** The unit with which systemd passes a socket to host-local. */
const HOST_LOCAL_SOCKET = "cni-host-local.socket";

/**
 * Returns whether a release with this compiler has the unit: the fallback runtime cannot use a
 * socket that systemd passes. (dhcp can, because it calls the C library.)
 */
export function hasUnit(
  { version }: Pick<Compiler, "version">,
  unit: string,
): boolean {
  return version !== FALLBACK_VERSION || unit !== HOST_LOCAL_SOCKET;
}

/** How {@link findCompiler} gets files, so that tests need no network. */
export interface Roads {
  readonly publishedRuntime: (
    version: string,
    target: Target,
  ) => Promise<Runtime | string>;
  readonly pinnedExecutable: typeof pinnedExecutable;
  /** The value of `DENORT_BIN`. */
  readonly denort: string | undefined;
}

function systemRoads(): Roads {
  return {
    publishedRuntime,
    pinnedExecutable,
    denort: Deno.env.get("DENORT_BIN"),
  };
}

/**
 * Finds a compiler for the target, in this order: the runtime named by `DENORT_BIN`, the one that
 * Deno publishes, the pinned pair from npm.
 *
 * @throws {Error} if there is none, or if a hash differs from the pinned one.
 */
export async function findCompiler(
  target: Target,
  roads: Roads = systemRoads(),
): Promise<Compiler> {
  const version = Deno.version.deno;
  const own = {
    deno: Deno.execPath(),
    version,
    origin: archiveAddress(version, target),
  };
  const fallback = FALLBACK_RUNTIME[target];
  if (roads.denort) {
    // A runtime works only with the CLI of its version; the fallback is recognized by its hash.
    const hash = sha256(await Deno.readFile(roads.denort));
    const runtime = { path: roads.denort, sha256: hash };
    if (hash === fallback.sha256) {
      return await fallbackOf(target, roads, runtime);
    }
    if (hash === runtimePin(version, target)?.runtime) {
      return { ...own, runtime };
    }
    return { ...own, runtime, origin: "DENORT_BIN" };
  }
  const found = await roads.publishedRuntime(version, target);
  if (typeof found !== "string") return { ...own, runtime: found };

  const failed =
    `cannot download the runtime of Deno ${version} for ${target}: ${found}`;
  if (hostTarget() !== "x86_64-unknown-linux-gnu") {
    throw new Error(`${failed}; set DENORT_BIN`);
  }
  warn(
    `build: ${failed}; using Deno ${FALLBACK_VERSION} from npm, which lacks abstract sockets ` +
      "and socket activation of host-local (see CONTRIBUTING.md)",
  );
  const path = await roads.pinnedExecutable(fallback);
  return await fallbackOf(target, roads, { path, sha256: fallback.sha256 });
}

async function fallbackOf(
  target: Target,
  roads: Roads,
  runtime: Runtime,
): Promise<Compiler> {
  return {
    deno: await roads.pinnedExecutable(FALLBACK_CLI),
    version: FALLBACK_VERSION,
    runtime,
    origin: `npm:${FALLBACK_RUNTIME[target].npmPackage}`,
  };
}

/**
 * Returns why executables of this compiler must not be published; undefined if they may.
 *
 * They must contain Deno's own runtime of the pinned version, and each program that makes them must
 * be the pinned one.
 */
export async function publishProblem(
  { deno, version, runtime }: Compiler,
  target: Target,
  { pin }: { readonly pin: RuntimePin | undefined } = {
    pin: runtimePin(DENO_VERSION, target),
  },
): Promise<string | undefined> {
  if (version !== DENO_VERSION) {
    return `the runtime for ${target} is that of Deno ${version}, ` +
      `expected Deno ${DENO_VERSION}`;
  }
  if (pin === undefined) {
    return `the runtime of Deno ${version} for ${target} is not pinned; ` +
      "run `deno task pin:runtime` and review the hashes that it writes";
  }
  if (runtime.sha256 !== pin.runtime) {
    return `the runtime for ${target} has the SHA-256 ${runtime.sha256}, ` +
      `expected ${pin.runtime}`;
  }
  const cli = sha256(await Deno.readFile(deno));
  return cli === CLI_SHA256[hostTarget()]
    ? undefined
    : `"${deno}" has the SHA-256 ${cli}, expected ${CLI_SHA256[hostTarget()]}`;
}
