/**
 * The Debian packages are installed, upgraded, removed and purged in a clean Debian that has the
 * CNI project's plugins. Runs with `deno task test:packages` only.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { buildDeb } from "../../tools/package/deb.ts";
import type { Plugin } from "../../tools/package/package_files.ts";
import { skipped, testWith } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";
import { packageFacts } from "./built_packages.ts";
import { DEBIAN_ROOT_NEEDS, DebianRoot } from "./debian_root.ts";

const BIN = "/usr/lib/cni";
const PLUGINS: readonly Plugin[] = ["host-local", "dhcp"];
const NAME = "the Debian packages are installed, upgraded, removed and purged";

const CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "try",
  ipam: { type: "host-local", ranges: [[{ subnet: "10.9.0.0/24" }]] },
});

/** A call of host-local in the root. */
function call(command: string): string {
  return `echo '${CONFIG}' | CNI_COMMAND=${command} CNI_CONTAINERID=c ` +
    `CNI_NETNS=/n CNI_IFNAME=eth0 CNI_PATH=${BIN} ${BIN}/host-local`;
}

/** Calls that run all the time; the number of those that failed is the last line of `failures`. */
function callsDuring(script: string): string {
  return `
    ( while [ ! -e /stop ]; do
        for command in ADD DEL; do
          case $command in
          ADD) ${call("ADD")} ;;
          DEL) ${call("DEL")} ;;
          esac >/dev/null 2>>/errors || echo $command >>/failed
          echo >>/calls
        done
      done ) &
    { ${script}; } >/dev/null 2>&1
    touch /stop; wait; rm /stop
    cat /failed /errors 2>/dev/null || true`;
}

async function run(): Promise<void> {
  using root = await DebianRoot.make(["containernetworking-plugins"]);
  using temp = new TempDir();
  for (const version of ["0.1.0", "0.2.0"]) {
    for (const plugin of PLUGINS) {
      const path = await buildDeb(
        packageFacts(plugin, version),
        temp.path,
        ["-Znone"],
      );
      await Deno.copyFile(path, root.path(`/${plugin}_${version}.deb`));
    }
  }
  const installAll = (version: string): string =>
    PLUGINS.map((plugin) => `dpkg --install /${plugin}_${version}.deb`)
      .join("; ");
  const plugins = async (): Promise<string> =>
    await root.run(`cd ${BIN}; sha256sum host-local* dhcp*; ls -A`);
  const pluginsBefore = await plugins();
  const files = async (): Promise<string[]> =>
    (await root.run("find / -xdev -not -path '/proc/*'")).split("\n");
  const filesBefore = await files();

  assertEquals(await root.run(callsDuring(installAll("0.1.0"))), "");
  assertEquals(
    (await root.run(`ls ${BIN} | grep -e host-local -e dhcp`)).trim(),
    PLUGINS.toSorted().flatMap((plugin) => [
      plugin,
      `${plugin}.standalone`,
      `${plugin}.upstream`,
    ]).join("\n"),
  );
  await root.run(`CNI_COMMAND=VERSION ${BIN}/dhcp </dev/null`);
  await root.run(
    "host-local list --help; zcat /usr/share/man/man8/host-local.8.gz",
  );
  assertEquals(
    await root.run("grep -h ExecStart= /etc/systemd/system/cni-*.service"),
    "ExecStart=/usr/lib/cni/dhcp daemon\nExecStart=/usr/lib/cni/host-local daemon\n",
  );

  assertEquals(await root.run(callsDuring(installAll("0.2.0"))), "");
  // Upstream's plugin is upgraded beside ours.
  const launcher = await root.run(`sha256sum ${BIN}/host-local`);
  await root.run(
    "apt-get update && apt-get install --reinstall -y containernetworking-plugins",
  );
  assertEquals(await root.run(`sha256sum ${BIN}/host-local`), launcher);

  const removal = "dpkg --remove cni-ipam-host-local cni-ipam-dhcp";
  assertEquals(await root.run(callsDuring(removal)), "");
  assertEquals(await plugins(), pluginsBefore);
  await root.run(
    "dpkg --purge cni-ipam-host-local cni-ipam-dhcp; dpkg --audit",
  );
  assertEquals(await root.run("dpkg-divert --list '*cni*'"), "");
  const before = new Set(filesBefore);
  const left = (await files()).filter((path) => !before.has(path));
  const unexpected = left.filter((path) =>
    path !== "" &&
    // What the test, the calls, apt and dpkg leave.
    !/^\/(?:tmp|calls|errors|[^/]*\.deb|var\/(?:lib\/(?:cni|apt|dpkg)|cache|log))(?:\/|$)/
      .test(path)
  );
  assertEquals(unexpected, []);
}

if (Deno.env.get("PACKAGE_ROOTS") === undefined) {
  skipped(NAME, "runs with `deno task test:packages`");
} else {
  testWith(DEBIAN_ROOT_NEEDS, NAME, run);
}
