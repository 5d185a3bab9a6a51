/** An unpacked release, and the file systems of hosts that install.sh works on. @module */

import { walkSync } from "@std/fs/walk";
import { CHECKSUMS, checksums } from "../../tools/release/checksums.ts";
import { REPO_ROOT } from "../support/binaries.ts";

/** The executables of a release: name to path. */
export type Executables = Readonly<Record<string, string>>;

/** How install.sh ended. */
export interface Installed {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly output: string;
}

/** The directory of the plugins in the tests, below a host's root. */
export const BIN = "/opt/cni/bin";

/** Where the tests look for units, below a host's root. */
export const UNITS = "/etc/systemd/system";

/** Writes the content of a small executable, by which tests recognize it. */
export function script(content: string): string {
  return `#!/bin/sh\necho ${content}\n`;
}

/** Makes an unpacked release in `folder`, with these executables. */
export async function makeRelease(
  folder: string,
  executables: Executables,
): Promise<void> {
  await Deno.mkdir(`${folder}/systemd`, { recursive: true });
  const names = [];
  for (const [name, path] of Object.entries(executables)) {
    await Deno.copyFile(path, `${folder}/${name}`);
    await Deno.chmod(`${folder}/${name}`, 0o755);
    names.push(name);
  }
  for await (const { name } of Deno.readDir(`${REPO_ROOT}/systemd`)) {
    await Deno.copyFile(
      `${REPO_ROOT}/systemd/${name}`,
      `${folder}/systemd/${name}`,
    );
    names.push(`systemd/${name}`);
  }
  await Deno.copyFile(`${REPO_ROOT}/install.sh`, `${folder}/install.sh`);
  await writeChecksums(folder, [...names, "install.sh"]);
}

async function writeChecksums(
  folder: string,
  names: readonly string[],
): Promise<void> {
  const files = names.map((name) => ({ path: `${folder}/${name}`, name }));
  await Deno.writeTextFile(`${folder}/${CHECKSUMS}`, await checksums(files));
}

/** Makes a release whose executables only print their name and `version`. */
export async function makeSmallRelease(
  folder: string,
  version: string,
): Promise<void> {
  await Deno.mkdir(`${folder}.scripts`);
  const executables: Record<string, string> = {};
  for (const name of ["host-local", "dhcp", "cni-launcher"]) {
    executables[name] = `${folder}.scripts/${name}`;
    await Deno.writeTextFile(executables[name], script(`${name} ${version}`));
  }
  await makeRelease(folder, executables);
}

/** Removes a file from a release. */
export async function leaveOut(folder: string, name: string): Promise<void> {
  await Deno.remove(`${folder}/${name}`);
  const sums = `${folder}/${CHECKSUMS}`;
  const lines = (await Deno.readTextFile(sums)).split("\n");
  await Deno.writeTextFile(
    sums,
    lines.filter((line) => !line.endsWith(`  ${name}`)).join("\n"),
  );
}

/** The libraries that the executables need, as a host with glibc has them. */
const LIBRARIES = [
  "ld-linux-x86-64.so.2",
  "ld-linux-aarch64.so.1",
  "libc.so.6",
  "libgcc_s.so.1",
];

/** Makes the root directory of a host. */
export function makeHost(
  root: string,
  { libraries = LIBRARIES, files = {} }: {
    readonly libraries?: readonly string[];
    /** Executables and units that are there: path to content. */
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): void {
  for (const folder of [BIN, UNITS, "/lib", "/lib64", "/var/lib"]) {
    Deno.mkdirSync(`${root}${folder}`, { recursive: true });
  }
  for (const name of libraries) {
    Deno.writeTextFileSync(`${root}/lib64/${name}`, "");
  }
  for (const [path, content] of Object.entries(files)) {
    Deno.writeTextFileSync(`${root}${path}`, content, {
      mode: path.startsWith(BIN) ? 0o755 : 0o644,
    });
  }
}

/** Returns the files below `root`: path to mode and content. Empty directories are left out. */
export function filesOf(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, isFile, isSymlink } of walkSync(root)) {
    if (isSymlink) {
      found[path.slice(root.length)] = `-> ${Deno.readLinkSync(path)}`;
    } else if (isFile) {
      const mode = ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
      found[path.slice(root.length)] = `${mode} ${Deno.readTextFileSync(path)}`;
    }
  }
  return found;
}

/** Runs install.sh of a release in a session of its own. */
export async function install(
  release: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Installed> {
  const { code, signal, stdout, stderr } = await new Deno.Command("setsid", {
    args: ["--wait", "sh", `${release}/install.sh`, ...args],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    signal,
    output: decoder.decode(stdout) + decoder.decode(stderr),
  };
}
