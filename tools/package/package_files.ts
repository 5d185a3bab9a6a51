/** What the Debian and RPM packages contain. @module */

import { REPOSITORY } from "../repository.ts";
import { LAUNCHER } from "../build/launcher.ts";
import { type Target } from "../build/target.ts";
import { CHECKSUMS } from "../release/checksums.ts";
import { operatorFiles } from "../release/operator_files.ts";

/** A package is made for each plugin. */
export type Plugin = "host-local" | "dhcp";

/** What the name of a package is made of. */
export interface PackageName {
  readonly plugin: Plugin;
  readonly target: Target;
  readonly version: string;
}

/** The facts about a package that both formats need. */
export interface PackageFacts extends PackageName {
  /** The compiled plugin and the launcher. */
  readonly executables: { readonly plugin: string; readonly launcher: string };
  /** The names of the units. */
  readonly units: readonly string[];
  /** Seconds since the epoch: every time in the package. */
  readonly dateSeconds: number;
}

/** A file of a package. */
export interface PackageFile {
  /** Its absolute path on the host. */
  readonly name: string;
  readonly mode: number;
  /** Its content, or the path of a file that has it. */
  readonly content: { readonly text: string } | { readonly path: string } | {
    readonly link: string;
  };
  /** Compressed with gzip, and ".gz" added to the name. */
  readonly isCompressed?: true;
}

/** The paths that differ between distributions. */
export interface Places {
  /** The runtime's plugin directory. */
  readonly binDir: string;
  /** The directories of completions for zsh and fish. */
  readonly zsh: string;
}

const SUMMARY: Readonly<Record<Plugin, string>> = {
  "host-local": "CNI IPAM plugin that allocates addresses from ranges",
  "dhcp": "CNI IPAM plugin and daemon for addresses from DHCP servers",
};

const DESCRIPTION: Readonly<Record<Plugin, readonly string[]>> = {
  "host-local": [
    "host-local allocates the addresses of containers from configured ranges.",
    "It replaces the CNI project's plugin of the same name and uses the same",
    "files. A resident process answers the calls.",
  ],
  "dhcp": [
    "dhcp gets the addresses of containers from a DHCP server, and its daemon",
    "maintains the leases. It replaces the CNI project's plugin of the same",
    "name.",
  ],
};

/** Returns the name of the package. */
export function packageName(plugin: Plugin): string {
  return `cni-ipam-${plugin}`;
}

/** Returns one line about the package, and its description. */
export function describe(
  plugin: Plugin,
): { readonly summary: string; readonly lines: readonly string[] } {
  return { summary: SUMMARY[plugin], lines: DESCRIPTION[plugin] };
}

/** The folder of install.sh and of what it installs. */
export function payloadFolder(plugin: Plugin): string {
  return `/usr/lib/${packageName(plugin)}`;
}

/**
 * Returns the command that installs the launcher in front of the plugin. The package owns the
 * plugin, as NAME.standalone; install.sh owns NAME, because upstream's packages own it as well.
 */
export function installCommand(plugin: Plugin, { binDir }: Places): string {
  return `${payloadFolder(plugin)}/install.sh ${plugin} --launcher ` +
    `--standalone no --units --bin-dir ${binDir}`;
}

/**
 * Returns the command to run before the package's files are replaced. Calls that have just started
 * find their own file then, as install.sh explains; install.sh removes it.
 */
export function keepCommand(plugin: Plugin, { binDir }: Places): string {
  const path = `${binDir}/${plugin}.standalone`;
  return `if [ -e ${path} ]; then ln -f ${path} "${path} (deleted)"; fi`;
}

/** Returns the command that removes the launcher again. */
export function uninstallCommand(plugin: Plugin, { binDir }: Places): string {
  return `${payloadFolder(plugin)}/install.sh --uninstall ${plugin} ` +
    `--bin-dir ${binDir}`;
}

/** Returns the files of a package that both formats have. */
export function packageFiles(
  { plugin, version, executables, units }: PackageFacts,
  { binDir, zsh }: Places,
): readonly PackageFile[] {
  const payload = payloadFolder(plugin);
  const standalone = `${binDir}/${plugin}.standalone`;
  return [
    file(standalone, { path: executables.plugin }, 0o755),
    file(`${payload}/${LAUNCHER}`, { path: executables.launcher }, 0o755),
    file(
      `${payload}/install.sh`,
      { path: `${REPOSITORY}/install.sh` },
      0o755,
    ),
    ...units.map((unit) =>
      file(`${payload}/systemd/${unit}`, {
        path: `${REPOSITORY}/systemd/${unit}`,
      })
    ),
    ...operatorFiles(version)
      .filter(({ name }) =>
        /[^/_.]+(?=(?:\.[^./]+)?$)/.exec(name)?.[0] === plugin
      )
      .flatMap(({ name, text }) => operatorFile(name, text, zsh)),
    // The commands for operators are those of the plugin.
    file(
      `/usr/sbin/${plugin}`,
      { link: `..${standalone.slice("/usr".length)}` },
      0o777,
    ),
    ...licenseFiles(plugin),
  ];
}

/** The names of the plugin's units. */
export function unitNames(plugin: Plugin): readonly string[] {
  return [`cni-${plugin}.service`, `cni-${plugin}.socket`];
}

/** The path of the checksums that install.sh verifies. */
export function checksumsPath(plugin: Plugin): string {
  return `${payloadFolder(plugin)}/${CHECKSUMS}`;
}

/** The licenses of what the executables contain. */
function licenseFiles(plugin: Plugin): readonly PackageFile[] {
  const folder = `/usr/share/doc/${packageName(plugin)}/licenses`;
  return [...Deno.readDirSync(`${REPOSITORY}/licenses`)]
    .map(({ name }) => name).sort()
    .map((name) =>
      file(`${folder}/${name}`, { path: `${REPOSITORY}/licenses/${name}` })
    );
}

function operatorFile(
  name: string,
  text: string,
  zsh: string,
): readonly PackageFile[] {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const content = { text };
  if (name.startsWith("man/")) {
    return [{
      ...file(`/usr/share/${name}`, content),
      isCompressed: true,
    }];
  }
  const folder = name.includes("/bash/")
    ? "/usr/share/bash-completion/completions"
    : name.includes("/zsh/")
    ? zsh
    : "/usr/share/fish/vendor_completions.d";
  return [file(`${folder}/${base}`, content)];
}

function file(
  name: string,
  content: PackageFile["content"],
  mode = 0o644,
): PackageFile {
  return { name, content, mode };
}
