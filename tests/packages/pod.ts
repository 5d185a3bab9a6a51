/** A pod of deploy/kubernetes, which podman runs as the kubelet would. @module */

import { capture } from "../../tools/process.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import type { PodmanHost } from "../support/podman_host.ts";

/** The parts of a container's specification that the manifests use. */
export interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: {
    readonly runAsUser: number;
    readonly readOnlyRootFilesystem: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: {
      readonly drop: readonly string[];
      readonly add?: readonly string[];
    };
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
    readonly mountPropagation?: string;
  }[];
}

/** The parts of a pod's specification that the manifests use. */
export interface PodSpec {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly {
    readonly name: string;
    readonly hostPath: { readonly path: string; readonly type: string };
  }[];
}

/** Returns the specification of the pods in a folder of deploy/kubernetes. */
export async function readPodSpec(folder: string): Promise<PodSpec> {
  // kubectl prints JSON only of what it has changed.
  const text = await capture([
    "sh",
    "-ec",
    `kubectl kustomize "$1" | kubectl label --local --filename=- --output=json read=yes`,
    "sh",
    `${REPO_ROOT}/deploy/kubernetes/${folder}`,
  ]);
  const objects = text.trim().split(/(?<=^})\n/m).map((json) =>
    JSON.parse(json)
  );
  return objects.find(({ kind }) => kind === "DaemonSet").spec.template.spec;
}

/** A pod whose containers podman runs. */
export class Pod implements AsyncDisposable {
  readonly #host: PodmanHost;
  readonly #spec: PodSpec;
  readonly #root: string;
  readonly #image: string;
  #running: string[] = [];

  /** @param options `root`: the directory that is the root of the node. */
  constructor(host: PodmanHost, spec: PodSpec, { root, image }: {
    readonly root: string;
    readonly image: string;
  }) {
    this.#host = host;
    this.#spec = spec;
    this.#root = root;
    this.#image = image;
  }

  /** Runs the init containers, then starts the others. @returns What the first ones printed. */
  async start(): Promise<string> {
    for (const { hostPath } of this.#spec.volumes) {
      if (hostPath.type === "DirectoryOrCreate") {
        await this.#host.run("mkdir", "-p", `${this.#root}${hostPath.path}`);
      }
    }
    let output = "";
    for (const container of this.#spec.initContainers) {
      output += await this.#host.podman(
        ...["run", "--rm", ...this.#options(container)],
      );
    }
    for (const container of this.#spec.containers) {
      const id = await this.#host.podman(
        ...["run", "--detach", ...this.#options(container)],
      );
      this.#running.push(id.trim());
    }
    return output;
  }

  /** Ends the containers in the way of the kubelet. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    for (const id of running) {
      await this.#host.podman("stop", "--time", "20", id);
      await this.#host.podman("rm", id);
    }
  }

  /** Returns what the containers have logged. */
  async logs(): Promise<string> {
    const logs = this.#running.map((id) => this.#host.podman("logs", id));
    return (await Promise.all(logs)).join("");
  }

  #options(container: Container): string[] {
    const { command, env = [], securityContext, volumeMounts = [] } = container;
    const { capabilities } = securityContext;
    const expanded = command.map((word) =>
      word.replaceAll(
        /\$\((\w+)\)/g,
        (_, name) => env.find((each) => each.name === name)?.value ?? "",
      )
    );
    const volumes = volumeMounts.flatMap(
      ({ name, mountPath, readOnly = false, mountPropagation }) => {
        const path = this.#spec.volumes.find((volume) => volume.name === name)
          ?.hostPath.path ?? "";
        const options = [
          readOnly ? "ro" : "rw",
          "rbind",
          mountPropagation === "HostToContainer" ? "rslave" : "rprivate",
        ];
        const source = `${this.#root}${path}`.replace(/\/$/, "");
        return ["--volume", `${source}:${mountPath}:${options.join()}`];
      },
    );
    return [
      ...["--network", "host", "--pid", "host", "--log-driver", "k8s-file"],
      ...["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=1000:1000"],
      ...["--cgroup-parent", this.#host.cgroupParent],
      ...["--user", `${securityContext.runAsUser}`],
      ...(securityContext.readOnlyRootFilesystem ? ["--read-only"] : []),
      ...(securityContext.allowPrivilegeEscalation
        ? []
        : ["--security-opt", "no-new-privileges"]),
      ...capabilities.drop.flatMap((name) => ["--cap-drop", name]),
      ...(capabilities.add ?? []).flatMap((name) => ["--cap-add", name]),
      ...volumes,
      ...[this.#image, ...expanded],
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
