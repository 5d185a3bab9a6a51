/** The files of a release. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { DENO_VERSION, ESBUILD_VERSION } from "../../tools/build/pins.ts";
import { releaseFiles } from "../../tools/release.ts";
import { cratesIn } from "../../tools/release/contents.ts";
import { differences } from "../../tools/release/differences.ts";
import { writeHashes } from "../../tools/release/hashes.ts";
import { notesOf, withAbsoluteLinks } from "../../tools/release/notes.ts";
import { operatorFiles } from "../../tools/release/operator_files.ts";
import { sbom } from "../../tools/release/sbom.ts";
import { TAG } from "../../tools/release/tag.ts";
import { writeTarball } from "../../tools/release/tarball.ts";
import { buildTools } from "../../tools/release/tools.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import { testRows } from "../support/rows.ts";
import { TempDir } from "../support/temp_dir.ts";

const CHANGELOG = `# Changelog

## Unreleased

- Something to come.

## 1.2.0

## 1.1.0 (2026-05-04)

- Faster.

### Fixed

- A leak.

## [1.0.0] - 2026-01-02

- First.
`;

testRows("notesOf()", [
  {
    name: "returns the section of a trial",
    version: "Unreleased",
    want: "- Something to come.\n",
  },
  {
    name: "returns a section with a date",
    version: "1.1.0",
    want: "- Faster.\n\n### Fixed\n\n- A leak.\n",
  },
  {
    name: "returns a section in brackets",
    version: "1.0.0",
    want: "- First.\n",
  },
], ({ version, want }) => assertEquals(notesOf(version, CHANGELOG), want));

Deno.test("withAbsoluteLinks() turns links into the repository into those of a commit", () => {
  assertEquals(
    withAbsoluteLinks(
      "[a](docs/a.md#b), [README](README.md) and [others](https://example.org/a)",
      "https://example.com/o/r/blob/v1.0.0",
    ),
    "[a](https://example.com/o/r/blob/v1.0.0/docs/a.md#b), " +
      "[README](https://example.com/o/r/blob/v1.0.0/README.md) and " +
      "[others](https://example.org/a)",
  );
});

testRows("notesOf() refuses", [
  { name: "a version without a section", version: "2.0.0" },
  { name: "a section without content", version: "1.2.0" },
  { name: "the beginning of a version", version: "1.1" },
], ({ version }) => {
  assertThrows(
    () => notesOf(version, CHANGELOG),
    Error,
    "CHANGELOG.md has no entry for it",
  );
});

const COMPILER = {
  deno: "/x/deno",
  version: "2.0.1",
  runtime: { path: "/x/denort", sha256: "0f0f" },
  origin: "https://example.org/denort.zip",
};

const CONTENTS = {
  v8: "15.0.1.2-rusty",
  icu: "78.3",
  sqlite: "3.50.2",
  crates: [{ name: "tokio", version: "1.2.3+x" }],
};

Deno.test("sbom() lists the runtime, its libraries, and the tools, and excludes other packages", () => {
  const part = { name: "plugin", sha256: "00ff", compiler: COMPILER };
  const bill = sbom({
    product: "plugins",
    version: "1.2.3",
    license: "Apache-2.0",
    npm: { "@scope/lib@4.5.6": { integrity: "sha512-AP8=" } },
    parts: [part, { name: "launcher", sha256: "ff00" }],
    contents: CONTENTS,
    tools: { "@deno/x@2.0.1": { integrity: "sha512-AP8=" } },
  });
  assertEquals(bill, {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "plugins",
        name: "plugins",
        version: "1.2.3",
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
      tools: {
        components: [{
          type: "application",
          name: "@deno/x",
          version: "2.0.1",
          purl: "pkg:npm/%40deno/x@2.0.1",
          hashes: [{ alg: "SHA-512", content: "00ff" }],
        }],
      },
    },
    components: [
      {
        type: "file",
        "bom-ref": "plugin",
        name: "plugin",
        version: "1.2.3",
        hashes: [{ alg: "SHA-256", content: "00ff" }],
      },
      {
        type: "file",
        "bom-ref": "launcher",
        name: "launcher",
        version: "1.2.3",
        hashes: [{ alg: "SHA-256", content: "ff00" }],
      },
      {
        type: "platform",
        "bom-ref": "deno@2.0.1",
        name: "deno",
        version: "2.0.1",
        purl: "pkg:github/denoland/deno@v2.0.1",
        licenses: [{ license: { id: "MIT" } }],
        hashes: [{ alg: "SHA-256", content: "0f0f" }],
        externalReferences: [
          { type: "distribution", url: "https://example.org/denort.zip" },
        ],
      },
      {
        type: "library",
        "bom-ref": "v8@15.0.1.2",
        name: "v8",
        version: "15.0.1.2",
        purl: "pkg:github/v8/v8@15.0.1.2",
        cpe: "cpe:2.3:a:google:v8:15.0.1.2:*:*:*:*:*:*:*",
        licenses: [{ license: { id: "BSD-3-Clause" } }],
      },
      {
        type: "library",
        "bom-ref": "icu@78.3",
        name: "icu",
        version: "78.3",
        purl: "pkg:github/unicode-org/icu@78.3",
        cpe:
          "cpe:2.3:a:icu-project:international_components_for_unicode:78.3:*:*:*:*:*:*:*",
        licenses: [{ license: { id: "Unicode-3.0" } }],
      },
      {
        type: "library",
        "bom-ref": "sqlite@3.50.2",
        name: "sqlite",
        version: "3.50.2",
        purl: "pkg:generic/sqlite@3.50.2",
        cpe: "cpe:2.3:a:sqlite:sqlite:3.50.2:*:*:*:*:*:*:*",
        licenses: [{ license: { id: "blessing" } }],
      },
      {
        type: "library",
        "bom-ref": "cargo:tokio@1.2.3+x",
        name: "tokio",
        version: "1.2.3+x",
        purl: "pkg:cargo/tokio@1.2.3%2Bx",
      },
      {
        type: "library",
        "bom-ref": "npm:@scope/lib@4.5.6",
        scope: "excluded",
        name: "@scope/lib",
        version: "4.5.6",
        purl: "pkg:npm/%40scope/lib@4.5.6",
        hashes: [{ alg: "SHA-512", content: "00ff" }],
      },
    ],
    dependencies: [
      { ref: "plugins", dependsOn: ["plugin", "launcher"] },
      { ref: "plugin", dependsOn: ["deno@2.0.1"] },
      { ref: "launcher", dependsOn: [] },
      {
        ref: "deno@2.0.1",
        dependsOn: [
          ...["v8@15.0.1.2", "icu@78.3", "sqlite@3.50.2"],
          "cargo:tokio@1.2.3+x",
        ],
      },
    ],
  });
});

Deno.test("sbom() requires the package that is in the plugins", () => {
  const bill = JSON.parse(JSON.stringify(sbom({
    product: "plugins",
    version: "1.2.3",
    license: "Apache-2.0",
    npm: { "deno-std@1.2.0": { integrity: "sha512-AP8=" } },
    parts: ["host-local", "dhcp"].map((name) => ({
      name,
      sha256: "00ff",
      compiler: COMPILER,
    })),
    contents: CONTENTS,
    tools: {},
  })));
  const library = bill.components.find((component: { purl?: string }) =>
    component.purl?.startsWith("pkg:npm/")
  );
  assertEquals([library.name, library.scope], ["deno-std", "required"]);
  assertEquals(bill.dependencies.slice(1, 3), [
    { ref: "host-local", dependsOn: ["deno@2.0.1", "npm:deno-std@1.2.0"] },
    { ref: "dhcp", dependsOn: ["deno@2.0.1", "npm:deno-std@1.2.0"] },
  ]);
});

Deno.test("cratesIn() returns each version of a crate once, sorted", () => {
  const registry = "/home/x/.cargo/registry/src/index.crates.io-1949cf8c/";
  const text = [
    `${registry}tokio-1.47.1/src/lib.rs${registry}ash-0.38.0+1.3.281/src/a.rs`,
    `\xff${registry}tokio-1.47.1/src/net.rs`,
    `${registry}sha3-0.11.0-rc.8/src/lib.rs`,
    "/home/x/deno/ext/net-1.2.3/lib.rs",
  ].join("\n");
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  assertEquals(cratesIn(bytes), [
    { name: "ash", version: "0.38.0+1.3.281" },
    { name: "sha3", version: "0.11.0-rc.8" },
    { name: "tokio", version: "1.47.1" },
  ]);
});

Deno.test("buildTools() names Deno and esbuild for both machines", () => {
  const tools = buildTools();
  assertEquals(Object.keys(tools), [
    `@deno/linux-x64-glibc@${DENO_VERSION}`,
    `@deno/linux-arm64-glibc@${DENO_VERSION}`,
    `@esbuild/linux-x64@${ESBUILD_VERSION}`,
    `@esbuild/linux-arm64@${ESBUILD_VERSION}`,
  ]);
  assertEquals(
    Object.values(tools).filter(({ integrity }) =>
      !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)
    ),
    [],
  );
});

Deno.test("writeHashes() writes what sha256sum and sha512sum check", async () => {
  using dir = new TempDir();
  await Deno.writeTextFile(dir.join("b.tgz"), "b");
  await Deno.writeTextFile(dir.join("a.json"), "a");
  const hashed = await writeHashes(dir.path);
  assertEquals(hashed.map(({ name }) => name), ["a.json", "b.tgz"]);
  for (const algorithm of ["sha256", "sha512"]) {
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `${algorithm}sum --check --strict -- *.${algorithm}`],
      cwd: dir.path,
      stdout: "null",
    }).output();
    assertEquals(success, true, algorithm);
  }
});

testRows(
  "differences() reports",
  [
    {
      name: "each file that differs",
      actual: [["same", "0"], ["other", "1"], ["added", "2"]],
      expected: [["same", "0"], ["other", "9"], ["removed", "3"]],
      want: [
        "added: unexpected",
        "other: SHA-256 1, expected 9",
        "removed: missing",
      ],
    },
    {
      name: "an archive with the same files",
      actual: [["same", "0"]],
      expected: [["same", "0"]],
      want: [
        "the files inside are the same; the archive is packed differently",
      ],
    },
  ] as const,
  ({ actual, expected, want }) => {
    const found = differences(new Map(actual), new Map(expected));
    assertEquals(found, [...want]);
  },
);

Deno.test("releaseFiles() has tarballs, SBOMs, packages, source maps and the image", () => {
  const files = [...releaseFiles("v1.2.3", "/x").keys()];
  const version = TAG.slice(1);
  assertEquals(files.sort(), [
    `cni-ipam-dhcp-${version}-1.aarch64.rpm`,
    `cni-ipam-dhcp-${version}-1.x86_64.rpm`,
    `cni-ipam-dhcp_${version}_amd64.deb`,
    `cni-ipam-dhcp_${version}_arm64.deb`,
    `cni-ipam-host-local-${version}-1.aarch64.rpm`,
    `cni-ipam-host-local-${version}-1.x86_64.rpm`,
    `cni-ipam-host-local_${version}_amd64.deb`,
    `cni-ipam-host-local_${version}_arm64.deb`,
    "cni-ipam-plugins-image-v1.2.3.tar",
    "cni-ipam-plugins-linux-amd64-v1.2.3.cdx.json",
    "cni-ipam-plugins-linux-amd64-v1.2.3.tgz",
    "cni-ipam-plugins-linux-arm64-v1.2.3.cdx.json",
    "cni-ipam-plugins-linux-arm64-v1.2.3.tgz",
    "cni-ipam-plugins-source-maps-v1.2.3.tgz",
  ]);
});

/** Runs `deno task release:verify` with a file. */
async function verify(path: string): Promise<readonly [number, string]> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=tools", "tools/release_verify.ts", path],
    cwd: REPO_ROOT,
    env: { NO_COLOR: "1" },
    stderr: "null",
  }).output();
  return [code, new TextDecoder().decode(stdout)];
}

Deno.test("release:verify builds a file again, and says what differs", async () => {
  using dir = new TempDir();
  const name = `cni-ipam-plugins-source-maps-${TAG}.tgz`;
  const make = releaseFiles(TAG, dir.path).get(name);
  await make?.();
  const path = dir.join(name);
  assertEquals(await verify(path), [
    0,
    `${name}: identical to the build of this checkout\n`,
  ]);

  // The file is changed and packed again.
  await Deno.mkdir(dir.join("content"));
  const tar = async (...args: readonly string[]): Promise<void> => {
    const { success } = await new Deno.Command("tar", { args: [...args] })
      .output();
    assertEquals(success, true);
  };
  await tar("-xzf", path, "-C", dir.join("content"));
  await Deno.writeTextFile(dir.join("content/extra"), "");
  await tar("-czf", path, "-C", dir.join("content"), ".");
  assertEquals(await verify(path), [
    1,
    `${name}: differs from the build of this checkout\n  extra: unexpected\n`,
  ]);
});

Deno.test("release:verify refuses a file of another release", async () => {
  const [code] = await verify("cni-ipam-plugins-linux-amd64-v0.0.0.tgz");
  assertEquals(code, 1);
});

Deno.test("operatorFiles() has a manual page of each plugin, and completions for each shell", () => {
  const files = operatorFiles("1.2.3");
  assertEquals(files.map(({ name }) => name), [
    "man/man8/host-local.8",
    "completions/bash/host-local",
    "completions/zsh/_host-local",
    "completions/fish/host-local.fish",
    "man/man8/dhcp.8",
    "completions/bash/dhcp",
    "completions/zsh/_dhcp",
    "completions/fish/dhcp.fish",
  ]);
  assertEquals(
    files.map(({ text }) => text.includes("check-state")),
    [true, true, true, true, false, false, false, false],
  );
  assertEquals(
    files.map(({ text }) => text.includes("renew")),
    [false, false, false, false, true, true, true, true],
  );
});

Deno.test("writeTarball() writes the same bytes for files with other times and modes", async () => {
  using dir = new TempDir();
  const tarballs = [];
  for (const [index, mtime] of [1_000_000, 1_800_000_000].entries()) {
    const folder = dir.join(`${index}`);
    await Deno.mkdir(folder);
    const files = [];
    for (
      const [name, mode] of [["b", 0o755], ["docs/a", 0o644]] as const
    ) {
      const path = `${folder}/${name.replace("/", "-")}`;
      await Deno.writeTextFile(path, "x", {
        mode: index === 0 ? 0o600 : 0o664,
      });
      await Deno.utime(path, mtime, mtime);
      files.push({ path, name, mode });
    }
    const tarball = dir.join(`${index}.tgz`);
    await writeTarball(tarball, files);
    tarballs.push(tarball);
  }
  const [first, second] = await Promise.all(
    tarballs.map((path) => Deno.readFile(path)),
  );
  assertEquals(first, second);

  const { stdout } = await new Deno.Command("tar", {
    args: [
      "--list",
      "--verbose",
      "--numeric-owner",
      "--file",
      dir.join("0.tgz"),
    ],
    env: { TZ: "UTC" },
  }).output();
  const entries = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.replaceAll(/ +/g, " "));
  assertEquals(entries, [
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./",
    "-rwxr-xr-x 0/0 1 1970-01-01 00:00 ./b",
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./docs/",
    "-rw-r--r-- 0/0 1 1970-01-01 00:00 ./docs/a",
  ]);
});
