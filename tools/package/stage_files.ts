/** The tree of files from which a package is built. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { walkSync } from "@std/fs/walk";
import { dirname } from "node:path";
import { capture } from "../process.ts";
import { checksums } from "../release/checksums.ts";
import {
  checksumsPath,
  type PackageFacts,
  type PackageFile,
  payloadFolder,
} from "./package_files.ts";

/** Writes the files and the checksums of the payload below `root`, all with the same time. */
export async function stageFiles(
  root: string,
  files: readonly PackageFile[],
  { plugin, dateSeconds }: Pick<PackageFacts, "plugin" | "dateSeconds">,
): Promise<void> {
  for (const file of files) await stageFile(root, file);
  const payload = payloadFolder(plugin);
  const names = files.map(({ name }) => name)
    .filter((name) => name.startsWith(`${payload}/`))
    .map((name) => name.slice(payload.length + 1));
  await Deno.writeTextFile(
    `${root}${checksumsPath(plugin)}`,
    await checksums(
      names.map((name) => ({ name, path: `${root}${payload}/${name}` })),
    ),
  );
  for (const { path, isDirectory, isSymlink } of walkSync(root)) {
    if (isDirectory) await Deno.chmod(path, 0o755);
    if (!isSymlink) await Deno.utime(path, dateSeconds, dateSeconds);
  }
}

async function stageFile(
  root: string,
  { name, content, mode, isCompressed }: PackageFile,
): Promise<void> {
  const path = `${root}${name}`;
  await ensureDir(dirname(path));
  if ("link" in content) return await Deno.symlink(content.link, path);
  if ("text" in content) await Deno.writeTextFile(path, content.text);
  else await Deno.copyFile(content.path, path);
  await Deno.chmod(path, mode);
  if (isCompressed) await capture(["gzip", "--best", "--no-name", path]);
}
