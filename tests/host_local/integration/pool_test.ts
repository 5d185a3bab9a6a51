/**
 * The pool features on compiled plugins: upstream's files stay as upstream writes them, and a plain
 * call costs what it costs without these features.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import {
  addressesInResult,
  callHostLocal,
  environmentOf,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import {
  filesOf,
  ownerText,
  readNetwork,
  writeNetwork,
} from "../../support/network_directory.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { testRowsWith } from "../../support/rows.ts";
import { testWith } from "../../support/requirements.ts";
import { runTraced } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";

const ALL_KEYS = {
  cooldownSeconds: 3600,
  sticky: "pod",
  ownerDetails: true,
  reclaimOnExhaustion: true,
} as const;

function podArgs(name: string): Record<string, string> {
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`;
  return { CNI_ARGS: args };
}

/** Makes a call that must succeed. @returns The addresses of an ADD. */
async function call(
  binary: string,
  command: string,
  { config, containerId }: {
    readonly config: string;
    readonly containerId: string;
  },
): Promise<readonly string[]> {
  const { stdout, code } = await callHostLocal({
    binary,
    command,
    config,
    containerId,
    env: podArgs(`pod-${containerId}`),
  });
  assertEquals(code, 0, stdout);
  return command === "ADD" ? addressesInResult(stdout) : [];
}

testWith(
  [`binary:${OURS}`, `binary:${UPSTREAM}`],
  "upstream's files are the same, byte for byte, with all pool features",
  async () => {
    using dir = new TempDir();
    const states = [];
    for (const binary of [OURS, UPSTREAM]) {
      const dataDir = dir.join(binary === OURS ? "ours" : "upstream");
      const config = networkConfig({
        dataDir,
        subnets: ["10.1.0.0/24", "fd00::/64"],
        ipam: ALL_KEYS,
      });
      for (const containerId of ["c1", "c2", "c3"]) {
        await call(binary, "ADD", { config, containerId });
      }
      await call(binary, "DEL", { config, containerId: "c2" });
      await call(binary, "ADD", { config, containerId: "c4" });
      states.push(readNetwork(`${dataDir}/net`));
    }
    const [ours, upstream] = states;
    assert(ours !== undefined && upstream !== undefined);
    assertEquals(filesOf(ours), filesOf(upstream));
    assertEquals([ours.others, upstream.others], [[".history"], []]);
  },
);

testWith(
  [`binary:${OURS}`, `binary:${UPSTREAM}`],
  "after a rollback upstream continues on the directory, and this project afterwards",
  async () => {
    using dir = new TempDir();
    const config = networkConfig({
      dataDir: dir.path,
      cniVersion: "0.4.0",
      subnets: ["10.1.0.0/24"],
      ipam: ALL_KEYS,
    });
    const network = dir.join("net");
    const on = (containerId: string) => ({ config, containerId });
    assertEquals(await call(OURS, "ADD", on("c1")), ["10.1.0.2"]);
    assertEquals(await call(OURS, "ADD", on("c2")), ["10.1.0.3"]);
    await call(OURS, "DEL", on("c1"));
    const history = await Deno.readTextFile(`${network}/.history`);

    // Neither does upstream keep the cooldown, nor does it touch the history.
    assertEquals(await call(UPSTREAM, "ADD", on("c3")), ["10.1.0.4"]);
    await call(UPSTREAM, "CHECK", on("c2"));
    await call(UPSTREAM, "DEL", on("c2"));
    assertEquals(await Deno.readTextFile(`${network}/.history`), history);
    assertEquals(Object.fromEntries(readNetwork(network).addresses), {
      "10.1.0.4": ownerText("c3"),
    });

    // c1 gets its address back; c2's was released without a record.
    assertEquals(await call(OURS, "ADD", on("c1")), ["10.1.0.2"]);
    assertEquals(await call(OURS, "ADD", on("c5")), ["10.1.0.5"]);
    await call(OURS, "DEL", on("c3"));
    assertEquals(readNetwork(network).others, [".history"]);
  },
);

testRowsWith(
  ["command:strace", `binary:${OURS}`],
  "a call without pool features does not look for a history:",
  [{ name: "ADD" }, { name: "DEL" }, { name: "CHECK" }],
  async ({ name: command }) => {
    using dir = new TempDir();
    writeNetwork(dir.join("data/net"), {
      ...(command === "ADD" ? {} : { "10.1.0.2": ownerText("c1") }),
      "lock": "",
      ".history": "",
    });
    const { calls, code, stdout } = await runTraced({
      command: [OURS],
      env: environmentOf({ command, containerId: "c1" }),
      stdin: networkConfig({
        dataDir: dir.join("data"),
        subnets: ["10.1.0.0/24"],
      }),
      traceFile: dir.join("trace"),
      options: ["-e", "trace=%file"],
    });
    assertEquals(code, 0, stdout);
    assert(calls.some(({ args }) => args.includes("/net/lock")));
    const found = calls.filter(({ args }) => args.includes(".history"));
    assertEquals(found, []);
  },
);

const TASKS = "/run/containerd/io.containerd.runtime.v2.task";

testWith(
  ["root", "command:unshare", `binary:${OURS}`],
  "ADD of a full range set releases what a container left behind, on two proofs",
  async () => {
    using dir = new TempDir();
    const network = dir.join("data/net");
    writeNetwork(network, {
      "10.1.0.2": ownerText("gone"),
      "10.1.0.3": ownerText("alive"),
      "10.1.0.4": ownerText("young"),
      "10.1.0.5": ownerText("alive"),
      "10.1.0.6": ownerText("alive"),
      "last_reserved_ip.0": "10.1.0.6",
    });
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ["10.1.0.2", "10.1.0.3"]) {
      await Deno.utime(`${network}/${name}`, old, old);
    }
    const cached = (containerId: string, netns: string): string =>
      JSON.stringify({
        kind: "cniCacheV1",
        containerId,
        ifName: "eth0",
        networkName: "net",
        netns,
      });
    const config = networkConfig({
      dataDir: dir.join("data"),
      subnets: ["10.1.0.0/29"],
      ipam: { reclaimOnExhaustion: true },
    });
    const results = "/var/lib/cni/results";
    const script = `mount -t tmpfs tmpfs /run
      mkdir -p /run/netns ${TASKS}/k8s.io/alive /var/lib/cni
      mount -t tmpfs tmpfs /var/lib/cni
      mkdir -p ${results}
      for id in gone alive young; do
        echo '${
      cached("ID", "/run/netns/ID")
    }' | sed s/ID/$id/g >${results}/net-$id-eth0
      done
      exec "$0"`;
    const add = async (
      containerId: string,
    ): Promise<{ readonly stdout: string; readonly stderr: string }> => {
      const child = new Deno.Command("unshare", {
        args: ["--mount", "sh", "-ec", script, OURS],
        env: environmentOf({ command: "ADD", containerId }),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(config));
      await writer.close();
      const { stdout, stderr } = await child.output();
      const decoder = new TextDecoder();
      return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    const first = await add("new");
    assertEquals(addressesInResult(first.stdout), ["10.1.0.2"], first.stderr);
    assert(
      /event=reservation-reclaimed network=net address=10\.1\.0\.2 container=gone /
        .test(first.stderr),
      first.stderr,
    );
    const second = await add("newer");
    assertEquals(errorIn(second.stdout)?.code, 11, second.stdout);
    assert(second.stdout.includes("reclaimOnExhaustion found none"));
    assertEquals(second.stderr, "");
  },
);

testWith(
  RESIDENT_REQUIREMENTS,
  "the resident process knows the pool features",
  async () => {
    await using resident = await ResidentHostLocal.start();
    const [command = "", ...args] = resident.inNamespace(
      ["mkdir", "-p", `${TASKS}/k8s.io/alive`],
    );
    assert((await new Deno.Command(command, { args }).output()).success);
    using dir = new TempDir();
    const network = dir.join("net");
    writeNetwork(network, {
      "10.1.0.2": ownerText("gone"),
      "10.1.0.3": ownerText("alive"),
      "10.1.0.4": ownerText("alive"),
    });
    // Before the last boot of every machine that runs the tests.
    for (const name of ["10.1.0.2", "10.1.0.3"]) {
      await Deno.utime(`${network}/${name}`, 1e9, 1e9);
    }
    const config = networkConfig({
      dataDir: dir.path,
      subnets: ["10.1.0.0/24"],
      ipam: {
        ...ALL_KEYS,
        cooldownSeconds: 0,
        ranges: [[{ subnet: "10.1.0.0/29", exclude: ["10.1.0.5/32"] }]],
      },
    });
    const on = (containerId: string) => ({ config, containerId });
    const { binary } = resident;
    assertEquals(await call(binary, "ADD", on("c1")), ["10.1.0.6"]);
    assertEquals(await call(binary, "ADD", on("c2")), ["10.1.0.2"]);
    await call(binary, "DEL", on("c1"));
    assertEquals(await call(binary, "ADD", on("c1")), ["10.1.0.6"]);
    assertEquals(resident.calls, 4);
    assertEquals(Object.fromEntries(readNetwork(network).addresses), {
      "10.1.0.2": ownerText("c2"),
      "10.1.0.3": ownerText("alive"),
      "10.1.0.4": ownerText("alive"),
      "10.1.0.6": ownerText("c1"),
    });
  },
);
