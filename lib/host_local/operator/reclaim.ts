/** `host-local reclaim`: releases what containers left behind, on two proofs each. Pure. @module */

import { SystemError } from "../../base/errors.ts";
import type { LogFields } from "../../base/log_line.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Reservation } from "../ports.ts";
import { ownerKey } from "../reservation_format.ts";
import { type LiveText, parseLiveList } from "./live_list.ts";
import { cacheName } from "./liveness.ts";
import {
  containerOf,
  interfaceOf,
  type NetworkReservations,
  type RecordedReservation,
} from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { LockedReservations, OperatorPorts } from "./ports.ts";
import { readAllReservations, storeConfigOf } from "./read_networks.ts";
import {
  type ReclaimEvidence,
  type ReclaimProofs,
  type Verdict,
  verdictOn,
} from "./reclaim_proofs.ts";
import {
  type Judged,
  keptJson,
  keptLines,
  reclaimableJson,
  reclaimableLines,
} from "./reclaim_report.ts";
import type { RuntimeTraces } from "./runtime_traces.ts";

/** How many are released under one lock. Other calls wait for it, by default at most 10 s. */
const MAX_AT_ONCE = 10_000;

/** What `reclaim` is called with. */
export interface ReclaimOptions {
  readonly dataDir: string;
  /** The wanted networks; all if it is empty. */
  readonly names: readonly string[];
  /** The path of a list of containers that exist; `-` is standard input. */
  readonly live: string | undefined;
  /** Milliseconds. */
  readonly graceMs: number;
  /** Whether to release what can be released; otherwise nothing changes. */
  readonly release: boolean;
}

/** A reservation that two proofs allow to release. */
type Reclaimable = Judged & {
  readonly verdict: { readonly kind: "reclaimable" };
};

/**
 * Finds the reservations of containers that no longer exist, and releases them if that is wanted.
 *
 * @throws {SystemError} if a wanted network or the list cannot be read.
 * @throws {DecodeError} if the list is not valid JSON.
 */
export async function reclaim(
  { dataDir, names, live, graceMs, release }: ReclaimOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  const read = await readAllReservations(dataDir, names, ports);
  // After the reservations: a container that is being created meanwhile is listed already.
  const text: LiveText | undefined = live === undefined
    ? undefined
    : ports.readLive(live);
  const evidence: ReclaimEvidence = {
    traces: ports.readTraces(),
    live: text && parseLiveList(text),
    nowMs: ports.nowMs(),
    graceMs,
    bootClockMs: ports.bootClockMs(),
  };
  const judged = read.networks.flatMap((network) =>
    network.reservations.map((reservation, index): Judged => {
      ports.progress.report(
        `looking for the containers of ${network.name}`,
        index,
        network.reservations.length,
      );
      const verdict = judge(network, reservation, { evidence, ports });
      return { network, reservation, verdict };
    })
  );
  const found = judged.filter(isReclaimable);
  const kept = judged.filter((each) => !isReclaimable(each));
  const done: Judged[] = [];
  const wanted = release ? found : [];
  for (const [network, own] of Map.groupBy(wanted, ({ network }) => network)) {
    for (let at = 0; at < own.length; at += MAX_AT_ONCE) {
      const some = own.slice(at, at + MAX_AT_ONCE);
      done.push(...await releaseAll(network, some, { evidence, ports }));
    }
  }
  const hasProblems = release
    ? done.some(({ failure }) => failure !== undefined)
    : found.length > 0;
  const reported = release ? done : found;
  return {
    status: !read.isComplete
      ? EXIT_STATUS.failure
      : hasProblems
      ? EXIT_STATUS.problems
      : EXIT_STATUS.ok,
    json: () => ({
      dryRun: !release,
      graceSeconds: graceMs / 1000,
      reclaimable: reported.map((each) =>
        reclaimableJson(each, { evidence, release })
      ),
      kept: kept.map((each) => keptJson(each, evidence)),
    }),
    lines: (screen) => [
      ...reclaimableLines(reported, { evidence, release, screen }),
      ...keptLines(kept, { evidence, screen }),
      ...(reported.length === 0 && kept.length === 0
        ? [`no reservations in ${dataDir}`]
        : []),
    ],
    notes: read.notes,
  };
}

function isReclaimable(each: Judged): each is Reclaimable {
  return each.verdict.kind === "reclaimable";
}

interface JudgeOptions {
  readonly evidence: ReclaimEvidence;
  readonly ports: Pick<OperatorPorts, "readCached">;
}

function judge(
  { name, exposure }: NetworkReservations,
  reservation: Reservation & Partial<RecordedReservation>,
  { evidence, ports }: JudgeOptions,
): Verdict {
  const path = evidence.traces.cached.get(cacheName(name, reservation.owner));
  return verdictOn({
    networkName: name,
    reservation,
    unreadable: reservation.unreadable,
    exposure,
    cached: path === undefined ? undefined : ports.readCached(path),
  }, evidence);
}

/**
 * Releases reservations under the lock of their network: those that are as they were when they were
 * judged, and of which the proofs still hold.
 */
async function releaseAll(
  network: NetworkReservations,
  reclaimable: readonly Reclaimable[],
  { evidence, ports }: {
    readonly evidence: ReclaimEvidence;
    readonly ports: OperatorPorts;
  },
): Promise<readonly Judged[]> {
  const { directory } = network;
  const failAll = (failure: string): readonly Judged[] =>
    reclaimable.map((each) => ({ ...each, failure }));
  try {
    using store = await ports.openForChange(storeConfigOf(directory));
    if (store === undefined) {
      return failAll(`open ${directory}: no such directory`);
    }
    const traces: RuntimeTraces = ports.readTraces();
    const current = { evidence: { ...evidence, traces }, ports };
    const known = new Map(
      reclaimable.map((each) => [each.reservation.location, each]),
    );
    const failures = new Map<Judged, string>();
    const chosen = new Map<Judged, ReclaimProofs>();
    let error: SystemError | undefined;
    try {
      store.releaseUnless((found) => {
        const each = known.get(found.location);
        if (each === undefined) return true;
        ports.progress.report(
          `checking again in ${network.name}`,
          chosen.size + failures.size,
          reclaimable.length,
        );
        const verdict = isSame(found, each.reservation)
          ? judge(network, found, current)
          : undefined;
        if (verdict?.kind !== "reclaimable") {
          failures.set(
            each,
            verdict?.reason.text ?? "it was reserved again meanwhile",
          );
          return true;
        }
        chosen.set(each, verdict.proofs);
        return false;
      });
    } catch (caught) {
      if (!(caught instanceof SystemError)) throw caught;
      error = caught;
    }
    const outcome = reclaimable.flatMap((each): readonly Judged[] => {
      const proofs = chosen.get(each);
      if (isThere(store, each.reservation)) {
        const failure = failures.get(each) ?? error?.message ??
          "it changed meanwhile";
        return [{ ...each, failure }];
      }
      // Its runtime has released it meanwhile.
      if (proofs === undefined) return [];
      ports.log("info", "reservation-reclaimed", logFields(each, proofs));
      return [each];
    });
    await store.unlockAndSync();
    return outcome;
  } catch (error) {
    if (error instanceof SystemError) return failAll(error.message);
    throw error;
  }
}

function isThere(
  store: LockedReservations,
  { address }: Reservation,
): boolean {
  try {
    return store.find(address) !== undefined;
  } catch (error) {
    if (error instanceof SystemError) return true;
    throw error;
  }
}

function isSame(a: Reservation, b: Reservation): boolean {
  return ownerKey(a.owner) === ownerKey(b.owner) &&
    a.reservedAtMs === b.reservedAtMs;
}

function logFields(
  { network, reservation: { address, owner, reservedAtMs } }: Judged,
  { ended, absent }: ReclaimProofs,
): LogFields {
  const ifName = interfaceOf(owner);
  return {
    network: network.name,
    address: formatIpAddress(address),
    container: containerOf(owner) ?? "",
    ...(ifName === "" ? {} : { interface: ifName }),
    reservedAt: new Date(reservedAtMs).toISOString(),
    ended: ended.text,
    absent: absent.text,
  };
}
