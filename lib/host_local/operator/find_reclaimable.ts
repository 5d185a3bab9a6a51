/**
 * Finds what an ADD may release when a range set is full, by the proofs of `host-local reclaim`.
 * Pure but for the ports.
 *
 * @module
 */

import type { Reclaimable, Reservation } from "../ports.ts";
import { cacheName } from "./liveness.ts";
import type { OperatorPorts } from "./ports.ts";
import { verdictOn } from "./reclaim_proofs.ts";

/** Younger reservations are kept: the container may just be starting. Milliseconds. */
const GRACE_MS = 3_600_000;

/** Returns the reservations of a network whose containers no longer exist. */
export function findReclaimable(
  networkName: string,
  reservations: readonly Reservation[],
  ports: Pick<
    OperatorPorts,
    "readTraces" | "readCached" | "nowMs" | "bootClockMs"
  >,
): readonly Reclaimable[] {
  const traces = ports.readTraces();
  const evidence = {
    traces,
    live: undefined,
    nowMs: ports.nowMs(),
    graceMs: GRACE_MS,
    bootClockMs: ports.bootClockMs(),
  };
  return reservations.flatMap((reservation) => {
    const path = traces.cached.get(cacheName(networkName, reservation.owner));
    const verdict = verdictOn({
      networkName,
      reservation,
      unreadable: undefined,
      exposure: undefined,
      cached: path === undefined ? undefined : ports.readCached(path),
    }, evidence);
    if (verdict.kind === "kept") return [];
    const { ended, absent } = verdict.proofs;
    return [{ reservation, ended: ended.text, absent: absent.text }];
  });
}
