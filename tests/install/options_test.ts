/** What install.sh installs, keeps, puts back and refuses. @module */

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
  UNITS,
} from "./release_folder.ts";

const MANIFEST = "/var/lib/cni-ipam-plugins/installed";
const UPSTREAM = {
  [`${BIN}/host-local`]: script("upstream's host-local"),
  [`${BIN}/dhcp`]: script("upstream's dhcp"),
  [`${BIN}/bridge`]: script("bridge"),
};

/** Returns what the executables in the plugin directory print: name to text. */
function pluginsOf(root: string, folder = BIN): Record<string, string> {
  const prefix = `${folder}/`;
  return Object.fromEntries(
    Object.entries(filesOf(root))
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, text]) => [
        path.slice(prefix.length),
        text.replace(/^755 #!\/bin\/sh\necho (.*)\n$/, "$1"),
      ]),
  );
}

interface Row {
  readonly name: string;
  readonly host?: Parameters<typeof makeHost>[1];
  /** The arguments of install.sh, one run after the other; the first word is the release. */
  readonly runs: readonly string[];
  readonly folder?: string;
  /** Whether installed files remain after --uninstall. */
  readonly keepsOthers?: boolean;
  readonly want: Readonly<Record<string, string>>;
}

const KEPT = {
  "bridge": "bridge",
  "dhcp.upstream": "upstream's dhcp",
  "host-local.upstream": "upstream's host-local",
};

testRows("install.sh", [
  {
    name: "installs both plugins by default",
    runs: ["1"],
    want: { ...KEPT, "dhcp": "dhcp 1", "host-local": "host-local 1" },
  },
  {
    name: "installs one plugin",
    runs: ["1 dhcp"],
    want: {
      "bridge": "bridge",
      "dhcp": "dhcp 1",
      "dhcp.upstream": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "installs the launcher in front of the plugins",
    runs: ["1 --launcher"],
    want: {
      ...KEPT,
      "dhcp": "cni-launcher 1",
      "dhcp.standalone": "dhcp 1",
      "host-local": "cni-launcher 1",
      "host-local.standalone": "host-local 1",
    },
  },
  {
    name: "installs nothing with --dry-run",
    runs: ["1 --launcher --units --dry-run"],
    want: {
      "bridge": "bridge",
      "dhcp": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "upgrades, and keeps upstream's plugins",
    runs: ["1 --launcher", "2 --launcher"],
    want: {
      ...KEPT,
      "dhcp": "cni-launcher 2",
      "dhcp.standalone": "dhcp 2",
      "host-local": "cni-launcher 2",
      "host-local.standalone": "host-local 2",
    },
  },
  {
    name: "removes what it has installed",
    runs: ["1", "2 --launcher --units", "2 --uninstall"],
    want: {
      "bridge": "bridge",
      "dhcp": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "removes one plugin",
    runs: ["1 --launcher", "1 --uninstall host-local"],
    want: {
      "bridge": "bridge",
      "dhcp": "cni-launcher 1",
      "dhcp.standalone": "dhcp 1",
      "dhcp.upstream": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "removes plugins from one directory",
    runs: [
      "1 dhcp",
      "1 dhcp --bin-dir /usr/lib/cni",
      "1 --uninstall --bin-dir /usr/lib/cni",
    ],
    keepsOthers: true,
    want: {
      "bridge": "bridge",
      "dhcp": "dhcp 1",
      "dhcp.upstream": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "removes plugins from every directory",
    runs: ["1 dhcp", "1 dhcp --bin-dir /usr/lib/cni", "1 --uninstall"],
    want: {
      "bridge": "bridge",
      "dhcp": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "removes plugins that upstream did not have",
    host: {},
    runs: ["1 --launcher", "1 --uninstall"],
    want: {},
  },
  {
    name: "removes nothing if nothing is installed",
    runs: ["1 --uninstall"],
    want: {
      "bridge": "bridge",
      "dhcp": "upstream's dhcp",
      "host-local": "upstream's host-local",
    },
  },
  {
    name: "installs only the launcher with --standalone no",
    host: { libraries: [] },
    runs: ["1 host-local --launcher --standalone no"],
    want: { "host-local": "cni-launcher 1" },
  },
  {
    name: "leaves out the plugin where glibc is missing with --standalone auto",
    host: { libraries: [] },
    runs: ["1 host-local --launcher --standalone auto"],
    want: { "host-local": "cni-launcher 1" },
  },
  {
    name: "installs the plugin where glibc exists with --standalone auto",
    host: {},
    runs: ["1 host-local --launcher --standalone auto"],
    want: {
      "host-local": "cni-launcher 1",
      "host-local.standalone": "host-local 1",
    },
  },
  {
    name: "keeps a file that was saved by hand",
    host: {
      files: {
        [`${BIN}/dhcp`]: script("dhcp 0"),
        [`${BIN}/dhcp.upstream`]: script("upstream's dhcp"),
      },
    },
    runs: ["1 dhcp"],
    want: { "dhcp": "dhcp 1", "dhcp.upstream": "upstream's dhcp" },
  },
  {
    name: "uses another plugin directory",
    host: { files: {} },
    runs: ["1 dhcp --bin-dir=/usr/lib/cni"],
    folder: "/usr/lib/cni",
    want: { "dhcp": "dhcp 1" },
  },
], async ({ host, runs, folder, keepsOthers = false, want }: Row) => {
  using temp = new TempDir();
  for (const version of ["1", "2"]) {
    await makeSmallRelease(temp.join(version), version);
  }
  const root = temp.join("root");
  makeHost(root, host ?? { files: UPSTREAM });
  for (const run of runs) {
    const [release = "", ...args] = run.split(" ");
    const { code, output } = await install(
      temp.join(release),
      ["--root", root, ...args],
    );
    assertEquals(code, 0, output);
  }
  assertEquals(pluginsOf(root, folder), want);
  const isRemoved = !keepsOthers &&
    runs.some((run) => /--uninstall$|--dry-run/.test(run));
  assertEquals(MANIFEST in filesOf(root), !isRemoved);
});

Deno.test("install.sh keeps a newer plugin that another program has installed", async () => {
  using temp = new TempDir();
  await makeSmallRelease(temp.join("1"), "1");
  const root = temp.join("root");
  makeHost(root, { files: UPSTREAM });
  const run = async (...args: readonly string[]): Promise<void> => {
    const { code, output } = await install(
      temp.join("1"),
      ["dhcp", "--root", root, ...args],
    );
    assertEquals(code, 0, output);
  };
  await run();
  const newer = script("upstream's newer dhcp");
  await Deno.writeTextFile(`${root}${BIN}/dhcp`, newer);
  await run();
  assertEquals(pluginsOf(root), {
    "bridge": "bridge",
    "dhcp": "dhcp 1",
    "dhcp.upstream": "upstream's newer dhcp",
    "host-local": "upstream's host-local",
  });
  await Deno.writeTextFile(`${root}${BIN}/dhcp`, script("the newest dhcp"));
  await run("--uninstall");
  assertEquals(pluginsOf(root), {
    "bridge": "bridge",
    "dhcp": "the newest dhcp",
    "host-local": "upstream's host-local",
  });
});

Deno.test("install.sh installs units for its plugin directory, and puts others back", async () => {
  using temp = new TempDir();
  await makeSmallRelease(temp.join("1"), "1");
  const root = temp.join("root");
  const files = { [`${UNITS}/cni-dhcp.service`]: "# upstream's\n" };
  makeHost(root, { files });
  const before = filesOf(root);
  const args = ["dhcp", "--root", root];
  await install(temp.join("1"), [...args, "--units", "--bin-dir", "/usr/cni"]);
  const found = filesOf(root);
  assertEquals(
    /ExecStart=.*/.exec(found[`${UNITS}/cni-dhcp.service`] ?? "")?.[0],
    "ExecStart=/usr/cni/dhcp daemon",
  );
  assertEquals(
    found[`${UNITS}/cni-dhcp.service.upstream`],
    "644 # upstream's\n",
  );
  assertEquals(`${UNITS}/cni-dhcp.socket` in found, true);
  await install(temp.join("1"), [...args, "--uninstall"]);
  assertEquals(filesOf(root), before);
});

testRows("install.sh refuses", [
  {
    name: "a host with musl",
    musl: true,
    args: [],
    want: "musl",
  },
  {
    name: "a host without libgcc",
    libraries: ["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6"],
    args: [],
    want: "libgcc_s.so.1 (Debian: libgcc-s1",
  },
  {
    name: "a host without a C library",
    libraries: [],
    args: ["--launcher"],
    want: "use --launcher --standalone no",
  },
  {
    name: "another host without a C library, which it names by its root",
    libraries: [],
    args: [],
    want: "the executables cannot run below /",
  },
  {
    name: "a damaged release",
    isDamaged: true,
    args: [],
    want: "do not match SHA256SUMS",
  },
  {
    name: "no standalone executable without the launcher",
    args: ["--standalone", "no"],
    want: "--standalone no needs --launcher",
  },
  {
    name: "a relative plugin directory",
    args: ["--bin-dir", "cni"],
    want: "--bin-dir must be absolute: cni",
  },
  {
    name: "an unknown argument",
    args: ["bridge"],
    want: "unknown argument: bridge",
  },
  {
    name: "a plugin that is a directory",
    args: [],
    directory: `${BIN}/host-local`,
    want: "is a directory",
  },
], async (row: Refusal) => {
  using temp = new TempDir();
  await makeSmallRelease(temp.join("1"), "1");
  if (row.isDamaged === true) {
    await Deno.writeTextFile(temp.join("1/dhcp"), "x");
  }
  const root = temp.join("root");
  makeHost(root, row.musl === true ? { libraries: [] } : row);
  if (row.musl === true) {
    await Deno.writeTextFile(`${root}/lib/ld-musl-x86_64.so.1`, "");
  }
  if (row.directory !== undefined) await Deno.mkdir(`${root}${row.directory}`);
  const before = filesOf(root);
  const { code, output } = await install(
    temp.join("1"),
    ["--root", root, ...row.args],
  );
  assertEquals(code, 1);
  assert(output.includes(row.want), output);
  assertEquals(filesOf(root), before);
});

interface Refusal {
  readonly name: string;
  readonly args: readonly string[];
  readonly libraries?: readonly string[];
  readonly musl?: boolean;
  readonly isDamaged?: boolean;
  readonly directory?: string;
  readonly want: string;
}
