/**
 * The JavaScript files of the executables: a call loads what it needs and nothing else, because
 * loading is most of the time that a call takes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { walkSync } from "@std/fs/walk";
import { binaryNamed } from "../../tools/build/binaries.ts";
import { bundle } from "../../tools/build/bundle.ts";
import { TempDir } from "../support/temp_dir.ts";

/** Bundles a plugin. @returns Its main file, and the content of each file by name. */
async function bundled(
  name: string,
  folder: string,
): Promise<{ readonly main: string; readonly files: Map<string, string> }> {
  const path = await bundle(binaryNamed(name), folder);
  const main = path.slice(folder.length + 1);
  const files = new Map<string, string>();
  for (const { path } of walkSync(folder, { exts: [".js"] })) {
    files.set(path.slice(folder.length + 1), await Deno.readTextFile(path));
  }
  return { main, files };
}

/** Returns what a file imports: at its start, or on demand. */
function importsOf(code: string, when: "start" | "demand"): string[] {
  const pattern = when === "start"
    ? /\bimport\s*(?:[\w*{][^"()]*?\bfrom\s*)?"([^"]+)"/g
    : /\bimport\(\s*"([^"]+)"\s*\)/g;
  return [...code.matchAll(pattern)].map(([, name = ""]) => name).sort();
}

const FILES = [
  {
    name: "host-local",
    main: "main_host_local.js",
    parts: [
      "lib/host_local/host/reclaimable_reservations.js",
      "lib/host_local/host/run_daemon.js",
      "lib/host_local/host/run_operator.js",
      "lib/host_local/store/history_file.js",
      "main_host_local_plugin.js",
    ],
  },
  {
    name: "dhcp",
    main: "main_dhcp.js",
    parts: [
      "lib/dhcp/host/run_daemon.js",
      "lib/dhcp/host/run_operator.js",
      "main_dhcp_plugin.js",
    ],
  },
] as const;

for (const { name, main, parts } of FILES) {
  Deno.test(`bundle() makes a small main file of ${name} and a file of each part`, async () => {
    using dir = new TempDir();
    const found = await bundled(name, dir.join("a"));
    assertEquals(found.main, main);
    assertEquals(new Set(found.files.keys()), new Set([main, ...parts]));
    const code = found.files.get(main) ?? "";
    assertEquals(code.length < 2000, true, `${main}: ${code.length} bytes`);
    assertEquals(importsOf(code, "demand"), parts.map((part) => `./${part}`));
  });

  Deno.test(`no file of ${name} imports anything at its start`, async () => {
    using dir = new TempDir();
    const { files } = await bundled(name, dir.join("a"));
    assertEquals(
      [...files].flatMap(([file, code]) =>
        importsOf(code, "start").map((imported) => `${file} ${imported}`)
      ),
      [],
    );
  });

  Deno.test(`bundle() writes the same bytes of ${name} each time`, async () => {
    using dir = new TempDir();
    const first = await bundled(name, dir.join("a"));
    const second = await bundled(name, dir.join("b"));
    assertEquals([...first.files].sort(), [...second.files].sort());
  });
}

for (
  const [name, part] of [
    ["host-local", "lib/host_local/host/run_operator.js"],
    ["dhcp", "lib/dhcp/host/run_operator.js"],
  ] as const
) {
  Deno.test(`the files of a call of ${name} do not contain the commands for operators`, async () => {
    using dir = new TempDir();
    const { files } = await bundled(name, dir.join("a"));
    const withHelp = [...files].filter(([, code]) =>
      code.includes("Exit status")
    );
    assertEquals(withHelp.map(([file]) => file), [part]);
  });
}

Deno.test("the files of a plugin's call do not contain the daemon", async () => {
  using dir = new TempDir();
  const { files } = await bundled("dhcp", dir.join("a"));
  const withDlopen = [...files].filter(([, code]) => code.includes("dlopen"));
  assertEquals(withDlopen.map(([name]) => name).sort(), [
    "lib/dhcp/host/run_daemon.js",
    "lib/dhcp/host/run_operator.js",
  ]);
});

Deno.test("bundle() keeps the disposal of a variable that is used once", async () => {
  using dir = new TempDir();
  const path = await bundle({ main: "tests/tools/using_probe.ts" }, dir.path);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", path],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "used disposed");
});

Deno.test("bundle() names no path that depends on the machine", async () => {
  using folder = new TempDir();
  await bundle(binaryNamed("host-local"), folder.path);
  const found: string[] = [];
  for (const { path } of walkSync(folder.path, { exts: [".js", ".map"] })) {
    const text = await Deno.readTextFile(path);
    const names: readonly string[] = path.endsWith(".map")
      ? JSON.parse(text).sources
      : [...text.matchAll(/^\/\/ (\S*\/\S*)$/gm)].map(([, name = ""]) => name);
    found.push(...names);
  }
  assertEquals(
    found.filter((name) => !/^(?:lib|npm)\/|^main_\w+\.ts$/.test(name)),
    [],
  );
  assertEquals(
    [...new Set(found.filter((name) => name.startsWith("npm/")))],
    ["npm/deno-std/1.2.0/cli/parse_args.js"],
  );
});
