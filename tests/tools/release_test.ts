/** The files of a release. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { notesOf } from "../../tools/release/notes.ts";
import { operatorFiles } from "../../tools/release/operator_files.ts";
import { sbom } from "../../tools/release/sbom.ts";
import { writeTarball } from "../../tools/release/tarball.ts";
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

Deno.test("sbom() excludes the packages that are not in the binaries", () => {
  const part = {
    name: "plugin",
    sha256: "00ff",
    compiler: { deno: "/x/deno", version: "2.0.1" },
  };
  const bill = sbom({
    product: "plugins",
    version: "1.2.3",
    license: "Apache-2.0",
    npm: { "@scope/lib@4.5.6": { integrity: "sha512-AP8=" } },
    parts: [part, { name: "launcher", sha256: "ff00" }],
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
    ],
  });
});

Deno.test("sbom() requires the package that is in the plugins", () => {
  const compiler = { deno: "/x/deno", version: "2.0.1" };
  const bill = JSON.parse(JSON.stringify(sbom({
    product: "plugins",
    version: "1.2.3",
    license: "Apache-2.0",
    npm: { "deno-std@1.2.0": { integrity: "sha512-AP8=" } },
    parts: ["host-local", "dhcp"].map((name) => ({
      name,
      sha256: "00ff",
      compiler,
    })),
  })));
  const library = bill.components.find((component: { type: string }) =>
    component.type === "library"
  );
  assertEquals([library.name, library.scope], ["deno-std", "required"]);
  assertEquals(bill.dependencies.slice(1), [
    { ref: "host-local", dependsOn: ["deno@2.0.1", "npm:deno-std@1.2.0"] },
    { ref: "dhcp", dependsOn: ["deno@2.0.1", "npm:deno-std@1.2.0"] },
  ]);
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
