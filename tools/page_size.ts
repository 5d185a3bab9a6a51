/**
 * `deno task test:page-size`: runs the executables for arm64 on kernels with pages of 4 and 16 KiB,
 * in an emulated machine. Needs qemu-system-aarch64, apt-get, and the packages libc6-arm64-cross,
 * libgcc-s1-arm64-cross and debian-archive-keyring.
 *
 * @module
 */

import { outputPath } from "./build/target.ts";
import { DebianArchive } from "./debian/archive.ts";
import { archive, type ArchiveEntry } from "./page_size/archive.ts";
import { KERNEL_SUITE, PAGE_SIZES } from "./page_size/kernels.ts";
import { problemIn } from "./page_size/console.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const TARGET = "aarch64-unknown-linux-gnu";
const LIBRARIES = "/usr/aarch64-linux-gnu/lib";
const LIBRARY_NAMES = [
  "ld-linux-aarch64.so.1",
  "libc.so.6",
  "libdl.so.2",
  "libgcc_s.so.1",
  "libm.so.6",
  "libpthread.so.0",
  "librt.so.1",
];
const EXECUTABLES = ["host-local", "dhcp", "cni-launcher"];
/** How long a machine may run. It takes a minute on an idle computer. */
const TIMEOUT_MS = 900_000;

/** Returns the file system of the machine. */
async function files(busybox: Uint8Array): Promise<ArchiveEntry[]> {
  const read = async (
    name: string,
    path: string,
  ): Promise<ArchiveEntry> => ({ name, content: await Deno.readFile(path) });
  return [
    ...["bin", "dev", "lib", "opt", "proc", "run"].map((name) => ({ name })),
    { name: "bin/busybox", content: busybox },
    await read("init", `${REPOSITORY}/tools/page_size/init.sh`),
    ...await Promise.all([
      ...LIBRARY_NAMES.map((name) =>
        read(`lib/${name}`, `${LIBRARIES}/${name}`)
      ),
      ...EXECUTABLES.map((name) =>
        read(`opt/${name}`, outputPath(name, TARGET))
      ),
    ]),
  ];
}

/**
 * Runs a machine with the files `kernel` and `files` of a folder until it powers itself off.
 *
 * @returns What it wrote to its console.
 */
async function boot(folder: string): Promise<string> {
  const console = `${folder}/console`;
  const command = new Deno.Command("qemu-system-aarch64", {
    args: [
      ...["-machine", "virt", "-cpu", "max,pauth-impdef=on", "-smp", "2"],
      ...["-m", "3072", "-nodefaults", "-nographic", "-no-reboot"],
      ...["-serial", `file:${console}`, "-kernel", `${folder}/kernel`],
      ...["-initrd", `${folder}/files`],
      ...["-append", "console=ttyAMA0 quiet rdinit=/init panic=-1"],
    ],
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await command.spawn().status;
  return await Deno.readTextFile(console);
}

if (import.meta.main) {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-page-size-" });
  let isGood = true;
  try {
    const packages = new DebianArchive(KERNEL_SUITE, "arm64");
    await packages.update();
    const busybox = await packages.fileOf("busybox-static", /\/bin\/busybox$/);
    await Deno.writeFile(`${work}/files`, archive(await files(busybox)));
    for (const { bytes, metapackage } of PAGE_SIZES) {
      const name = await packages.dependencyOf(metapackage);
      const kernel = await packages.fileOf(name, /\/boot\/vmlinuz-/);
      await Deno.writeFile(`${work}/kernel`, kernel);
      const console = await boot(work);
      const problem = problemIn(console, bytes);
      print(`${name}, pages of ${bytes} bytes: ${problem ?? "ok"}`);
      if (problem === undefined) continue;
      print(console);
      isGood = false;
    }
  } catch (error) {
    warn(`page size: ${error instanceof Error ? error.message : error}`);
    isGood = false;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  Deno.exit(isGood ? 0 : 1);
}
