/**
 * install.sh on hosts that are not as expected: symbolic links, several installations at once,
 * commands that are missing or fail.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { TempDir } from "../support/temp_dir.ts";
import {
  BIN,
  filesOf,
  install,
  makeHost,
  makeSmallRelease,
  script,
} from "./release_folder.ts";

const UPSTREAM = { [`${BIN}/host-local`]: script("upstream's host-local") };

/** Makes a host with upstream's plugin, and the releases "1" and "2". */
async function prepare(dir: TempDir): Promise<string> {
  const root = dir.join("host");
  makeHost(root, { files: UPSTREAM });
  await makeSmallRelease(dir.join("1"), "1");
  await makeSmallRelease(dir.join("2"), "2");
  return root;
}

/** Moves the plugin directory of a host to `target`, and leaves a symbolic link to it. */
async function moveBin(
  root: string,
  target: string,
  link: string,
): Promise<void> {
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), {
    recursive: true,
  });
  await Deno.rename(`${root}${BIN}`, target);
  await Deno.symlink(link, `${root}${BIN}`);
}

for (
  const [name, first, second] of [
    ["a symbolic link", BIN, "/usr/lib/cni"],
    ["repeated and trailing slashes", BIN, "//usr/./lib///cni//"],
  ] as const
) {
  Deno.test(`install.sh knows a plugin directory by ${name}`, async () => {
    using dir = new TempDir();
    const root = await prepare(dir);
    await moveBin(root, `${root}/usr/lib/cni`, "../../usr/lib/cni");
    const before = filesOf(root);
    for (const [release, folder] of [["1", first], ["2", second]] as const) {
      const args = ["host-local", "--root", root, "--bin-dir", folder];
      const { code, output } = await install(dir.join(release), args);
      assertEquals(code, 0, output);
    }
    const { code, output } = await install(dir.join("2"), [
      "--uninstall",
      "--root",
      root,
    ]);
    assertEquals(code, 0, output);
    assertEquals(filesOf(root), before);
  });
}

Deno.test("install.sh does not follow a symbolic link out of --root", async () => {
  using dir = new TempDir();
  const root = await prepare(dir);
  const outside = dir.join("outside/bin");
  await moveBin(root, outside, outside);
  const before = [filesOf(root), filesOf(outside)];
  for (const command of [["--dry-run"], [], ["--uninstall"]]) {
    const args = ["host-local", "--root", root, "--bin-dir", BIN, ...command];
    const { code, output } = await install(dir.join("1"), args);
    assertEquals(code, 1, output);
    assertStringIncludes(output, `${BIN} leads out of ${root}`);
  }
  assertEquals([filesOf(root), filesOf(outside)], before);
});

Deno.test("install.sh runs once at a time", async () => {
  using dir = new TempDir();
  const root = await prepare(dir);
  const before = filesOf(root);
  const runs = Array.from(
    { length: 6 },
    (_, index) =>
      install(dir.join(index % 2 === 0 ? "1" : "2"), ["--root", root]),
  );
  for (const { code, output } of await Promise.all(runs)) {
    assertEquals(code, 0, output);
  }
  const after = filesOf(root);
  assertEquals(
    after[`${BIN}/host-local.upstream`],
    before[`${BIN}/host-local`],
  );
  const uninstalled = await install(dir.join("1"), [
    "--uninstall",
    "--root",
    root,
  ]);
  assertEquals(uninstalled.code, 0, uninstalled.output);
  assertEquals(filesOf(root), before);
});

Deno.test("install.sh removes nothing whose hash it cannot compute", async () => {
  using dir = new TempDir();
  const root = await prepare(dir);
  const args = ["host-local", "--root", root];
  assertEquals((await install(dir.join("1"), args)).code, 0);
  await Deno.writeTextFile(`${root}${BIN}/host-local`, script("another"));
  const before = filesOf(root);
  await Deno.mkdir(dir.join("stubs"));
  await Deno.writeTextFile(
    dir.join("stubs/sha256sum"),
    "#!/bin/sh\necho 'read error' >&2\nexit 1\n",
    { mode: 0o755 },
  );
  const PATH = `${dir.join("stubs")}:${Deno.env.get("PATH")}`;
  const { code, output } = await install(dir.join("1"), [
    "--uninstall",
    ...args,
  ], { PATH });
  assertEquals(code, 1, output);
  assertStringIncludes(output, "cannot read");
  assertEquals(filesOf(root), before);
});

Deno.test("install.sh names a command that is missing", async () => {
  using dir = new TempDir();
  const root = await prepare(dir);
  const before = filesOf(root);
  for (const command of [[], ["--uninstall"]]) {
    const { stdout, stderr, code } = await new Deno.Command("/bin/sh", {
      args: [`${dir.join("1")}/install.sh`, "--root", root, ...command],
      env: { PATH: dir.join("empty") },
    }).output();
    const output = new TextDecoder().decode(stdout) +
      new TextDecoder().decode(stderr);
    assertEquals(code, 1, output);
    assertStringIncludes(output, "cannot find the command ");
  }
  assertEquals(filesOf(root), before);
});
