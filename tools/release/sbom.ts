/** The software bill of materials of a release (CycloneDX 1.6). @module */

import type { Compiler } from "../build/compiler.ts";

import type { Library, RuntimeContents } from "./contents.ts";

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
  /** The contents of the runtime that the parts contain. */
  readonly contents: RuntimeContents;
  /** The npm packages with the programs that make the binaries, in the form of `npm`. */
  readonly tools: Readonly<Record<string, { readonly integrity: string }>>;
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
  { product, version, license, npm, parts, contents, tools }: ReleaseFacts,
): unknown {
  const runtimes = new Map(
    parts.flatMap(({ compiler }) =>
      compiler === undefined ? [] : [[compiler.version, compiler] as const]
    ),
  );
  const libraries = librariesOf(contents);
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
      tools: {
        components: Object.entries(tools).map(([nameAndVersion, entry]) => ({
          type: "application",
          ...npmPackage(nameAndVersion, entry.integrity),
        })),
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
      ...[...runtimes].map(([runtime, { runtime: { sha256 }, origin }]) => ({
        type: "platform",
        "bom-ref": runtimeRef(runtime),
        name: "deno",
        version: runtime,
        purl: `pkg:github/denoland/deno@v${runtime}`,
        licenses: [{ license: { id: "MIT" } }],
        hashes: [{ alg: "SHA-256", content: sha256 }],
        externalReferences: [{ type: "distribution", url: origin }],
      })),
      ...libraries,
      ...Object.entries(npm).map(([nameAndVersion, { integrity }]) => ({
        type: "library",
        "bom-ref": packageRef(nameAndVersion),
        scope: nameOf(nameAndVersion) in BUNDLED ? "required" : "excluded",
        ...npmPackage(nameAndVersion, integrity),
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
      ...[...runtimes.keys()].map((runtime) => ({
        ref: runtimeRef(runtime),
        dependsOn: libraries.map((library) => library["bom-ref"]),
      })),
    ],
  };
}

/** What a component of type "library" is described by. */
interface LibraryComponent {
  readonly type: "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly cpe?: string;
  readonly licenses?: readonly unknown[];
}

/** Describes the libraries by the names under which scanners know them. */
function librariesOf(
  { v8, icu, sqlite, crates }: RuntimeContents,
): readonly LibraryComponent[] {
  return [
    native({ name: "v8", version: v8.replace(/-.*$/, "") }, {
      purl: "pkg:github/v8/v8",
      cpe: "google:v8",
      license: "BSD-3-Clause",
    }),
    native({ name: "icu", version: icu }, {
      purl: "pkg:github/unicode-org/icu",
      cpe: "icu-project:international_components_for_unicode",
      license: "Unicode-3.0",
    }),
    native({ name: "sqlite", version: sqlite }, {
      purl: "pkg:generic/sqlite",
      cpe: "sqlite:sqlite",
      license: "blessing",
    }),
    ...crates.map(({ name, version }) => ({
      type: "library",
      "bom-ref": `cargo:${name}@${version}`,
      name,
      version,
      purl: `pkg:cargo/${name}@${encodeURIComponent(version)}`,
    } as const)),
  ];
}

function native(
  { name, version }: Library,
  { purl, cpe, license }: {
    readonly purl: string;
    readonly cpe: string;
    readonly license: string;
  },
): LibraryComponent {
  return {
    type: "library",
    "bom-ref": `${name}@${version}`,
    name,
    version,
    purl: `${purl}@${version}`,
    cpe: `cpe:2.3:a:${cpe}:${version}:*:*:*:*:*:*:*`,
    licenses: [{ license: { id: license } }],
  };
}

/** What describes an npm package. */
interface PackageFields {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly {
    readonly alg: string;
    readonly content: string;
  }[];
}

function npmPackage(nameAndVersion: string, integrity: string): PackageFields {
  return {
    name: nameOf(nameAndVersion),
    version: nameAndVersion.slice(nameAndVersion.lastIndexOf("@") + 1),
    purl: `pkg:npm/${nameAndVersion.replace(/^@/, "%40")}`,
    hashes: [{ alg: "SHA-512", content: hexOf(integrity) }],
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
