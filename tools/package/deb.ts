/** Debian packages. @module */

import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import { ARCHITECTURE } from "../build/target.ts";
import {
  describe,
  installCommand,
  keepCommand,
  type PackageFacts,
  type PackageFile,
  packageFiles,
  type PackageName,
  packageName,
  type Places,
  type Plugin,
  uninstallCommand,
} from "./package_files.ts";
import { stageFiles } from "./stage_files.ts";

const PLACES: Places = {
  binDir: "/usr/lib/cni",
  zsh: "/usr/share/zsh/vendor-completions",
};

const MAINTAINER =
  "cni-ipam-plugins maintainers <cni-ipam-plugins@packages.invalid>";

/** Returns the file name of the package. */
export function debName({ plugin, target, version }: PackageName): string {
  return `${packageName(plugin)}_${version}_${ARCHITECTURE[target]}.deb`;
}

/**
 * Builds the package in `folder`; needs dpkg-deb, and no root.
 *
 * @param compression The options of dpkg-deb.
 * @returns Its path.
 */
export async function buildDeb(
  facts: PackageFacts,
  folder: string,
  compression: readonly string[] = ["-Zxz", "-z2"],
): Promise<string> {
  const { dateSeconds } = facts;
  const root = await Deno.makeTempDir({ prefix: "cni-ipam-deb-" });
  try {
    const files = [...packageFiles(facts, PLACES), ...documents(facts)];
    await Deno.mkdir(`${root}/DEBIAN`);
    await Deno.writeTextFile(
      `${root}/DEBIAN/control`,
      control(facts, installedKilobytes(files)),
    );
    for (const [script, text] of Object.entries(maintainerScripts(facts))) {
      await Deno.writeTextFile(`${root}/DEBIAN/${script}`, text);
      await Deno.chmod(`${root}/DEBIAN/${script}`, 0o755);
    }
    await stageFiles(root, files, facts);
    await Deno.writeTextFile(
      `${root}/DEBIAN/md5sums`,
      await capture([
        "sh",
        "-c",
        `find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum`,
      ], { cwd: root }),
    );
    const path = `${folder}/${debName(facts)}`;
    await capture([
      "dpkg-deb",
      ...["--root-owner-group", ...compression, "--build", root, path],
    ], { env: { SOURCE_DATE_EPOCH: String(dateSeconds) } });
    return path;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function installedKilobytes(files: readonly PackageFile[]): number {
  const bytes = files.map(({ content }) =>
    "path" in content ? Deno.statSync(content.path).size : 1024
  );
  return Math.ceil(bytes.reduce((a, b) => a + b, 0) / 1024);
}

function control(
  { plugin, target, version }: PackageFacts,
  installedSize: number,
): string {
  const { summary, lines } = describe(plugin);
  return `Package: ${packageName(plugin)}
Version: ${version}
Architecture: ${ARCHITECTURE[target]}
Maintainer: ${MAINTAINER}
Installed-Size: ${installedSize}
Depends: libc6 (>= 2.27), libgcc-s1 | libgcc1
Enhances: containernetworking-plugins, containerd, podman
Section: net
Priority: optional
Description: ${summary}
${lines.map((line) => ` ${line}\n`).join("")}`;
}

/**
 * The maintainer scripts. A diversion makes packages of upstream install their plugin as
 * NAME.upstream, where install.sh keeps it. dpkg does not rename anything itself, so that the name
 * that runtimes call always exists.
 */
function maintainerScripts(
  { plugin }: PackageFacts,
): Readonly<Record<string, string>> {
  const name = packageName(plugin);
  const path = `${PLACES.binDir}/${plugin}`;
  const divert = `dpkg-divert --package ${name} --no-rename --divert ` +
    `${path}.upstream`;
  return {
    preinst: `#!/bin/sh
set -e
case $1 in
install | upgrade)
  ${divert} --add ${path} >/dev/null
  ${keepCommand(plugin, PLACES)}
  ;;
esac
`,
    postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  ${installCommand(plugin, PLACES)}
  # After an upgrade the resident process still runs the old executable.
  if [ -n "$2" ] && [ -d /run/systemd/system ]; then
    systemctl try-restart cni-${plugin}.service || true
  fi
fi
`,
    prerm: `#!/bin/sh
set -e
case $1 in
remove | deconfigure)
  ${uninstallCommand(plugin, PLACES)}
  ;;
esac
`,
    postrm: `#!/bin/sh
set -e
case $1 in
remove | abort-install | disappear)
  ${divert} --remove ${path} >/dev/null
  ;;
esac
`,
  };
}

/** The files in /usr/share/doc, and what lintian shall not report. */
function documents(
  { plugin, version, dateSeconds }: PackageFacts,
): readonly PackageFile[] {
  const name = packageName(plugin);
  const folder = `/usr/share/doc/${name}`;
  const mode = 0o644;
  return [
    {
      name: `${folder}/copyright`,
      mode,
      content: { text: COPYRIGHT },
    },
    {
      name: `${folder}/changelog`,
      mode,
      content: { text: changelog(name, version, dateSeconds) },
      isCompressed: true,
    },
    {
      name: `${folder}/NEWS`,
      mode,
      content: { path: `${REPOSITORY}/CHANGELOG.md` },
      isCompressed: true,
    },
    {
      name: `/usr/share/lintian/overrides/${name}`,
      mode,
      content: { text: overrides(plugin) },
    },
  ];
}

function changelog(name: string, version: string, dateSeconds: number): string {
  const date = new Date(dateSeconds * 1000).toUTCString()
    .replace("GMT", "+0000");
  return `${name} (${version}) unstable; urgency=medium

  * Release ${version}; NEWS.gz lists the changes.

 -- ${MAINTAINER}  ${date}
`;
}

const COPYRIGHT =
  `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: cni-ipam-plugins

Files: *
Copyright: 2026 the cni-ipam-plugins authors
License: Apache-2.0

Files: usr/lib/cni/*.standalone
Copyright: 2026 the cni-ipam-plugins authors
 2018-2026 the Deno authors
 2006-2026 the V8 project authors
License: Apache-2.0 and MIT and BSD-3-clause
Comment: The executables contain the Deno runtime (MIT), which contains V8
 (BSD-3-clause) and other libraries. Their licenses are in the folder
 licenses beside this file.

License: Apache-2.0
 On Debian systems, the text of the license is in
 /usr/share/common-licenses/Apache-2.0.

License: Apache-2.0 and MIT and BSD-3-clause
 See the folder licenses beside this file. The text of the Apache License is in /usr/share/common-licenses/Apache-2.0.
`;

function overrides(plugin: Plugin): string {
  const name = packageName(plugin);
  const path = `${PLACES.binDir.slice(1)}/${plugin}`;
  return `# Stripping would remove the program, which is in a section of the file.
${name}: unstripped-binary-or-object [${path}.standalone]
# The runtime is distributed as one file.
${name}: embedded-library *
# The launcher must work without a C library.
${name}: statically-linked-binary *
${name}: shared-library-lacks-prerequisites *
# The plugin directory has no directories for architectures.
${name}: executable-in-usr-lib *
# install.sh installs the launcher under this name, beside the package's own files.
${name}: diversion-for-unknown-file *
`;
}
