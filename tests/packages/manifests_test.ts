/** The manifests of deploy/kubernetes, as kubectl builds them. @module */

import { assertEquals } from "@std/assert";
import { capture } from "../../tools/process.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import { testWith } from "../support/requirements.ts";
import { testRowsWith } from "../support/rows.ts";
import { type Container, type PodSpec, readPodSpec } from "./pod.ts";

/** Returns the plugin directory and WHEN of --standalone, as the pod's `install` gets them. */
function installedAs({ initContainers: [install], volumes }: PodSpec): unknown {
  const values = install?.env?.map(({ value }) => value);
  const bin = volumes.find(({ name }) => name === "bin")?.hostPath.path;
  const mount = install?.volumeMounts?.find(({ name }) => name === "bin");
  assertEquals(mount?.mountPath, `/host${bin}`);
  return values;
}

testRowsWith(["command:kubectl"], "the overlay", [
  { name: "multus-thick", want: ["/opt/cni/bin", "auto"] },
  { name: "multus-thin", want: ["/opt/cni/bin", "auto"] },
  { name: "openshift", want: ["/var/lib/cni/bin", "auto"] },
  { name: "k3s", want: ["/var/lib/rancher/k3s/data/cni", "auto"] },
  { name: "talos", want: ["/opt/cni/bin", "no"] },
], async ({ name, want }) => {
  assertEquals(installedAs(await readPodSpec(`overlays/${name}`)), want);
});

/** Capabilities that systemd/NAME.service leaves to the daemon. */
function unitCapabilities(plugin: string): readonly string[] {
  const unit = Deno.readTextFileSync(
    `${REPO_ROOT}/systemd/cni-${plugin}.service`,
  );
  const [, names = ""] = /^CapabilityBoundingSet=(.*)$/m.exec(unit) ?? [];
  return names.split(" ").map((name) => name.replace("CAP_", "")).sort();
}

testRowsWith(
  ["command:kubectl"],
  "the container has the capabilities of the unit:",
  [
    { name: "host-local" },
    { name: "dhcp" },
  ],
  async ({ name }) => {
    const { containers } = await readPodSpec("base");
    const found = containers.find((container: Container) =>
      container.name === name
    )?.securityContext.capabilities;
    assertEquals(found?.drop, ["ALL"]);
    assertEquals([...found?.add ?? []].sort(), unitCapabilities(name));
  },
);

/** Returns the values below a JSON value by their paths. */
function leavesOf(value: unknown, path = ""): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { [path]: value };
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, each]) =>
      leavesOf(each, `${path}/${key}`)
    ),
  );
}

/** Converts the DaemonSets of a manifest to JSON with a command of kubectl that changes them. */
async function daemonSets(
  manifest: string,
  command: readonly string[],
): Promise<Record<string, unknown>> {
  const text = await capture([
    "sh",
    "-ec",
    'printf "%s" "$1" | (shift; exec kubectl "$@" --local --filename=- --output=json)',
    ...["sh", manifest, ...command],
  ]);
  return JSON.parse(text);
}

/**
 * Returns what kubectl does not understand in a DaemonSet: it reads objects into Kubernetes' own
 * types for this command, which loses unknown fields and fails on values of another type.
 */
async function misunderstood(manifest: string): Promise<readonly string[]> {
  const read = leavesOf(await daemonSets(manifest, ["label", "read=yes"]));
  const typed = leavesOf(
    await daemonSets(manifest, ["set", "serviceaccount", "cni-ipam"]),
  );
  return Object.keys(read).filter((path) =>
    path !== "/metadata/labels/read" && read[path] !== typed[path]
  );
}

/** Returns the DaemonSet that kustomize builds of a folder. */
async function builtDaemonSet(folder: string): Promise<string> {
  const path = `${REPO_ROOT}/deploy/kubernetes/${folder}`;
  const objects = (await capture(["kubectl", "kustomize", path]))
    .split(/^---\n/m);
  return objects.find((text) => text.includes("kind: DaemonSet")) ?? "";
}

testRowsWith(
  ["command:kubectl"],
  "Kubernetes' types have every field of the DaemonSet of",
  [
    { name: "base" },
    { name: "overlays/k3s" },
    { name: "overlays/multus-thick" },
    { name: "overlays/multus-thin" },
    { name: "overlays/openshift" },
    { name: "overlays/talos" },
    { name: "uninstall" },
  ],
  async ({ name }) =>
    assertEquals(await misunderstood(await builtDaemonSet(name)), []),
);

testWith(
  ["command:kubectl"],
  "a field that Kubernetes' types do not have is found",
  async () => {
    const manifest = (await builtDaemonSet("base"))
      .replace("hostPID:", "hostPid2:");
    assertEquals(
      await misunderstood(manifest),
      ["/spec/template/spec/hostPid2"],
    );
  },
);
