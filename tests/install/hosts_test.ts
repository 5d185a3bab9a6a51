/**
 * install.sh on hosts that are not as expected: symbolic links, several installations at once,
 * commands that are missing or fail.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { testRows } from "../support/rows.ts";
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
    assert(output.includes(`${BIN} leads out of ${root}`), output);
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
  assert(output.includes("cannot read"), output);
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
    assert(output.includes("cannot find the command "), output);
  }
  assertEquals(filesOf(root), before);
});

testRows("install.sh that fails", [
  { name: "to copy upstream's plugin", failing: "cp", at: 1 },
  { name: "to copy the plugin", failing: "cp", at: 2 },
  { name: "to record it", failing: "mv", at: 1 },
  { name: "to keep upstream's plugin", failing: "mv", at: 2 },
  { name: "to replace upstream's plugin", failing: "mv", at: 3 },
  { name: "to sync", failing: "sync", at: 3 },
], async ({ failing, at }) => {
  using dir = new TempDir();
  const root = await prepare(dir);
  const before = filesOf(root);
  await Deno.mkdir(dir.join("stubs"));
  // As on a full disk: what has been written so far is there.
  await Deno.writeTextFile(
    dir.join(`stubs/${failing}`),
    `#!/bin/sh
echo >>"$0.calls"
if [ "$(wc -l <"$0.calls")" -lt ${at} ]; then PATH=\${PATH#*:}; exec ${failing} "$@"; fi
for target; do :; done
${failing === "cp" ? 'echo incomplete >"$target"' : ""}
exit 1
`,
    { mode: 0o755 },
  );
  const args = ["host-local", "--root", root];
  const PATH = `${dir.join("stubs")}:${Deno.env.get("PATH")}`;
  const failed = await install(dir.join("1"), args, { PATH });
  assertEquals(failed.code, 1, failed.output);
  const after = filesOf(root);
  const temporary = Object.keys(after).filter((path) => path.endsWith(".new"));
  assertEquals(temporary, []);
  assertEquals(after[`${BIN}/host-local`], before[`${BIN}/host-local`]);

  // Upstream's plugin is upgraded before the next attempt.
  await Deno.writeTextFile(`${root}${BIN}/host-local`, script("newer"));
  const newer = filesOf(root)[`${BIN}/host-local`] ?? "";
  for (const command of [[], ["--uninstall"]]) {
    const { code, output } = await install(dir.join("1"), [
      ...args,
      ...command,
    ]);
    assertEquals(code, 0, output);
  }
  assertEquals(filesOf(root), { ...before, [`${BIN}/host-local`]: newer });
});
