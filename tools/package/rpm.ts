/** RPM packages. @module */

import { capture } from "../process.ts";
import type { Target } from "../build/target.ts";
import {
  checksumsPath,
  describe,
  installCommand,
  keepCommand,
  type PackageFacts,
  type PackageFile,
  packageFiles,
  type PackageName,
  packageName,
  payloadFolder,
  type Places,
  uninstallCommand,
} from "./package_files.ts";
import { stageFiles } from "./stage_files.ts";

const PLACES: Places = {
  binDir: "/usr/libexec/cni",
  zsh: "/usr/share/zsh/site-functions",
};

/** The package of the CNI project's plugins, in Fedora and others. */
const UPSTREAM = "containernetworking-plugins";

/** Returns the file name of the package. */
export function rpmName({ plugin, target, version }: PackageName): string {
  return `${packageName(plugin)}-${version}-1.${architectureOf(target)}.rpm`;
}

/** Builds the package in `folder`; needs rpmbuild, and no root. @returns Its path. */
export async function buildRpm(
  facts: PackageFacts,
  folder: string,
): Promise<string> {
  const { target, dateSeconds } = facts;
  const architecture = architectureOf(target);
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-rpm-" });
  try {
    const files = packageFiles(facts, PLACES);
    await stageFiles(`${work}/root`, files, facts);
    await Deno.writeTextFile(`${work}/package.spec`, spec(facts, files));
    await capture([
      "rpmbuild",
      ...["-bb", "--quiet", "--target", `${architecture}-linux`],
      ...["--define", `_topdir ${work}/rpmbuild`],
      ...["--define", `_rpmdir ${work}/out`],
      ...["--define", `staged ${work}/root`],
      `${work}/package.spec`,
    ], { env: { SOURCE_DATE_EPOCH: String(dateSeconds) } });
    const fileName = rpmName(facts);
    const path = `${folder}/${fileName}`;
    await Deno.copyFile(`${work}/out/${architecture}/${fileName}`, path);
    return path;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function architectureOf(target: Target): string {
  return target.slice(0, target.indexOf("-"));
}

/**
 * The packages of upstream own the same name, and RPM has no diversions. So install.sh runs again
 * after each of their installations and removals.
 */
function spec(
  { plugin, version }: PackageFacts,
  files: readonly PackageFile[],
): string {
  const { summary, lines } = describe(plugin);
  const install = installCommand(plugin, PLACES);
  return `%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _buildhost reproducible
%global _binary_payload w2.xzdio
Name: ${packageName(plugin)}
Version: ${version}
Release: 1
Summary: ${summary}
License: Apache-2.0 AND MIT AND BSD-3-Clause
AutoReqProv: no
Requires: glibc >= 2.27, libgcc, coreutils

%description
${lines.join("\n")}

%install
mkdir -p %{buildroot}
cp -a %{staged}/. %{buildroot}/

%pre
${keepCommand(plugin, PLACES)}

%post
${install}
if [ "$1" -gt 1 ] && [ -d /run/systemd/system ]; then
  systemctl try-restart cni-${plugin}.service || :
fi

%preun
if [ "$1" = 0 ]; then
  ${uninstallCommand(plugin, PLACES)}
fi

%triggerin -- ${UPSTREAM}
${install}

%triggerpostun -- ${UPSTREAM}
# Also run when this package itself is removed.
if [ "$1" -gt 0 ]; then
  # Otherwise the removal of this package would put back a plugin whose package is gone.
  if [ "$2" = 0 ]; then rm -f ${PLACES.binDir}/${plugin}.upstream; fi
  ${install}
fi

%files
%defattr(-,root,root)
%dir ${payloadFolder(plugin)}
%dir ${payloadFolder(plugin)}/systemd
${
    [
      ...files.map(({ name, isCompressed }) =>
        isCompressed ? `${name}.gz` : name
      ),
      checksumsPath(plugin),
    ].join("\n")
  }
`;
}
