/** What container runtimes leave on the host while a container exists. Pure. @module */

/** A place where a runtime keeps a directory or a file for each container. */
export interface TraceSource {
  /** Who writes it: `containerd`. */
  readonly runtime: string;
  readonly path: string;
  /** Whether it could be read: `absent` means that the runtime is not in use. */
  readonly state: "read" | "absent" | "unreadable";
  /** How many names it has. */
  readonly count: number;
  /**
   * Whether it has every container of its runtime that uses a network: what it lacks does not
   * exist. Absent: it only shows that containers exist.
   */
  readonly isComplete?: boolean;
}

/** A name that a runtime uses, and where it was found. */
export interface Trace {
  readonly runtime: string;
  readonly path: string;
}

/** What the cache of the CNI library says about an attachment. */
export interface CachedAttachment {
  readonly path: string;
  /** When it was written: wall clock, milliseconds since 1970. */
  readonly writtenAtMs?: number;
  /** The container that it names; absent in the files of old versions. */
  readonly containerId?: string;
  /** The path of the network namespace, if the library or the result of the plugin has it. */
  readonly netns?: string;
  /** Whether a namespace is mounted at that path; absent if that cannot be found out. */
  readonly hasNetns?: boolean;
  /**
   * Whether the path exists. A file without a mount can be a namespace that another mount
   * namespace sees.
   */
  readonly hasNetnsFile?: boolean;
  /** `namespace/name` of the Kubernetes pod. */
  readonly pod?: string;
}

/** What was found on the host. */
export interface RuntimeTraces {
  readonly sources: readonly TraceSource[];
  /** By container ID. */
  readonly containers: ReadonlyMap<string, Trace>;
  /** Named network namespaces: mounts, not files that are left over. */
  readonly namespaces: ReadonlyMap<string, Trace>;
  /** The paths of cached results by file name: `<network>-<container>-<interface>`. */
  readonly cached: ReadonlyMap<string, string>;
}
