/**
 * What install.sh tells systemd: a program that writes its arguments down plays systemctl.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { APPLETS, BUSYBOX } from "../support/busybox.ts";
import { testRowsWith } from "../support/rows.ts";
import { TempDir } from "../support/temp_dir.ts";
import {
  BIN,
  filesOf,
  leaveOut,
  makeHost,
  makeSmallRelease,
  script,
  UNITS,
} from "./release_folder.ts";

const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/systemctl.log
case "$*" in
$(cat /fails)) exit 1 ;;
esac
`;

interface Row {
  readonly name: string;
  /** Units that are there before. */
  readonly files?: Readonly<Record<string, string>>;
  /** The arguments of install.sh, one run after the other; the first word is the release. */
  readonly runs: readonly string[];
  /** A pattern: which commands fail. */
  readonly fails?: string;
  readonly code?: number;
  /** The commands of the last run. */
  readonly want: readonly string[];
}

const SOCKET = "cni-dhcp.socket";
const SERVICE = "cni-dhcp.service";
const ACTIVE = `is-active --quiet ${SERVICE} ${SOCKET}`;
const START = [
  "daemon-reload",
  `enable --now ${SOCKET} ${SERVICE}`,
  `restart ${SERVICE}`,
];

testRowsWith(["root", `binary:${BUSYBOX}`], "install.sh", [
  {
    name: "starts the units",
    runs: ["1 dhcp --units"],
    fails: "is-active*",
    want: [ACTIVE, ...START],
  },
  {
    name: "stops upstream's daemon first",
    files: { [`${UNITS}/${SERVICE}`]: "# upstream's\n" },
    runs: ["1 dhcp --units"],
    want: [ACTIVE, `disable --now ${SOCKET} ${SERVICE}`, ...START],
  },
  {
    name: "restarts the daemon after an upgrade",
    runs: ["1 dhcp --units", "2 dhcp --units"],
    want: START,
  },
  {
    name: "restarts nothing if nothing has changed",
    runs: ["1 dhcp --units", "1 dhcp --units"],
    want: START.slice(0, 2),
  },
  {
    name: "completes the installation if a unit does not start",
    runs: ["1 dhcp --launcher --units"],
    fails: "enable*",
    code: 1,
    want: [ACTIVE, `disable --now ${SOCKET} ${SERVICE}`, ...START],
  },
  {
    name: "starts the service alone if the release has no socket unit",
    runs: ["3 host-local --launcher --units"],
    fails: "is-active*",
    want: [
      "is-active --quiet cni-host-local.service cni-host-local.socket",
      "daemon-reload",
      "enable --now cni-host-local.service",
      "restart cni-host-local.service",
    ],
  },
  {
    name: "removes the socket unit of another release",
    runs: [
      "1 host-local --launcher --units",
      "3 host-local --launcher --units",
    ],
    want: [
      "disable --now cni-host-local.socket",
      "daemon-reload",
      "enable --now cni-host-local.service",
      "restart cni-host-local.service",
    ],
  },
  {
    name: "stops the service of a release without a socket unit",
    runs: ["3 host-local --launcher --units", "3 --uninstall"],
    want: ["disable --now cni-host-local.service", "daemon-reload"],
  },
  {
    name: "stops the units before it removes them",
    runs: ["1 dhcp --launcher --units", "1 --uninstall"],
    want: [`disable --now ${SOCKET} ${SERVICE}`, "daemon-reload"],
  },
], async ({ files = {}, runs, fails = "-", code = 0, want }: Row) => {
  using temp = new TempDir();
  const root = temp.path;
  makeHost(root, { files: { [`${BIN}/dhcp`]: script("upstream"), ...files } });
  for (const folder of ["bin", "dev", "tmp", "run/systemd/system"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  await Deno.copyFile(BUSYBOX, `${root}/bin/busybox`);
  for (const applet of APPLETS) {
    await Deno.symlink("busybox", `${root}/bin/${applet}`);
  }
  // A file is enough for what is redirected there.
  await Deno.writeTextFile(`${root}/dev/null`, "");
  await Deno.writeTextFile(`${root}/fails`, fails);
  await Deno.writeTextFile(`${root}/bin/systemctl`, SYSTEMCTL, { mode: 0o755 });
  for (const version of ["1", "2"]) {
    await makeSmallRelease(`${root}/${version}`, version);
  }
  await makeSmallRelease(`${root}/3`, "3");
  await leaveOut(`${root}/3`, "systemd/cni-host-local.socket");
  const before = filesOf(root);

  let last = 0;
  for (const run of runs) {
    await Deno.writeTextFile(`${root}/systemctl.log`, "");
    const [release, ...args] = run.split(" ");
    const output = await new Deno.Command("chroot", {
      args: [root, "/bin/sh", `/${release}/install.sh`, ...args],
      env: { PATH: "/bin:/usr/sbin:/usr/bin" },
      clearEnv: true,
      stdout: "null",
    }).output();
    last = output.code;
  }
  assertEquals(last, code);
  const log = await Deno.readTextFile(`${root}/systemctl.log`);
  assertEquals(log.trim().split("\n"), want);

  await Deno.remove(`${root}/systemctl.log`);
  const after = Object.keys(filesOf(root));
  assertEquals(after.filter((path) => /\(deleted\)|\.new$/.test(path)), []);
  if (runs.at(-1)?.includes("--uninstall")) {
    assertEquals(
      after.filter((path) => path !== "/dev/null"),
      Object.keys(before).filter((path) => path !== "/dev/null"),
    );
  }
});
