/** Installs the Debian packages that the tests use. @module */

import { cleanUpWhenInterrupted } from "../lab/interrupt.ts";
import { print } from "../terminal.ts";
import { capture, status } from "../process.ts";
import { withoutServiceStarts } from "./policy_rc_d.ts";

/** The packages, and their purposes. */
const PACKAGES: Readonly<Record<string, string>> = {
  "containernetworking-plugins":
    "the upstream plugins: differential tests, mixed use",
  "podman": "real containers",
  "runc": "the container runtime under podman",
  "busybox-static":
    "the content of the container image; a shell without a C library",
  "strace": "kills a plugin, or makes it fail, at a chosen system call",
  "iproute2": "network namespaces",
  "dnsmasq-base": "DHCP server",
  "isc-dhcp-server": "DHCP server",
  "kea-dhcp4-server": "DHCP server",
  "udhcpd": "DHCP server",
  "isc-dhcp-relay": "DHCP relay agent",
  "nftables": "drops packets between client and server",
  "util-linux": "unshare, nsenter, setpriv and flock",
  "systemd": "systemd-analyze checks the units",
  "prometheus": "promtool checks metrics and alert rules",
  "shellcheck": "checks install.sh",
  "lintian": "checks the Debian packages",
  "rpm": "builds and lists RPM packages",
  "zsh": "runs its completions",
  "fish": "runs its completions",
  "minisign": "signs and verifies the files of a release",
  "clang": "compiles the launcher",
  "lld": "links the launcher",
  "qemu-user-static": "runs the aarch64 binaries",
  "libc6-arm64-cross": "C library for it",
  "libgcc-s1-arm64-cross": "GCC runtime library for it",
};

/**
 * Installs the missing packages with apt-get, and prints them. Their services do not start. Does
 * nothing if it is not run as root on Debian: the tests that need a package are skipped.
 *
 * @throws {ProcessError} or an `Error` if apt-get fails.
 */
async function installPackages(): Promise<void> {
  if (Deno.uid() !== 0 || !await isDebian()) {
    print(
      "Not root on Debian: no package is installed, and tests that need one are skipped.",
    );
    return;
  }
  const missing = await missingOf(Object.keys(PACKAGES));
  if (missing.length === 0) {
    print("Every package is installed.");
    return;
  }
  print("Installing with apt-get:");
  for (const name of missing) print(`  ${name}: ${PACKAGES[name]}`);
  await apt("update");
  await withoutServiceStarts(() =>
    apt("install", "--yes", "--no-install-recommends", ...missing)
  );
}

async function isDebian(): Promise<boolean> {
  try {
    return (await Deno.stat("/etc/debian_version")).isFile;
  } catch {
    // Absent on other systems.
    return false;
  }
}

async function missingOf(wanted: readonly string[]): Promise<string[]> {
  const installed = await capture([
    "dpkg-query",
    "--show",
    "--showformat=${Package} ${db:Status-Status}\n",
  ]);
  const names = new Set(
    installed.split("\n").filter((line) => line.endsWith(" installed")).map((
      line,
    ) => line.split(" ")[0]),
  );
  return wanted.filter((name) => !names.has(name));
}

async function apt(...args: string[]): Promise<void> {
  const code = await status([
    "apt-get",
    "--quiet=2",
    "--option=Dpkg::Use-Pty=0",
    ...args,
  ], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  if (code !== 0) {
    throw new Error(`Cannot ${args[0]} packages: apt-get exit status ${code}`);
  }
}

if (import.meta.main) {
  cleanUpWhenInterrupted();
  await installPackages();
}
