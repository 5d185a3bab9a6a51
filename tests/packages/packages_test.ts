/** The packages are the same in every build, and lintian finds no error in them. @module */

import { assertEquals } from "@std/assert";
import { buildDeb } from "../../tools/package/deb.ts";
import type { Plugin } from "../../tools/package/package_files.ts";
import { buildRpm } from "../../tools/package/rpm.ts";
import { capture } from "../../tools/process.ts";
import { testRowsWith } from "../support/rows.ts";
import { TempDir } from "../support/temp_dir.ts";
import { smallFacts } from "./small_facts.ts";

/** Builds the package twice. @returns The second one. */
async function buildTwice(
  temp: TempDir,
  plugin: Plugin,
  build: typeof buildRpm,
): Promise<string> {
  const facts = await smallFacts(temp.path, plugin);
  const built = [];
  for (const folder of [temp.join("1"), temp.join("2")]) {
    await Deno.mkdir(folder);
    built.push(await build(facts, folder));
  }
  const [first, second] = built.map((path) => Deno.readFileSync(path));
  assertEquals(first, second);
  return built[1] ?? "";
}

/** Returns what install.sh of the package needs. */
const payload = (plugin: Plugin): string[] => [
  `/usr/lib/cni-ipam-${plugin}/SHA256SUMS`,
  `/usr/lib/cni-ipam-${plugin}/cni-launcher`,
  `/usr/lib/cni-ipam-${plugin}/install.sh`,
  `/usr/lib/cni-ipam-${plugin}/systemd/cni-${plugin}.service`,
  `/usr/lib/cni-ipam-${plugin}/systemd/cni-${plugin}.socket`,
];

testRowsWith(
  ["command:dpkg-deb"],
  "the Debian package of",
  [
    { name: "host-local" as const },
    { name: "dhcp" as const },
  ],
  async ({ name }) => {
    using temp = new TempDir();
    const path = await buildTwice(
      temp,
      name,
      (facts, folder) => buildDeb(facts, folder, ["-Zgzip"]),
    );
    const listed = await capture(["dpkg-deb", "--contents", path]);
    const lines = listed.trim().split("\n");
    assertEquals(lines.filter((line) => !line.includes(" root/root ")), []);
    const files = lines.map((line) => line.split(" ./")[1] ?? "")
      .filter((file) => file.startsWith("usr/lib/cni") && !file.endsWith("/"));
    assertEquals(files.map((file) => `/${file}`).sort(), [
      ...payload(name),
      `/usr/lib/cni/${name}.standalone`,
    ]);
  },
);

testRowsWith(
  ["command:lintian", "command:dpkg-deb"],
  "lintian finds no error in the package of",
  [
    { name: "host-local" as const },
    { name: "dhcp" as const },
  ],
  async ({ name }) => {
    using temp = new TempDir();
    const path = await buildDeb(
      await smallFacts(temp.path, name),
      temp.path,
      ["-Zxz", "-z0"],
    );
    await capture([
      "lintian",
      ...["--allow-root", "--fail-on", "error", path],
    ]);
  },
);

testRowsWith(
  ["command:rpmbuild", "command:rpm"],
  "the RPM package of",
  [
    { name: "host-local" as const },
    { name: "dhcp" as const },
  ],
  async ({ name }) => {
    using temp = new TempDir();
    const path = await buildTwice(temp, name, buildRpm);
    const listed = await capture([
      "rpm",
      ...["--dbpath", temp.join("db")],
      ...["--query", "--list", "--package", path],
    ]);
    const files = listed.trim().split("\n").filter((file) =>
      file.startsWith("/usr/lib")
    );
    assertEquals(
      files.sort(),
      [
        `/usr/lib/cni-ipam-${name}`,
        `/usr/lib/cni-ipam-${name}/systemd`,
        ...payload(name),
        `/usr/libexec/cni/${name}.standalone`,
      ].sort(),
    );
  },
);
