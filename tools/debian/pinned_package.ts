/** Debian's packages in the container image, pinned by hash. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { cacheFolder, sha256 } from "../build/pinned_file.ts";
import { download } from "../build/runtime.ts";
import type { Target } from "../build/target.ts";
import { MIRROR } from "./archive.ts";

/** One version of a package. */
export interface PackagePin {
  /** Its path on Debian's hosts, such as `debian/pool/main/g/glibc/libc6_2.36-9_amd64.deb`. */
  readonly path: string;
  /** In hex. */
  readonly sha256: string;
}

/** The content of package_pins.json. */
export interface PackagePins {
  /** When they were pinned, as the archive of old packages has it: `20261128T000000Z`. */
  readonly snapshot: string;
  readonly targets: Readonly<Record<Target, readonly PackagePin[]>>;
}

/** Returns where a package may be: Debian's mirror drops a version when there is a newer one. */
export function packageAddresses(
  { path }: PackagePin,
  snapshot: string,
): readonly string[] {
  const [archive, ...rest] = path.split("/");
  return [
    `${MIRROR}/${path}`,
    ["http://snapshot.debian.org/archive", archive, snapshot, ...rest].join(
      "/",
    ),
  ];
}

/**
 * Returns the path of the package, and downloads it if it is not in the cache.
 *
 * @throws {Error} if no address has it, or if its hash differs from the pinned one.
 */
export async function pinnedPackage(
  pin: PackagePin,
  addresses: readonly string[],
  cache: string = cacheFolder(),
): Promise<string> {
  const path = `${cache}/${pin.sha256.slice(0, 16)}.deb`;
  const kept = await Deno.readFile(path).catch(() => undefined);
  if (kept !== undefined && sha256(kept) === pin.sha256) return path;

  const problems: string[] = [];
  for (const address of addresses) {
    const bytes = await download(address);
    if (typeof bytes === "string") {
      problems.push(bytes);
      continue;
    }
    const hash = sha256(bytes);
    if (hash !== pin.sha256) {
      throw new Error(
        `Cannot use ${address}: its SHA-256 is ${hash}, expected ${pin.sha256}`,
      );
    }
    await ensureDir(cache);
    const fresh = await Deno.makeTempFile({ dir: cache });
    await Deno.writeFile(fresh, bytes);
    await Deno.rename(fresh, path);
    return path;
  }
  throw new Error(
    `Cannot download "${pin.path}": ${problems.join("; ")}; ` +
      "pin the newest version with `deno task pin:image`",
  );
}
