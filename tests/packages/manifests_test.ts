/** The manifests of deploy/kubernetes, as kubectl builds them. @module */

import { assertEquals } from "@std/assert";
import { REPO_ROOT } from "../support/binaries.ts";
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
