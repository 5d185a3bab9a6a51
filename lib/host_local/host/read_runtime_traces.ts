/** Looks for what container runtimes leave on the host while a container exists. @module */

import { parseJson } from "../../base/json_text.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { DecodeError, SystemError } from "../../base/errors.ts";
import { lstat } from "../../sys/files.ts";
import { readSmallFile } from "../../sys/small_file.ts";
import type {
  CachedAttachment,
  RuntimeTraces,
  Trace,
  TraceSource,
} from "../operator/runtime_traces.ts";

/** A directory with an entry for each container, named by its ID. */
interface ContainerFolder {
  readonly runtime: string;
  readonly path: string;
  /** Whether the containers are in subdirectories, one for each containerd namespace. */
  readonly isNested?: boolean;
  readonly isComplete?: boolean;
}

/** Every task of containerd, in subdirectories for its namespaces. */
const CONTAINERD = {
  runtime: "containerd",
  isNested: true,
  isComplete: true,
} as const;
const CONTAINERD_FOLDER = "containerd/io.containerd.runtime.v2.task";

/** All containers of podman and of CRI-O, by storage driver. */
const STORAGE = { runtime: "podman", isComplete: true } as const;
const STORAGE_FOLDER = "/run/containers/storage";

/** All are below /run, where nothing survives a boot. */
const CONTAINER_FOLDERS: readonly ContainerFolder[] = [
  { ...CONTAINERD, path: `/run/${CONTAINERD_FOLDER}` },
  { ...CONTAINERD, path: `/run/k3s/${CONTAINERD_FOLDER}` },
  { ...CONTAINERD, path: `/run/k0s/${CONTAINERD_FOLDER}` },
  // A pod sandbox of CRI-O without a process of its own is only in the storage.
  { runtime: "CRI-O", path: "/run/crio" },
  { ...STORAGE, path: `${STORAGE_FOLDER}/overlay-containers` },
  { ...STORAGE, path: `${STORAGE_FOLDER}/vfs-containers` },
  { runtime: "runc", path: "/run/runc" },
  { runtime: "crun", path: "/run/crun" },
];

const NAMESPACE_FOLDERS = ["/run/netns", "/run/docker/netns"];

/** Where the CNI library keeps the results of ADD; the second is that of old versions. */
const CACHE_FOLDERS = ["/var/lib/cni/results", "/var/lib/cni/cache/results"];

const MAX_CACHED_BYTES = 1024 * 1024;

/** Names in a directory, or why there are none. */
type Listing =
  | { readonly state: "read"; readonly entries: readonly Deno.DirEntry[] }
  | { readonly state: "absent" | "unreadable" };

function listFolder(path: string): Listing {
  try {
    return { state: "read", entries: [...Deno.readDirSync(path)] };
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return { state: isAbsent ? "absent" : "unreadable" };
  }
}

/** Looks for containers, network namespaces and cached results. */
export function readTraces(): RuntimeTraces {
  const sources: TraceSource[] = [];
  const containers = new Map<string, Trace>();
  for (const folder of CONTAINER_FOLDERS) {
    const { runtime, path, isComplete = false } = folder;
    const { state, ids } = idsIn(folder);
    sources.push({ runtime, path, state, count: ids.size, isComplete });
    for (const [id, where] of ids) {
      if (!containers.has(id)) containers.set(id, { runtime, path: where });
    }
  }
  return { sources, containers, namespaces: namespaces(), cached: cached() };
}

function idsIn({ path, isNested }: ContainerFolder): {
  readonly state: TraceSource["state"];
  readonly ids: ReadonlyMap<string, string>;
} {
  const ids = new Map<string, string>();
  const listing = listFolder(path);
  if (listing.state !== "read") return { state: listing.state, ids };
  for (const { name, isDirectory, isSymlink } of listing.entries) {
    if (!isDirectory && !isSymlink) continue;
    if (!isNested) {
      ids.set(name, `${path}/${name}`);
      continue;
    }
    const inner = listFolder(`${path}/${name}`);
    // A directory was removed just now; a link leads to what is not mounted.
    if (
      inner.state === "unreadable" || (inner.state === "absent" && isSymlink)
    ) {
      return { state: "unreadable", ids };
    }
    for (const each of inner.state === "read" ? inner.entries : []) {
      const where = `${path}/${name}/${each.name}`;
      ids.set(each.name, where);
      // nerdctl passes `<namespace>-<id>` to the plugins.
      ids.set(`${name}-${each.name}`, where);
    }
  }
  return { state: "read", ids };
}

function namespaces(): ReadonlyMap<string, Trace> {
  const found = new Map<string, Trace>();
  for (const folder of NAMESPACE_FOLDERS) {
    const listing = listFolder(folder);
    if (listing.state !== "read") continue;
    for (const { name } of listing.entries) {
      const path = `${folder}/${name}`;
      if (namespaceAt(path).hasNetns === true) {
        found.set(name, { runtime: "netns", path });
      }
    }
  }
  return found;
}

/**
 * Returns what is at `path`. A mounted namespace is on another file system than the directory
 * around it. Without the mount an empty file remains.
 */
function namespaceAt(
  path: string,
): Pick<CachedAttachment, "hasNetns" | "hasNetnsFile"> {
  try {
    const file = lstat(path);
    const folder = lstat(path.slice(0, path.lastIndexOf("/")));
    // Where the directory is missing, this process sees another /run than the runtime.
    if (folder?.isDirectory !== true) return {};
    return file === undefined
      ? { hasNetns: false, hasNetnsFile: false }
      : { hasNetns: file.dev !== folder.dev, hasNetnsFile: true };
  } catch (error) {
    if (error instanceof SystemError) return {};
    throw error;
  }
}

function cached(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const folder of CACHE_FOLDERS) {
    const listing = listFolder(folder);
    if (listing.state !== "read") continue;
    for (const { name } of listing.entries) {
      if (!found.has(name)) found.set(name, `${folder}/${name}`);
    }
  }
  return found;
}

/** Reads a file of the CNI cache; undefined if it is missing or unusable. */
export function readCached(path: string): CachedAttachment | undefined {
  try {
    const writtenAtMs = lstat(path)?.mtime?.getTime();
    const text = readSmallFile(path, MAX_CACHED_BYTES);
    if (text === undefined) return undefined;
    const json = new JsonObject(parseJson(text, path), "");
    const netns = json.string("netns") ?? sandboxOf(json) ?? "";
    const pod = podOf(json);
    const containerId = json.string("containerId");
    return {
      path,
      ...(writtenAtMs === undefined ? {} : { writtenAtMs }),
      ...(containerId === undefined ? {} : { containerId }),
      ...(netns.startsWith("/run/") || netns.startsWith("/var/run/")
        ? { netns, ...namespaceAt(netns) }
        : {}),
      ...(pod === undefined ? {} : { pod }),
    };
  } catch (error) {
    // The cache belongs to the runtime; what is wrong with it is not the question here.
    if (error instanceof SystemError || error instanceof DecodeError) {
      return undefined;
    }
    throw error;
  }
}

/** Returns the network namespace of the interface, which the result of the plugin has. */
function sandboxOf(json: JsonObject): string | undefined {
  const ifName = json.string("ifName");
  const interfaces = json.object("result")
    ?.list("interfaces", (each, path) => new JsonObject(each, path)) ?? [];
  return interfaces.filter((each) => each.string("name") === ifName)
    .map((each) => each.string("sandbox") ?? "")
    .find((sandbox) => sandbox !== "");
}

/** Returns `namespace/name` of the pod that the runtime passed in CNI_ARGS. */
function podOf(json: JsonObject): string | undefined {
  const pairs = new Map(
    json.list(
      "cniArgs",
      (pair) =>
        Array.isArray(pair) ? [String(pair[0]), String(pair[1])] as const : (
          ["", ""] as const
        ),
    ),
  );
  const name = pairs.get("K8S_POD_NAME");
  const namespace = pairs.get("K8S_POD_NAMESPACE");
  return name === undefined || namespace === undefined
    ? undefined
    : `${namespace}/${name}`;
}
