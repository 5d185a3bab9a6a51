/** The software bill of materials of a release (CycloneDX 1.6). @module */

import type { Compiler } from "../build/compiler.ts";

/** A binary in the tarball. */
export interface Part {
  readonly name: string;
  readonly sha256: string;
  /** The compiler whose runtime it contains; absent if it contains none. */
  readonly compiler?: Compiler;
}

/** Facts about a release for one target. */
export interface ReleaseFacts {
  readonly product: string;
  readonly version: string;
  readonly license: string;
  /** The npm packages of the lock file: `name@version` to integrity. */
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
  readonly parts: readonly Part[];
}

/** The packages in the binaries, with the binaries that have a part of them. */
const BUNDLED: Readonly<Record<string, readonly string[]>> = {
  // The parser of command lines.
  "deno-std": ["host-local", "dhcp"],
};

/**
 * Returns the document as a JSON value without times or random ids: the same release gives the same
 * text.
 *
 * The plugins consist of this repository's code, Deno's runtime, and parts of few npm packages; the
 * launcher of this repository's code alone. The other packages are used by tests and tools only, so
 * their scope is "excluded".
 */
export function sbom(
  { product, version, license, npm, parts }: ReleaseFacts,
): unknown {
  const runtimes = new Set(
    parts.flatMap(({ compiler }) => compiler?.version ?? []),
  );
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": product,
        name: product,
        version,
        licenses: [{ license: { id: license } }],
      },
    },
    components: [
      ...parts.map(({ name, sha256 }) => ({
        type: "file",
        "bom-ref": name,
        name,
        version,
        hashes: [{ alg: "SHA-256", content: sha256 }],
      })),
      ...[...runtimes].map((runtime) => ({
        type: "platform",
        "bom-ref": runtimeRef(runtime),
        name: "deno",
        version: runtime,
        purl: `pkg:github/denoland/deno@v${runtime}`,
        licenses: [{ license: { id: "MIT" } }],
      })),
      ...Object.entries(npm).map(([nameAndVersion, { integrity }]) => ({
        type: "library",
        "bom-ref": packageRef(nameAndVersion),
        scope: nameOf(nameAndVersion) in BUNDLED ? "required" : "excluded",
        name: nameOf(nameAndVersion),
        version: nameAndVersion.slice(nameAndVersion.lastIndexOf("@") + 1),
        purl: `pkg:npm/${nameAndVersion.replace(/^@/, "%40")}`,
        hashes: [{ alg: "SHA-512", content: hexOf(integrity) }],
      })),
    ],
    dependencies: [
      { ref: product, dependsOn: parts.map(({ name }) => name) },
      ...parts.map(({ name, compiler }) => ({
        ref: name,
        dependsOn: [
          ...(compiler === undefined ? [] : [runtimeRef(compiler.version)]),
          ...Object.keys(npm)
            .filter((each) => BUNDLED[nameOf(each)]?.includes(name))
            .map(packageRef),
        ],
      })),
    ],
  };
}

function packageRef(nameAndVersion: string): string {
  return `npm:${nameAndVersion}`;
}

function nameOf(nameAndVersion: string): string {
  return nameAndVersion.slice(0, nameAndVersion.lastIndexOf("@"));
}

function runtimeRef(version: string): string {
  return `deno@${version}`;
}

/** Converts npm's `sha512-<base64>` to hex. */
function hexOf(integrity: string): string {
  const bytes = atob(integrity.replace(/^sha512-/, ""));
  return Array.from(
    bytes,
    (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
}
