/** Whether the container of a reservation still exists, and how that is known. Pure. @module */

import type { Reservation } from "../ports.ts";
import type { Owner } from "../reservation_format.ts";
import { containerOf } from "./network_facts.ts";
import type { CachedAttachment, RuntimeTraces } from "./runtime_traces.ts";

/**
 * Whether a container exists:
 *
 * - `alive`: a runtime or a network namespace has its ID, or the namespace that the CNI cache
 *   records exists.
 * - `gone`: the reservation is from before the last boot, or the recorded namespace no longer
 *   exists.
 * - `no trace`: runtimes keep their containers on this host, and none of them has the ID.
 * - `unknown`: nothing on this host tells.
 */
export type LivenessState = "alive" | "gone" | "no trace" | "unknown";

/** What is known about the container of a reservation. */
export interface Liveness {
  readonly state: LivenessState;
  /** The decisive proof in one or two words: `containerd`. Empty if there is none. */
  readonly source: string;
  /** Everything that was found, one sentence each, without periods. */
  readonly proofs: readonly string[];
}

/** What the question is about. */
export interface LivenessQuestion {
  readonly networkName: string;
  readonly reservation: Pick<Reservation, "owner" | "fromEarlierBoot">;
  /** Why the file of the reservation cannot be read; undefined if it can. */
  readonly unreadable: string | undefined;
  /** What the CNI cache says; undefined if it has nothing or was not read. */
  readonly cached: CachedAttachment | undefined;
}

interface Evidence {
  readonly source: string;
  readonly proof: string;
}

/** Returns what is known about the container of a reservation. */
export function livenessOf(
  { networkName, reservation, unreadable, cached }: LivenessQuestion,
  traces: RuntimeTraces,
): Liveness {
  const containerId = containerOf(reservation.owner);
  if (unreadable !== undefined) {
    return { state: "unknown", source: "unreadable", proofs: [unreadable] };
  }
  if (containerId === undefined) {
    return {
      state: "unknown",
      source: "no owner",
      proofs: ["the file names no container"],
    };
  }
  const found = signsOfLife(containerId, cached, traces);
  const lost = signsOfDeath(reservation.fromEarlierBoot, cached);
  // What is in /run was written in this boot, so a wrong clock cannot make it look alive.
  const [decisive] = [...found, ...lost];
  if (decisive !== undefined) {
    return {
      state: found.length > 0 ? "alive" : "gone",
      source: decisive.source,
      proofs: [...found, ...lost].map(({ proof }) => proof),
    };
  }
  const cachePath = cached?.path ??
    traces.cached.get(cacheName(networkName, reservation.owner));
  return withoutProof(cachePath, traces);
}

function signsOfLife(
  containerId: string,
  cached: CachedAttachment | undefined,
  { containers, namespaces }: RuntimeTraces,
): readonly Evidence[] {
  const signs: Evidence[] = [];
  const container = containers.get(containerId);
  if (container !== undefined) {
    const { runtime, path } = container;
    signs.push({
      source: runtime,
      proof: `${runtime} has the container: ${path}`,
    });
  }
  const namespace = namespaces.get(containerId);
  if (namespace !== undefined) {
    signs.push({
      source: "netns",
      proof: `a network namespace has the ID: ${namespace.path}`,
    });
  }
  if (cached?.netns !== undefined && cached.hasNetns === true) {
    signs.push({
      source: "netns",
      proof:
        `the network namespace ${cached.netns}, which ${cached.path} records, exists`,
    });
  }
  return signs;
}

function signsOfDeath(
  fromEarlierBoot: boolean,
  cached: CachedAttachment | undefined,
): readonly Evidence[] {
  const signs: Evidence[] = [];
  if (fromEarlierBoot) {
    signs.push({
      source: "earlier boot",
      proof: "the address was reserved before the last boot of this host",
    });
  }
  if (cached?.netns !== undefined && cached.hasNetns === false) {
    signs.push({
      source: "netns",
      proof:
        `the network namespace ${cached.netns}, which ${cached.path} records, no longer exists`,
    });
  }
  return signs;
}

/** Returns the name of the file in the CNI cache for an attachment. */
export function cacheName(networkName: string, owner: Owner): string {
  return owner.kind === "attachment"
    ? `${networkName}-${owner.attachment.containerId}-${owner.attachment.ifName}`
    : "";
}

function withoutProof(
  cachePath: string | undefined,
  { sources }: RuntimeTraces,
): Liveness {
  const cacheTexts = cachePath === undefined ? [] : [
    `the CNI cache has a result, so no DEL has succeeded: ${cachePath}`,
  ];
  const unreadable = sources.filter(({ state }) => state === "unreadable");
  if (unreadable.length > 0) {
    return {
      state: "unknown",
      source: "unreadable",
      proofs: [
        ...cacheTexts,
        ...unreadable.map(({ path }) => `${path} cannot be read`),
      ],
    };
  }
  const read = sources.filter(({ state }) => state === "read");
  if (read.length === 0) {
    return {
      state: "unknown",
      source: "",
      proofs: [
        ...cacheTexts,
        "no container runtime that keeps its containers in a known directory runs on this host",
      ],
    };
  }
  return {
    state: "no trace",
    source: cachePath === undefined ? "" : "CNI cache",
    proofs: [
      ...cacheTexts,
      `none of these directories has the ID: ${
        read.map(({ path }) => path).join(", ")
      }`,
    ],
  };
}
