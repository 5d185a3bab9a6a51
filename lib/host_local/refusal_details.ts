/** The `details` of a refused ADD: facts that an operator can act on. Pure. @module */

import { formatIpAddress } from "../net/ip_address.ts";
import type { PoolError } from "./add_plan.ts";
import type { Reservation, ReservationStore } from "./ports.ts";
import type { Owner } from "./reservation_format.ts";

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;

/** Formats a number of milliseconds as its two largest units, as in `3h12m`. */
export function formatAge(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts = UNITS.flatMap(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.slice(0, 2).join("") || "0s";
}

function formatHolder(owner: Owner): string {
  switch (owner.kind) {
    case "attachment":
      return `container ${owner.attachment.containerId}, interface ${owner.attachment.ifName}`;
    case "container":
      return `container ${owner.containerId}`;
    case "unknown":
    case "none":
      return "an unknown owner";
  }
}

/**
 * Says who holds an address, since when, and where that is recorded.
 *
 * @param nowMs Wall clock, milliseconds since 1970.
 */
export function describeReservation(
  reservation: Reservation,
  nowMs: number,
): string {
  const { address, owner, reservedAtMs, fromEarlierBoot, location } =
    reservation;
  const since = new Date(reservedAtMs).toISOString();
  const boot = fromEarlierBoot ? "before the last boot" : "in this boot";
  return `${formatIpAddress(address)} is held by ${
    formatHolder(owner)
  } since ${since} ` +
    `(${formatAge(nowMs - reservedAtMs)} ago, ${boot}): ${location}`;
}

/**
 * Returns the `details` for an ADD that found no address; empty where the message says it all.
 *
 * @param options `nowMs`: wall clock, milliseconds since 1970; `directory`: where the reservations
 *   of the network are.
 */
export function describeRefusal(
  error: PoolError,
  { store, nowMs, directory }: {
    readonly store: Pick<ReservationStore, "find" | "count">;
    readonly nowMs: number;
    readonly directory: string;
  },
): string {
  switch (error.kind) {
    case "exhausted": {
      const { total, inspected, fromEarlierBoot } = store.count();
      const which = inspected === total ? "them" : `the first ${inspected}`;
      return `${total} addresses are held in ${directory}, ` +
        `${fromEarlierBoot} of ${which} since before the last boot; ` +
        "a DEL or GC by the runtime releases those that are no longer in use";
    }
    case "duplicate":
    case "not-available": {
      const reservation = error.address && store.find(error.address);
      return reservation === undefined
        ? `see ${directory}`
        : describeReservation(reservation, nowMs);
    }
    case "gateway":
    case "outside-ranges":
      return "";
  }
}
