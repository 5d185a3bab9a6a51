/** The signatures of a release, and the commands of README that check them. @module */

import { assertEquals } from "@std/assert";
import { writeHashes } from "../../tools/release/hashes.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import { testWith } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";

const FILE = "cni-ipam-plugins-linux-amd64-v1.2.3.tgz";

/** Runs a script in a folder. @returns Its exit status. */
async function run(script: string, folder: string): Promise<number> {
  const { code } = await new Deno.Command("sh", {
    args: ["-euc", script],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return code;
}

/** The commands under "Verify a release" of README that need no access to GitHub. */
async function commands(): Promise<string> {
  const readme = await Deno.readTextFile(`${REPO_ROOT}/README.md`);
  const [, block = ""] =
    /^### Verify a release\n[^]*?^```sh\n([^]*?)^```/m.exec(readme) ?? [];
  return block.replaceAll(/^gh .*\n/gm, "")
    .replaceAll(/\bcni-ipam-plugins-linux-amd64-v\d\S*?\.tgz/g, FILE);
}

async function sign(folder: string, publicKey: string): Promise<number> {
  return await run(
    `${REPO_ROOT}/tools/release/sign.sh ../secret ../${publicKey}`,
    folder,
  );
}

testWith(
  ["command:minisign"],
  "the commands of README accept the files of a release, and no other file",
  async () => {
    using directory = new TempDir();
    const folder = directory.join("release");
    await Deno.mkdir(folder);
    for (const name of ["", "other-"]) {
      const keys = `-p ${name}minisign.pub -s ${name}secret`;
      const code = await run(`minisign -G -W ${keys}`, directory.path);
      assertEquals(code, 0);
    }
    await Deno.writeTextFile(`${folder}/${FILE}`, "content");
    await Deno.writeTextFile(`${folder}/sbom.cdx.json`, "{}");
    await writeHashes(folder);
    assertEquals(await sign(folder, "minisign.pub"), 0);
    const files = await Array.fromAsync(Deno.readDir(folder));
    assertEquals(
      files.map(({ name }) => name).sort(),
      [FILE, "sbom.cdx.json"].flatMap((name) => [
        name,
        ...["minisig", "sha256", "sha512"].map((end) => `${name}.${end}`),
      ]),
    );
    await Deno.copyFile(
      directory.join("minisign.pub"),
      `${folder}/minisign.pub`,
    );

    const check = await commands();
    assertEquals(
      check.trimEnd().split("\n").map((line) => line.split(" ")[0]),
      [
        "sha512sum",
        "minisign",
      ],
    );
    assertEquals(await run(check, folder), 0);
    // Each command alone refuses a changed file.
    await Deno.writeTextFile(`${folder}/${FILE}`, "Content");
    for (const command of check.trimEnd().split("\n")) {
      assertEquals(await run(command, folder) === 0, false, command);
    }
    // And a signature of another key.
    await Deno.writeTextFile(`${folder}/${FILE}`, "content");
    await Deno.copyFile(
      directory.join("other-minisign.pub"),
      `${folder}/minisign.pub`,
    );
    assertEquals(await run(check, folder) === 0, false);
  },
);

testWith(
  ["command:minisign"],
  "a release is not signed with a key that is not the one in the repository",
  async () => {
    using directory = new TempDir();
    const folder = directory.join("release");
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/${FILE}`, "content");
    for (const name of ["", "other-"]) {
      const keys = `-p ${name}minisign.pub -s ${name}secret`;
      await run(`minisign -G -W ${keys}`, directory.path);
    }
    assertEquals(await sign(folder, "other-minisign.pub") === 0, false);
  },
);
