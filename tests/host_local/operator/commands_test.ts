/**
 * The commands for operators, compiled, on directories of this plugin and of upstream's.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import {
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import {
  ownerText,
  reservations,
  writeNetwork,
} from "../../support/network_directory.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { jsonOf, runOperator } from "./command_process.ts";
import { namesIn, treeOf } from "./file_facts.ts";

/** A directory with something of everything. */
const DAMAGED: Readonly<Record<string, string>> = {
  "lock": "",
  "10.1.0.2": ownerText("c1"),
  "10.1.0.3": "",
  "10.1.0.4": "no owner at all",
  "10.1.0.5": "c5",
  "fd00::2": ownerText("c1"),
  "FD00::3": ownerText("c1"),
  "last_reserved_ip.0": "nonsense",
  ".pending": ownerText("c9"),
  ".cursor": "10.1",
  ".index.db": "not a database",
  ".index.db-journal": "",
  "README": "",
};

const READ_ONLY: readonly (readonly string[])[] = [
  ["list"],
  ["show"],
  ["explain", "10.1.0.2"],
  ["explain", "c1"],
  ["explain", "10.1.0.200"],
  ["explain", "--config", "CONFIG"],
  ["explain", "--config", "CONFIG", "--container", "c1"],
  ["validate", "CONFIG"],
  ["check-state"],
  ["reclaim"],
  ["reclaim", "--dry-run", "--grace", "0"],
  ["metrics"],
];

Deno.test("commands other than --repair change nothing", async () => {
  using dir = new TempDir();
  const config = dir.join("net.conf");
  await Deno.writeTextFile(
    config,
    networkConfig({ dataDir: dir.join("data"), subnets: ["10.1.0.0/24"] }),
  );
  const network = dir.join("data/net");
  writeNetwork(network, DAMAGED);
  const before = treeOf(network);
  for (const args of READ_ONLY) {
    const withPaths = args.map((arg) => arg === "CONFIG" ? config : arg);
    const dataDir = args.includes("validate")
      ? []
      : ["--data-dir", dir.join("data")];
    const { code, stdout, stderr } = await runOperator([
      ...withPaths,
      ...dataDir,
    ]);
    assert([0, 1].includes(code), `${args.join(" ")}: ${code} ${stderr}`);
    assert(stdout !== "");
    assertEquals(treeOf(network), before, args.join(" "));
  }
  assertEquals(namesIn(dir.join("data")), ["net"]);
});

Deno.test("commands other than --repair create no directory and no lock", async () => {
  using dir = new TempDir();
  const dataDir = dir.join("data");
  const config = dir.join("net.conf");
  await Deno.writeTextFile(
    config,
    networkConfig({ dataDir, subnets: ["10.1.0.0/24"] }),
  );
  for (const args of [["list"], ["show"], ["check-state"], ["explain", "x"]]) {
    await runOperator([...args, "--data-dir", dataDir]);
  }
  const { code } = await runOperator(["explain", "--config", config]);
  assertEquals(code, 0);
  assertEquals(namesIn(dir.path), [
    "net.conf",
  ]);
  writeNetwork(dir.join("data/net"), { "10.1.0.2": ownerText("c1") });
  await runOperator(["list", "--data-dir", dataDir]);
  assertEquals(
    namesIn(dir.join("data/net")),
    ["10.1.0.2"],
  );
});

Deno.test("check-state --repair does what the next call does, and each step is printed", async () => {
  using dir = new TempDir();
  const network = dir.join("data/net");
  writeNetwork(network, DAMAGED);
  await Deno.link(`${network}/.pending`, `${network}/10.1.0.9`);
  await Deno.chmod(`${network}/10.1.0.2`, 0o666);
  const args = ["check-state", "--data-dir", dir.join("data")];
  const { stdout, code } = await runOperator([...args, "--repair"]);
  const repaired = [...stdout.matchAll(/^ {2}repaired: (.*(?:\n {4}\S+$)?)/gm)]
    .map(([, text = ""]) => text.replace(/\s+/g, " "))
    .map((text) => text.replaceAll(`${network}/`, ""));
  assertEquals(repaired, [
    "removed .cursor",
    "removed .index.db",
    "removed .index.db-journal",
    "removed .pending",
    "removed 10.1.0.3",
    "removed 10.1.0.9",
    "removed last_reserved_ip.0",
    "cleared the permission of other users to write 10.1.0.2",
  ]);
  assertEquals(code, 1);
  const left = namesIn(network);
  assertEquals(left, [
    "10.1.0.2",
    "10.1.0.4",
    "10.1.0.5",
    "FD00::3",
    "README",
    "fd00::2",
    "lock",
  ]);
  const { networks } = await jsonOf(args);
  assert(Array.isArray(networks));
  assertEquals(
    networks[0].findings.map(({ id }: { id: string }) => id),
    [
      "reservation-without-owner",
      "interface-unknown",
      "name-not-canonical",
      "foreign-file",
    ],
  );
});

Deno.test("check-state finds an index that contradicts the files, and --repair rebuilds it", async () => {
  using dir = new TempDir();
  const network = dir.join("data/net");
  writeNetwork(network, { ...reservations(250), lock: "" });
  const config = networkConfig({
    dataDir: dir.join("data"),
    subnets: ["10.1.0.0/16"],
  });
  await callHostLocal({
    binary: OURS,
    command: "ADD",
    config,
    containerId: "new",
  });
  const args = ["check-state", "--data-dir", dir.join("data")];
  assertEquals((await runOperator(args)).code, 0);
  // In place, so that the time of the directory does not change.
  await Deno.writeTextFile(`${network}/10.1.0.9`, ownerText("changed"));
  const { stdout, code } = await runOperator(args);
  assertEquals(code, 1);
  assertMatch(stdout, /index-damaged \*[^]*it contradicts\s+10\.1\.0\.9/);
  assertEquals((await runOperator([...args, "--repair"])).code, 0);
  assertEquals((await runOperator(args)).code, 0);
});

for (const [name, binary] of [["this plugin", OURS], ["upstream", UPSTREAM]]) {
  testWith(
    [`binary:${binary}`],
    `commands read what ${name} has written`,
    async () => {
      using dir = new TempDir();
      const dataDir = dir.join("data");
      const config = networkConfig({
        dataDir,
        subnets: ["10.1.0.0/24", "fd00::/64"],
      });
      for (const containerId of ["c1", "c2"]) {
        const call = {
          binary: binary ?? "",
          command: "ADD",
          config,
          containerId,
        };
        assertEquals((await callHostLocal(call)).code, 0);
      }
      const file = dir.join("net.conf");
      await Deno.writeTextFile(file, config);
      const { reservations: listed } = await jsonOf([
        "list",
        "--data-dir",
        dataDir,
      ]);
      assert(Array.isArray(listed));
      assertEquals(
        listed.map(({ network, address, containerId, ifName }) =>
          [network, address, containerId, ifName].join(" ")
        ),
        ["10.1.0.2 c1", "10.1.0.3 c2", "fd00::2 c1", "fd00::3 c2"]
          .map((text) => `net ${text} eth0`),
      );
      const { networks } = await jsonOf([
        "show",
        "--data-dir",
        dataDir,
        "--config",
        file,
      ]);
      assert(Array.isArray(networks));
      assertEquals(
        networks[0].rangeSets.map((
          { used, free }: Record<string, number>,
        ) => [used, free]),
        [[2, 251], [2, Number(2n ** 64n - 4n)]],
      );
      const state = ["check-state", "--data-dir", dataDir, "--config", file];
      assertEquals(
        (await runOperator(state)).stdout.trim(),
        `net (${dataDir}/net): consistent`,
      );
      const explained = await runOperator([
        "explain",
        "10.1.0.3",
        "--data-dir",
        dataDir,
      ]);
      assertMatch(explained.stdout, /container +c2\n +interface +eth0\n/);
    },
  );
}

Deno.test("a command needs arguments and no CNI_COMMAND", async () => {
  const about = await runOperator([]);
  assertMatch(about.stderr, /^CNI host-local plugin v/);
  assertEquals([about.code, about.stdout], [0, ""]);
  const version = await runOperator(["list"], {
    env: { CNI_COMMAND: "VERSION" },
  });
  assertEquals(JSON.parse(version.stdout).cniVersion, "1.1.0");
  const empty = await runOperator(["--version"], { env: { CNI_COMMAND: "" } });
  assertMatch(empty.stdout, /^host-local \d+\.\d+\.\d+\n$/);
});

Deno.test("a reader that is gone is no error", async () => {
  using dir = new TempDir();
  writeNetwork(dir.join("net"), reservations(2_000));
  const { stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      '"$0" list --data-dir "$1" | head -n 1; echo "${PIPESTATUS[0]}" >&2',
      OURS,
      dir.path,
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "0\n");
});

Deno.test("an answer that cannot be written is an error, not a finding", async () => {
  using dir = new TempDir();
  writeNetwork(dir.join("net"), reservations(2));
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", '"$0" list --data-dir "$1" >/dev/full', OURS, dir.path],
    stderr: "piped",
  }).output();
  assertEquals(
    [code, new TextDecoder().decode(stderr)],
    [3, "error: write stdout: no space left on device\n"],
  );
});

Deno.test("COLUMNS sets the width without a terminal", async () => {
  using dir = new TempDir();
  const id = "a".repeat(64);
  writeNetwork(dir.join("net"), { "10.1.0.2": ownerText(id) });
  const widthAt = async (columns: string): Promise<number> => {
    const { stdout } = await runOperator(["list", "--data-dir", dir.path], {
      env: { COLUMNS: columns },
    });
    return stdout.split("\n")[1]?.length ?? 0;
  };
  assert(await widthAt("200") > 100);
  assertEquals([await widthAt("70"), await widthAt(""), await widthAt("x")], [
    70,
    80,
    80,
  ]);
});

Deno.test("validate reads standard input", async () => {
  const stdin = networkConfig({ dataDir: "/x", subnets: ["10.1.0.7/24"] });
  const { code, stdout } = await runOperator(["validate", "-"], { stdin });
  assertEquals(code, 1);
  assertMatch(stdout, /error at ipam\.ranges\[0\]\[0\]\.subnet/);
});

Deno.test("validate of a directory reads what the CNI library reads", async () => {
  using dir = new TempDir();
  const config = networkConfig({ dataDir: "/x", subnets: ["10.1.0.0/24"] });
  for (
    const name of ["b.conflist", "a.conf", "c.json", "d.yaml", "e.conf.bak"]
  ) {
    await Deno.writeTextFile(dir.join(name), config);
  }
  const { files } = await jsonOf(["validate", dir.path]);
  assert(Array.isArray(files));
  assertEquals(
    files.map(({ file }) => file.slice(dir.path.length + 1)),
    ["a.conf", "b.conflist", "c.json"],
  );
});

Deno.test("commands wait for a lock as CHECK does, then read without it", async () => {
  using dir = new TempDir();
  writeNetwork(dir.join("net"), { "lock": "", "10.1.0.2": ownerText("c1") });
  const holder = new Deno.Command("flock", {
    args: [dir.join("net/lock"), "sh", "-c", "echo held; exec sleep 60"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  for await (const _ of holder.stdout) break;
  const { stdout, stderr, code } = await runOperator([
    "list",
    "--data-dir",
    dir.path,
  ]);
  holder.kill("SIGKILL");
  await holder.status;
  assertEquals(code, 0);
  assertMatch(stdout, /10\.1\.0\.2/);
  assertMatch(
    stderr,
    /^note: .* was read without its lock: flock .* held by another process/,
  );
});

testRowsWith([`binary:${OURS}`], "a command says what to write instead of", [
  {
    name: "a data directory that is a file",
    args: ["list", "--data-dir", "FILE"],
    error: "read FILE: not a directory",
    advice: "name a data directory such as /var/lib/cni/networks",
  },
  ...["show", "explain", "check-state", "metrics"].map((command) => ({
    name: `a configuration that does not exist, ${command}`,
    args: [command, "--config", "NONE"],
    error: "open NONE: no such file or directory",
    advice:
      "name a configuration file, or a directory of them such as /etc/cni/net.d",
  })),
  {
    name: "a configuration that does not exist, validate",
    args: ["validate", "NONE"],
    error: "open NONE: no such file or directory",
    advice:
      "name a configuration file, or a directory of them such as /etc/cni/net.d",
  },
  {
    name: "an output in a directory that does not exist",
    args: ["metrics", "--config", "FILE", "--output", "NONE/x.prom"],
    error: "create NONE/.x.prom.PID.tmp: no such file or directory",
    advice: "--output needs the path of a file, in a directory that exists",
  },
  {
    name: "a list of containers that does not exist",
    args: ["reclaim", "--live", "NONE"],
    error: "open NONE: no such file or directory",
    advice: "--live needs a file with container IDs, or - for standard input",
  },
  {
    name: "a list of containers that is an object",
    args: ["reclaim", "--live", "FILE"],
    error: "read FILE: expected a JSON array of container IDs",
    advice: "write one container ID per line, or a JSON array of them",
  },
], async ({ args, error, advice }) => {
  using dir = new TempDir();
  const none = dir.join("none");
  const file = dir.join("file");
  await Deno.writeTextFile(file, "{}");
  const path = (text: string): string =>
    text.replace("NONE", none).replace("FILE", file);
  const { code, stdout, stderr } = await runOperator(args.map(path));
  assertEquals(
    [code, stdout, stderr.replace(/\.\d+\.tmp/, ".PID.tmp")],
    [3, "", `error: ${path(error)}\n${advice}\n`],
  );
});

testWith(
  ["root", "command:setpriv"],
  "another user than root learns what it cannot read",
  async () => {
    using dir = new TempDir();
    writeNetwork(dir.join("net"), { "lock": "", "10.1.0.2": ownerText("c1") });
    await Deno.chmod(dir.join("net/lock"), 0o600);
    // Where every user can run it.
    const binary = dir.join("host-local");
    await Deno.copyFile(OURS, binary);
    await Deno.chmod(binary, 0o755);
    for (const path of [dir.path, dir.join("net")]) {
      await Deno.chmod(path, 0o755);
    }
    const run = async (...args: readonly string[]): Promise<string[]> => {
      const { code, stdout, stderr } = await new Deno.Command("setpriv", {
        args: [
          ...["--reuid", "65534", "--regid", "65534", "--clear-groups"],
          ...[binary, ...args, "--data-dir", dir.path],
        ],
        clearEnv: true,
      }).output();
      const decoder = new TextDecoder();
      return [`${code}`, decoder.decode(stdout), decoder.decode(stderr)];
    };
    const [code, stdout = "", stderr = ""] = await run("list");
    assertEquals(code, "3");
    assertMatch(stdout, /10\.1\.0\.2 .* unknown \(unreadable\)/);
    assertMatch(stderr, /without its lock: open .*permission denied\n/);
    assertMatch(
      stderr,
      /1 of 2 files in .* cannot be read: .*permission denied\n/,
    );
    const [, found = ""] = await run("check-state");
    assertMatch(found, /lock-refused[^]*reservation-unreadable/);
    await Deno.chmod(dir.join("net"), 0o700);
    const denied = `read ${dir.join("net")}: permission denied`;
    assertEquals(await run("list", "net"), [
      "3",
      "",
      `error: ${denied}\nrun the command as root\n`,
    ]);
    assertEquals(await run("list"), [
      "3",
      `no reservations in ${dir.path}\n`,
      `note: ${denied}; run the command as root\n`,
    ]);
  },
);

/** Runs a shell script that sees a /run of its own; `$0` is the binary, `$1` a data directory. */
async function runWithOwnRun(script: string, dataDir: string): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command("unshare", {
    args: [
      "--mount",
      "sh",
      "-ec",
      `mount -t tmpfs tmpfs /run; mkdir -p /run/netns; ${script}`,
      OURS,
      dataDir,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

const TASKS = "/run/containerd/io.containerd.runtime.v2.task";

testWith(
  ["root"],
  "list finds containers and namespaces below /run",
  async () => {
    using dir = new TempDir();
    const ids = [
      "pod",
      "default-ctr",
      "crio",
      "podman",
      "netns",
      "stale",
      "none",
    ];
    writeNetwork(
      dir.join("net"),
      Object.fromEntries(
        ids.map((id, index) => [`10.1.0.${index + 2}`, ownerText(id)]),
      ),
    );
    const stdout = await runWithOwnRun(
      `mkdir -p ${TASKS}/k8s.io/pod ${TASKS}/default/ctr /run/crio/crio \
       /run/containers/storage/overlay-containers/podman
     touch /run/netns/netns /run/netns/stale
     mount --bind /proc/self/ns/net /run/netns/netns
     exec "$0" list --json --data-dir "$1"`,
      dir.path,
    );
    const listed: { containerId: string; state: string; proofs: string[] }[] =
      JSON
        .parse(stdout).reservations;
    assertEquals(
      Object.fromEntries(
        listed.map(({ containerId, state }) => [containerId, state]),
      ),
      {
        "pod": "alive",
        "default-ctr": "alive",
        "crio": "alive",
        "podman": "alive",
        "netns": "alive",
        "stale": "no trace",
        "none": "no trace",
      },
    );
  },
);

testWith(
  ["root"],
  "explain reads the namespace and the pod from the CNI cache",
  async () => {
    using dir = new TempDir();
    writeNetwork(dir.join("net"), {
      "10.1.0.2": ownerText("alive"),
      "10.1.0.3": ownerText("gone"),
    });
    const cached = (id: string): string =>
      JSON.stringify({
        kind: "cniCacheV1",
        containerId: id,
        ifName: "eth0",
        networkName: "net",
        netns: `/run/netns/${id}-ns`,
        cniArgs: [["K8S_POD_NAMESPACE", "shop"], ["K8S_POD_NAME", id]],
      });
    const stdout = await runWithOwnRun(
      `mkdir -p /var/lib/cni; mount -t tmpfs tmpfs /var/lib/cni; mkdir /var/lib/cni/results
     echo '${cached("alive")}' >/var/lib/cni/results/net-alive-eth0
     echo '${cached("gone")}' >/var/lib/cni/results/net-gone-eth0
     touch /run/netns/alive-ns /run/netns/gone-ns
     mount --bind /proc/self/ns/net /run/netns/alive-ns
     exec "$0" list --json --data-dir "$1"`,
      dir.path,
    );
    const listed: { containerId: string; pod: string; state: string }[] = JSON
      .parse(stdout).reservations;
    assertEquals(
      listed.map(({ containerId, pod, state }) => [containerId, pod, state]),
      [["alive", "shop/alive", "alive"], ["gone", "shop/gone", "gone"]],
    );
  },
);

/** Gives files a time long before the last boot. */
function ageFiles(directory: string, names: readonly string[]): void {
  const longAgo = new Date("2001-01-01T00:00:00Z");
  for (const name of names) {
    Deno.utimeSync(`${directory}/${name}`, longAgo, longAgo);
  }
}

for (const [name, binary] of [["this plugin", OURS], ["upstream", UPSTREAM]]) {
  testWith(
    [`binary:${binary}`],
    `reclaim releases what ${name} has written, and keeps what is listed`,
    async () => {
      using dir = new TempDir();
      const dataDir = dir.join("data");
      const config = networkConfig({
        dataDir,
        subnets: ["10.1.0.0/24", "fd00::/64"],
      });
      for (const containerId of ["c1", "c2", "c3"]) {
        const call = {
          binary: binary ?? "",
          command: "ADD",
          config,
          containerId,
        };
        assertEquals((await callHostLocal(call)).code, 0);
      }
      const network = dir.join("data/net");
      await Deno.writeTextFile(`${network}/10.1.0.9`, "c9");
      const old = ["10.1.0.2", "fd00::2", "10.1.0.3", "fd00::3", "10.1.0.9"];
      // The time of the lock file marks the boot in which this plugin made an ADD.
      ageFiles(network, [...old, "lock"]);
      const before = treeOf(network);
      const args = ["reclaim", "--data-dir", dataDir, "--live", "-"];
      const dry = await runOperator(args, { stdin: "c2\nc3\n" });
      assertEquals(dry.code, 1, dry.stderr);
      assertMatch(dry.stdout, /^would release 3 reservations;/);
      assertEquals(treeOf(network), before);

      const wet = await runOperator([...args, "--yes"], {
        stdin: '["c2", "c3"]',
      });
      assertEquals(wet.code, 0, wet.stdout);
      assertEquals(
        [...wet.stderr.matchAll(
          /event=reservation-reclaimed network=net address=(\S+) /g,
        )].map(([, address]) => address).sort(),
        ["10.1.0.2", "10.1.0.9", "fd00::2"],
      );
      assertEquals(
        namesIn(network).filter((each) => /^10|^fd/.test(each)),
        ["10.1.0.3", "10.1.0.4", "fd00::3", "fd00::4"],
      );
      const next = await callHostLocal({
        binary: binary ?? "",
        command: "ADD",
        config: config.replace("10.1.0.0/24", "10.1.0.0/29"),
        containerId: "c4",
      });
      assertEquals(next.code, 0);
    },
  );
}

testWith(
  ["root"],
  "reclaim believes namespaces and containers below /run",
  async () => {
    using dir = new TempDir();
    const ids = ["gone", "alive", "listed", "left", "hidden", "nothing"];
    const files = ids.map((
      id,
      index,
    ) => [`10.1.0.${index + 2}`, ownerText(id)]);
    writeNetwork(dir.join("net"), Object.fromEntries(files));
    const result = (id: string, netns: string): string =>
      JSON.stringify({
        kind: "cniCacheV1",
        containerId: id,
        ifName: "eth0",
        networkName: "net",
        result: {
          interfaces: [{ name: "br0" }, { name: "eth0", sandbox: netns }],
        },
      });
    // A namespace that is gone, one that exists, one that exists although its file says otherwise,
    // a file without a mount, and two paths about which nothing can be found out.
    const paths = {
      gone: "/run/netns/gone-ns",
      alive: "/run/netns/alive-ns",
      listed: "/run/netns/listed-ns",
      left: "/run/netns/left-ns",
      hidden: "/run/elsewhere/hidden-ns",
      nothing: "/run/file/nothing-ns",
    };
    const cache = Object.entries(paths).map(([id, path]) =>
      `echo '${result(id, path)}' >/var/lib/cni/results/net-${id}-eth0`
    );
    const stdout = await runWithOwnRun(
      `mkdir -p /var/lib/cni; mount -t tmpfs tmpfs /var/lib/cni
     mkdir -p /var/lib/cni/results ${TASKS}/k8s.io/listed
     ${cache.join("\n")}
     touch /run/netns/alive-ns /run/netns/left-ns /run/file
     mount --bind /proc/self/ns/net /run/netns/alive-ns
     exec "$0" reclaim --json --grace 0 --yes --data-dir "$1"`,
      dir.path,
    );
    const { reclaimable, kept } = JSON.parse(stdout);
    const facts = ({ containerId, proofs, reason }: {
      containerId: string;
      proofs?: { ended: { source: string }; absent: { source: string } };
      reason?: { source: string };
    }): string =>
      [
        containerId,
        proofs?.ended.source ?? reason?.source,
        proofs?.absent.source ?? "",
      ].join(": ");
    assertEquals(reclaimable.map(facts), ["gone: namespace gone: containerd"]);
    assertEquals(kept.map(facts), [
      "alive: alive (netns): ",
      "listed: alive (containerd): ",
      ...["left", "hidden", "nothing"].map((id) =>
        `${id}: no proof of its end: `
      ),
    ]);
  },
);

testRowsWith(["root"], "reclaim follows the symbolic links of a runtime, and", [
  {
    name: "finds the containers behind them",
    commands: `mkdir -p /run/moved/alive /run/crio
     ln -s /run/moved ${TASKS}/k8s.io
     ln -s /run/moved/alive /run/crio/linked`,
    want: {
      "alive": "alive (containerd)",
      "gone": undefined,
      "linked": "alive (CRI-O)",
    },
  },
  {
    name: "releases nothing if they lead nowhere",
    commands: `mkdir -p ${TASKS}/moby; ln -s /run/unmounted ${TASKS}/k8s.io`,
    want: {
      "alive": "no list of containers",
      "gone": "no list of containers",
      "linked": "no list of containers",
    },
  },
], async ({ commands, want }) => {
  using dir = new TempDir();
  const ids = Object.keys(want);
  const files = ids.map((id, index) => [`10.1.0.${index + 2}`, ownerText(id)]);
  writeNetwork(dir.join("net"), Object.fromEntries(files));
  const cache = ids.map((id) => {
    const netns = `/run/netns/${id}`;
    const text = JSON.stringify({ containerId: id, ifName: "eth0", netns });
    return `echo '${text}' >/var/lib/cni/results/net-${id}-eth0`;
  });
  const stdout = await runWithOwnRun(
    `mkdir -p /var/lib/cni; mount -t tmpfs tmpfs /var/lib/cni
     mkdir -p /var/lib/cni/results ${TASKS}
     ${cache.join("\n")}
     ${commands}
     "$0" reclaim --json --grace 0 --data-dir "$1" || [ $? = 1 ]`,
    dir.path,
  );
  const { reclaimable, kept } = JSON.parse(stdout);
  const found = [...reclaimable, ...kept].map((
    { containerId, reason }: {
      containerId: string;
      reason?: { source: string };
    },
  ) => [containerId, reason?.source]);
  assertEquals(Object.fromEntries(found), want);
});

testWith(
  ["root"],
  "list does not call a container gone if its namespace cannot be inspected",
  async () => {
    using dir = new TempDir();
    writeNetwork(dir.join("net"), { "10.1.0.2": ownerText("c1") });
    const stdout = await runWithOwnRun(
      `mkdir -p /var/lib/cni; mount -t tmpfs tmpfs /var/lib/cni
     mkdir -p /var/lib/cni/results; touch /run/file
     echo '{"netns": "/run/file/x"}' >/var/lib/cni/results/net-c1-eth0
     exec "$0" list --json --data-dir "$1"`,
      dir.path,
    );
    assertEquals(JSON.parse(stdout).reservations[0].state, "unknown");
  },
);

Deno.test("reclaim limits the list of containers", async () => {
  using dir = new TempDir();
  writeNetwork(dir.join("data/net"), { "10.1.0.2": ownerText("c1") });
  const args = ["reclaim", "--data-dir", dir.join("data"), "--live"];
  const long = dir.join("long");
  await Deno.writeTextFile(long, "a\n".repeat(5 * 1024 * 1024));
  const file = await runOperator([...args, long]);
  assertEquals(file.code, 3);
  assertMatch(file.stderr, /long: more than 8388608 bytes\n/);
  const stdin = await runOperator([...args, "-"], {
    stdin: "a\n".repeat(2 * 1024 * 1024),
  });
  assertEquals(stdin.code, 3);
  assertMatch(stdin.stderr, /read stdin: the list of containers is too long\n/);
  const folder = await runOperator([...args, dir.path]);
  assertMatch(folder.stderr, /is not a regular file\n/);
});

Deno.test("the completions for bash work", async () => {
  const complete = async (...words: readonly string[]): Promise<string[]> => {
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: [
        "-c",
        `source <("$0" completion bash); COMP_WORDS=(host-local "$@")
         COMP_CWORD=$#; _host_local; printf '%s\\n' "\${COMPREPLY[@]}"`,
        OURS,
        ...words,
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout).split("\n").filter((line) =>
      line !== ""
    );
  };
  assertEquals(await complete("ch"), ["check-state"]);
  assertEquals(await complete("show", "--l"), ["--low"]);
  assertEquals(await complete("list", "--data-dir", "/us"), ["/usr"]);
  assertEquals(await complete("completion", "z"), ["zsh"]);
  assertEquals(await complete("help", "ex"), ["explain"]);
});

testWith(["command:groff"], "the manual page has no errors", async () => {
  const page = await runOperator(["man"]);
  const child = new Deno.Command("groff", {
    args: ["-man", "-Tascii", "-ww"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(page.stdout));
  await writer.close();
  const { stdout, stderr } = await child.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertMatch(new TextDecoder().decode(stdout), /check-state/);
});

Deno.test("explain --config says what ADD then does", async () => {
  using dir = new TempDir();
  const config = networkConfig({
    dataDir: dir.join("data"),
    subnets: ["10.1.0.0/29", "fd00::/126"],
  });
  const file = dir.join("net.conf");
  await Deno.writeTextFile(file, config);
  const failures: string[] = [];
  for (let round = 0; round < 6; round++) {
    const containerId = `c${round}`;
    const { adds } = await jsonOf([
      "explain",
      "--config",
      file,
      "--container",
      containerId,
    ]);
    const { stdout } = await callHostLocal({
      binary: OURS,
      command: "ADD",
      config,
      containerId,
    });
    assert(Array.isArray(adds));
    assertEquals(adds[0].document, JSON.parse(stdout));
    const message = errorIn(stdout)?.msg;
    if (message !== undefined) failures.push(message);
  }
  assert(failures.length > 0, "no ADD failed");
});
