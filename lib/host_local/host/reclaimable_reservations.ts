/**
 * Finds the reservations that an ADD may release when a range set is full. Loaded only then, as a
 * file of its own (see tools/build/bundle.ts), so it throws no error of its own and returns plain
 * values.
 *
 * @module
 */

import { bootClockMs, nowMs } from "../../sys/clock.ts";
import { findReclaimable } from "../operator/find_reclaimable.ts";
import type { Reclaimable, Reservation } from "../ports.ts";
import { readCached, readTraces } from "./read_runtime_traces.ts";

/** Returns the reservations of a network whose containers no longer exist on this host. */
export function reclaimableReservations(
  networkName: string,
  reservations: readonly Reservation[],
): readonly Reclaimable[] {
  return findReclaimable(networkName, reservations, {
    readTraces,
    readCached,
    nowMs,
    bootClockMs,
  });
}
