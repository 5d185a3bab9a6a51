/** Whether a reservation may be released without its runtime: only on two proofs. Pure. @module */

import { formatAge } from "../../base/age.ts";
import type { LiveList } from "./live_list.ts";
import { livenessOf, type LivenessQuestion } from "./liveness.ts";
import { containerOf } from "./network_facts.ts";
import type { RuntimeTraces } from "./runtime_traces.ts";
import type { Reservation } from "../ports.ts";
import { counted } from "../../base/counted.ts";

/** A fact about a container. */
export interface Proof {
  /** In one or two words: `earlier boot`. */
  readonly source: string;
  /** A sentence without a period. */
  readonly text: string;
}

/** The two proofs. Each alone excludes that the container of the reservation exists. */
export interface ReclaimProofs {
  /** The container ended: its boot is over, or its network namespace is gone. */
  readonly ended: Proof;
  /** A complete list of the containers that exist does not have it. */
  readonly absent: Proof;
}

/** What is decided about a reservation. */
export type Verdict =
  | { readonly kind: "reclaimable"; readonly proofs: ReclaimProofs }
  | { readonly kind: "kept"; readonly reason: Proof };

/** What is asked about a reservation. */
export interface ReclaimQuestion extends LivenessQuestion {
  readonly reservation: Pick<
    Reservation,
    "owner" | "fromEarlierBoot" | "reservedAtMs"
  >;
  /** Why other users could have changed the files of the network; undefined if they could not. */
  readonly exposure: string | undefined;
}

/** What is known about the host. */
export interface ReclaimEvidence {
  /** What container runtimes have left, read after the reservations. */
  readonly traces: RuntimeTraces;
  /** The list that the operator gave. */
  readonly live: LiveList | undefined;
  /** When the traces were read: wall clock, milliseconds since 1970. */
  readonly nowMs: number;
  /** The minimum age of a reservation when the containers were listed, in milliseconds. */
  readonly graceMs: number;
  /** The wall clock when the machine started; undefined if that is not known. */
  readonly bootClockMs: number | undefined;
}

/** Decides about a reservation. It is kept in case of doubt. */
export function verdictOn(
  question: ReclaimQuestion,
  evidence: ReclaimEvidence,
): Verdict {
  const reason = reasonToKeep(question, evidence);
  if (reason !== undefined) return { kind: "kept", reason };
  const ended = proofOfEnd(question, evidence);
  if (ended === undefined) {
    return kept(
      "no proof of its end",
      "the address was reserved in this boot, and nothing shows that the network namespace is gone",
    );
  }
  const absent = proofOfAbsence(evidence);
  return absent === undefined
    ? kept("no list of containers", noListText(evidence))
    : { kind: "reclaimable", proofs: { ended, absent } };
}

function kept(source: string, text: string): Verdict {
  return { kind: "kept", reason: { source, text } };
}

function reasonToKeep(
  question: ReclaimQuestion,
  { traces, live, nowMs, graceMs }: ReclaimEvidence,
): Proof | undefined {
  const { reservation, unreadable, exposure } = question;
  const containerId = containerOf(reservation.owner);
  if (unreadable !== undefined) {
    return { source: "unreadable", text: unreadable };
  }
  if (containerId === undefined) {
    return { source: "no owner", text: "the file names no container" };
  }
  if (exposure !== undefined) {
    const text = `other users can change the files of the network: ${exposure}`;
    return { source: "exposed", text };
  }
  const { state, source, proofs } = livenessOf(question, traces);
  if (state === "alive") {
    return { source: `alive (${source})`, text: proofs.join("; ") };
  }
  if (live?.has(containerId) === true) {
    return { source: "alive (list)", text: `${live.path} has the container` };
  }
  const listedAtMs = Math.min(nowMs, live?.writtenAtMs ?? nowMs);
  return reservation.reservedAtMs + graceMs <= listedAtMs ? undefined : {
    source: "too young",
    text: listedAtMs < nowMs
      ? `the address was reserved less than ${
        formatAge(graceMs)
      } before ${live?.path} was written`
      : `the address was reserved less than ${formatAge(graceMs)} ago`,
  };
}

function proofOfEnd(
  { reservation, cached }: ReclaimQuestion,
  { bootClockMs }: ReclaimEvidence,
): Proof | undefined {
  const { fromEarlierBoot, reservedAtMs, owner } = reservation;
  // By the present clock and by that of the boot: setting the clock cannot make both wrong in the
  // same way.
  if (
    fromEarlierBoot && bootClockMs !== undefined && reservedAtMs < bootClockMs
  ) {
    return {
      source: "earlier boot",
      text: "the address was reserved before the last boot of this host",
    };
  }
  if (cached === undefined || owner.kind !== "attachment") return undefined;
  const { path, netns, hasNetns, hasNetnsFile, writtenAtMs, containerId } =
    cached;
  // An older file is about an earlier ADD of the same container.
  const isOfThisAdd = writtenAtMs !== undefined && writtenAtMs >= reservedAtMs;
  const isOfThisContainer = containerId === owner.attachment.containerId;
  const isGone = hasNetns === false && hasNetnsFile === false;
  return netns !== undefined && isGone && isOfThisAdd && isOfThisContainer
    ? {
      source: "namespace gone",
      text:
        `the network namespace ${netns}, which ${path} records, no longer exists`,
    }
    : undefined;
}

/** For a container that no list has. */
function proofOfAbsence(
  { traces: { sources }, live }: ReclaimEvidence,
): Proof | undefined {
  if (live !== undefined) {
    const { path, size } = live;
    return {
      source: "list",
      text: `${path} has ${counted(size, "container")}, and not this one`,
    };
  }
  if (sources.some(({ state }) => state === "unreadable")) return undefined;
  const complete = sources.filter(({ state, isComplete }) =>
    state === "read" && isComplete === true
  );
  return complete.length === 0 ? undefined : {
    source: [...new Set(complete.map(({ runtime }) => runtime))].join(", "),
    text: `no container in ${
      complete.map(({ path }) => path).join(", ")
    } has the ID`,
  };
}

function noListText({ traces: { sources } }: ReclaimEvidence): string {
  const unreadable = sources.filter(({ state }) => state === "unreadable");
  return unreadable.length > 0
    ? `${
      unreadable.map(({ path }) => path).join(", ")
    } cannot be read; --live gives a list`
    : "no container runtime with a complete list runs on this host; --live gives one";
}
