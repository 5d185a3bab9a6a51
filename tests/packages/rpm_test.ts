/** What the scripts of the RPM packages do on a host, which is a directory with busybox. @module */

import { assertEquals } from "@std/assert";
import { buildRpm } from "../../tools/package/rpm.ts";
import { capture } from "../../tools/process.ts";
import { APPLETS, BUSYBOX } from "../support/busybox.ts";
import { testWith } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";
import { smallFacts } from "./small_facts.ts";

const BIN = "/usr/libexec/cni";

/** Builds a package that owns the plugin, as the CNI project's plugins do in Fedora. */
async function buildUpstream(folder: string, version: string): Promise<string> {
  const spec = `${folder}/upstream.spec`;
  await Deno.writeTextFile(
    spec,
    `Name: containernetworking-plugins
Version: ${version}
Release: 1
Summary: The plugins of the CNI project
License: Apache-2.0
BuildArch: noarch
AutoReqProv: no
%description
.
%install
mkdir -p %{buildroot}${BIN}
echo 'upstream ${version}' >%{buildroot}${BIN}/host-local
%files
${BIN}/host-local
`,
  );
  await capture([
    "rpmbuild",
    ...["-bb", "--quiet", "--define", `_topdir ${folder}/rpmbuild`, spec],
  ]);
  return `${folder}/rpmbuild/RPMS/noarch/containernetworking-plugins-${version}-1.noarch.rpm`;
}

/** Builds our package with executables that only name the version. */
async function buildOurs(folder: string, version: string): Promise<string> {
  await Deno.mkdir(`${folder}/${version}`);
  const facts = await smallFacts(`${folder}/${version}`, "host-local");
  await Deno.writeTextFile(facts.executables.launcher, `launcher ${version}\n`);
  await Deno.writeTextFile(facts.executables.plugin, `plugin ${version}\n`);
  return await buildRpm({ ...facts, version }, folder);
}

async function makeHost(root: string): Promise<void> {
  for (const folder of ["bin", "dev", "proc", "tmp"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  await Deno.copyFile(BUSYBOX, `${root}/bin/busybox`);
  for (const applet of APPLETS) {
    await Deno.symlink("busybox", `${root}/bin/${applet}`);
  }
  // A file is enough for what is redirected there.
  await Deno.writeTextFile(`${root}/dev/null`, "");
}

/** Returns the files in the plugin directory: name to content. */
async function pluginsOf(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const entries = await Array.fromAsync(Deno.readDir(`${root}${BIN}`));
  for (const { name } of entries) {
    found[name] = (await Deno.readTextFile(`${root}${BIN}/${name}`)).trim();
  }
  return found;
}

/** The plugin directory with our package. */
function withOurs(version: string, upstream?: string): Record<string, string> {
  return {
    "host-local": `launcher ${version}`,
    "host-local.standalone": `plugin ${version}`,
    ...(upstream === undefined
      ? {}
      : { "host-local.upstream": `upstream ${upstream}` }),
  };
}

/** One after the other, on one host. `want`: the plugin directory after the step. */
const STEPS: readonly {
  readonly what: string;
  readonly command: readonly [string, "ours" | "upstream", string?];
  readonly want: Readonly<Record<string, string>>;
}[] = [
  {
    what: "upstream's package is installed",
    command: ["-U", "upstream", "1.0"],
    want: { "host-local": "upstream 1.0" },
  },
  {
    what: "our package keeps upstream's plugin",
    command: ["-U", "ours", "1.0"],
    want: withOurs("1.0", "1.0"),
  },
  {
    what: "our package is upgraded",
    command: ["-U", "ours", "2.0"],
    want: withOurs("2.0", "1.0"),
  },
  {
    what: "our package stays in front when upstream's is upgraded",
    command: ["-U", "upstream", "2.0"],
    want: withOurs("2.0", "2.0"),
  },
  {
    what: "the removal of our package puts upstream's plugin back",
    command: ["-e", "ours"],
    want: { "host-local": "upstream 2.0" },
  },
  {
    what: "our package is installed again",
    command: ["-U", "ours", "2.0"],
    want: withOurs("2.0", "2.0"),
  },
  {
    what: "our package stays when upstream's is removed",
    command: ["-e", "upstream"],
    want: withOurs("2.0"),
  },
  {
    what: "the removal of our package leaves nothing",
    command: ["-e", "ours"],
    want: {},
  },
];

const NAMES = {
  ours: "cni-ipam-host-local",
  upstream: "containernetworking-plugins",
} as const;

testWith(
  ["root", "command:rpm", "command:rpmbuild", `binary:${BUSYBOX}`],
  "the RPM package is installed, upgraded and removed beside upstream's",
  async () => {
    using temp = new TempDir();
    const root = temp.join("root");
    await makeHost(root);
    const built = new Map<string, string>();
    for (
      const { what, command: [option, whose, version = ""], want } of STEPS
    ) {
      const key = `${whose} ${version}`;
      if (option === "-U" && !built.has(key)) {
        const build = whose === "ours" ? buildOurs : buildUpstream;
        built.set(key, await build(temp.path, version));
      }
      await capture([
        "rpm",
        ...["--root", root, option, "--nodeps", "--force-debian"],
        ...(option === "-U" ? ["--ignorearch"] : []),
        built.get(key) ?? NAMES[whose],
      ]);
      assertEquals(await pluginsOf(root), want, what);
    }
  },
);
