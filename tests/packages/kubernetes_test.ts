/**
 * The pods of deploy/kubernetes on a node without glibc: podman plays the kubelet, and a directory
 * with a static busybox the root of the node. Runs with `deno task test:packages` only.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { hostTarget } from "../../tools/build/target.ts";
import { writeImageFiles } from "../../tools/image/image_files.ts";
import { capture } from "../../tools/process.ts";
import { DHCP_BIN, LAUNCHER_BIN, OURS } from "../support/binaries.ts";
import { PODMAN_NEEDS, PodmanHost } from "../support/podman_host.ts";
import { skipped, testWith } from "../support/requirements.ts";
import { Pod, readPodSpec } from "./pod.ts";

const NAME = "a node without glibc uses the pods of deploy/kubernetes";
const IMAGE = "localhost/cni-ipam-plugins";
const BIN = "/opt/cni/bin";
const UPSTREAM = "#!/bin/sh\necho upstream\n";
const UPSTREAM_PRINTS = "upstream\n";
/** Reached only if a resident process does not start. */
const START_TIMEOUT_MS = 60_000;
/** Sequences of ADD and DEL at the same time. */
const CALLERS = 2;

/** The root of a node in `root`, as Alpine has it: a shell and no glibc. */
const NODE = `
for folder in bin dev proc run var/lib/cni opt/cni/bin lib tmp; do
  mkdir -p "$1/$folder"
done
cp /bin/busybox "$1/bin/"
for applet in sh cat ls; do ln -s busybox "$1/bin/$applet"; done
touch "$1/lib/ld-musl-$(uname -m).so.1"
mount --bind "$1" "$1"
mount -t tmpfs tmpfs "$1/run"
mount -t proc proc "$1/proc"
touch "$1/dev/null"
mount --bind /dev/null "$1/dev/null"
mount --make-rshared "$1"
`;

/** A call of a plugin on the node. @param container Distinguishes attachments. */
function callScript(command: string, container: string): string {
  const config = JSON.stringify({
    cniVersion: "1.0.0",
    name: "net",
    ipam: { type: "host-local", ranges: [[{ subnet: "10.9.0.0/24" }]] },
  });
  return `echo '${config}' | CNI_COMMAND=${command} CNI_IFNAME=eth0 ` +
    `CNI_CONTAINERID=${container} CNI_NETNS=/n CNI_PATH=${BIN} ` +
    `${BIN}/host-local || true`;
}

/** Runs ADD and DEL all the time, and repeats a call that says so, as a runtime does. */
class Callers {
  readonly failures: string[] = [];
  calls = 0;
  #isDone = false;
  readonly #run: (script: string) => Promise<string>;
  readonly #ended: Promise<unknown>;

  constructor(run: (script: string) => Promise<string>) {
    this.#run = run;
    this.#ended = Promise.all(
      Array.from({ length: CALLERS }, (_, index) => this.#call(`c${index}`)),
    );
  }

  async #call(container: string): Promise<void> {
    for (let isAdd = true; !(this.#isDone && isAdd); this.calls++) {
      const command = isAdd ? "ADD" : "DEL";
      const printed = await this.#run(callScript(command, container));
      if (printed.includes('"code": 11') || printed.includes('"code":11')) {
        continue;
      }
      const isRight = printed === UPSTREAM_PRINTS ||
        (isAdd ? printed.includes('"10.9.0.') : printed.trim() === "");
      if (!isRight) this.failures.push(`${command}: ${printed}`);
      isAdd = !isAdd;
    }
  }

  async end(): Promise<void> {
    this.#isDone = true;
    await this.#ended;
  }
}

async function run(): Promise<void> {
  await using host = await PodmanHost.start(OURS);
  const root = host.path("node");
  await host.run("sh", "-ec", NODE, "sh", root);
  const image = host.path("image");
  await writeImageFiles(image, hostTarget(), {
    "host-local": OURS,
    "dhcp": DHCP_BIN,
    "cni-launcher": LAUNCHER_BIN,
  });
  await capture(["tar", "-C", image, "-cf", `${image}.tar`, "."]);
  await host.podman("import", `${image}.tar`, IMAGE);
  await Deno.remove(image, { recursive: true });
  for (const plugin of ["host-local", "dhcp"]) {
    const path = `${root}${BIN}/${plugin}`;
    await Deno.writeTextFile(path, UPSTREAM, { mode: 0o755 });
  }
  const onNode = (script: string): Promise<string> =>
    host.run("chroot", root, "/bin/sh", "-c", script);
  const spec = await readPodSpec("overlays/multus-thick");
  await using pod = new Pod(host, spec, { root, image: IMAGE });
  const waitForBoth = async (): Promise<void> => {
    const deadline = performance.now() + START_TIMEOUT_MS;
    const version = `: | CNI_COMMAND=VERSION ${BIN}/dhcp || true`;
    while (
      (await onNode(callScript("DEL", "none"))).trim() !== "" ||
      !(await onNode(version)).includes("supportedVersions")
    ) {
      assert(performance.now() < deadline, await pod.logs());
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };

  const installed = await pod.start();
  assert(installed.includes("without NAME.standalone"), installed);
  await waitForBoth();
  assertEquals((await onNode(`ls ${BIN}`)).trim().split("\n"), [
    "dhcp",
    "dhcp.upstream",
    "host-local",
    "host-local.upstream",
  ]);

  // The lock file has the time of the node's /dev/null: the process sees the node's boot.
  await onNode(callScript("ADD", "first"));
  const lock = await Deno.stat(`${root}/var/lib/cni/networks/net/lock`);
  const { mtime } = await Deno.lstat("/dev/null");
  assertEquals(
    Math.floor((lock.mtime?.getTime() ?? 0) / 1000),
    Math.floor((mtime?.getTime() ?? 0) / 1000),
  );
  await onNode(callScript("DEL", "first"));

  // As Multus' daemon calls it: the working directory is outside the root.
  const fromOutside = await host.run(
    "nsenter",
    `--root=${root}`,
    "/bin/sh",
    "-c",
    callScript("ADD", "outside"),
  );
  assert(fromOutside.includes('"10.9.0.3/24"'), fromOutside);

  const callers = new Callers(onNode);
  await pod.stop();
  await pod.start();
  await waitForBoth();
  assertEquals(
    (await onNode("cat /var/lib/cni/networks/net/10.9.0.3")).replace(
      /\r?\n/,
      " ",
    ),
    "outside eth0",
  );
  await callers.end();
  assertEquals(callers.failures, []);
  assert(callers.calls > 0);
  assertEquals((await pod.logs()).includes("capability-missing"), false);

  await onNode(callScript("DEL", "outside"));
  const reserved = (await onNode("ls /var/lib/cni/networks/net"))
    .split("\n").filter((name) => name.startsWith("10."));
  assertEquals(reserved, []);

  const lastCallers = new Callers(onNode);
  await using removal = new Pod(host, await readPodSpec("uninstall"), {
    root,
    image: IMAGE,
  });
  await removal.start();
  await pod.stop();
  await lastCallers.end();
  assertEquals(lastCallers.failures, []);
  assertEquals(
    await onNode(`cd ${BIN}; ls; cat *`),
    `dhcp\nhost-local\n${UPSTREAM}${UPSTREAM}`,
  );
}

if (Deno.env.get("PACKAGE_ROOTS") === undefined) {
  skipped(NAME, "runs with `deno task test:packages`");
} else {
  testWith(
    [...PODMAN_NEEDS, "command:kubectl", "command:dpkg-deb"],
    NAME,
    run,
  );
}
