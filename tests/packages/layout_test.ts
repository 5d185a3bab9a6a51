/**
 * The layout of the container image: the same in every build, and every digest is right.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { walkSync } from "@std/fs/walk";
import { sha256 } from "../../tools/build/pinned_file.ts";
import { writeLayout } from "../../tools/image/oci.ts";
import { TempDir } from "../support/temp_dir.ts";

const FACTS = { tag: "v1.2.3", labels: { title: "plugins" } };

/** Returns the files of a folder: name to SHA-256. */
function hashesOf(folder: string): Record<string, string> {
  const files = [...walkSync(folder, { includeDirs: false })];
  return Object.fromEntries(
    files.map(({ path }) => [
      path.slice(folder.length + 1),
      sha256(Deno.readFileSync(path)),
    ]).sort(),
  );
}

Deno.test("writeLayout() writes the same image twice, under its digests", async () => {
  using temp = new TempDir();
  const root = temp.join("root");
  await Deno.mkdir(root);
  await Deno.writeTextFile(`${root}/file`, "content");
  await Deno.symlink("file", `${root}/link`);
  const images = ["amd64", "arm64"].map((architecture) => ({
    architecture,
    root,
  }));
  await writeLayout(temp.join("1"), images, FACTS);
  await writeLayout(temp.join("2"), images, FACTS);
  const hashes = hashesOf(temp.join("1"));
  assertEquals(hashesOf(temp.join("2")), hashes);

  const blobs = Object.entries(hashes).filter(([name]) =>
    name.startsWith("blobs/")
  );
  assertEquals(
    blobs.filter(([name, hash]) => name !== `blobs/sha256/${hash}`),
    [],
  );
  // One layer for both, and an index, two manifests and two configurations.
  assertEquals(blobs.length, 6);

  const read = (digest: string): { [key: string]: unknown } =>
    JSON.parse(
      Deno.readTextFileSync(
        temp.join(`1/blobs/${digest.replace(":", "/")}`),
      ),
    );
  const { manifests: [first] } = JSON.parse(
    await Deno.readTextFile(temp.join("1/index.json")),
  );
  assertEquals(first.annotations, {
    "org.opencontainers.image.ref.name": "v1.2.3",
  });
  const { manifests } = read(first.digest) as {
    manifests: { platform: unknown }[];
  };
  assertEquals(manifests.map(({ platform }) => platform), [
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
});
