/** How a pod keeps its addresses across a boot. Pure but for the store that it is given. @module */

import type { AddressPreferences } from "./address_preferences.ts";
import type { ReservationStore } from "./ports.ts";
import { isUsable, type RangeSet } from "./range_set.ts";
import { formatOwner } from "./reservation_format.ts";

/**
 * Releases what the pod of an ADD held before the last boot: its container cannot be running, and
 * the runtime will release the address only when the new one has another.
 */
export function releaseFromEarlierBoot(
  store: Pick<ReservationStore, "find" | "reclaim">,
  { preferences, rangeSets }: {
    readonly preferences: AddressPreferences | undefined;
    readonly rangeSets: readonly RangeSet[];
  },
): void {
  const found = (preferences?.keptForOwnPod() ?? []).flatMap((use) => {
    if (!rangeSets.some((set) => isUsable(set, use.address))) return [];
    const reservation = store.find(use.address);
    const isSame = reservation?.owner.kind === "attachment" &&
      formatOwner(reservation.owner.attachment) === formatOwner(use.attachment);
    return isSame && reservation.fromEarlierBoot ? [reservation] : [];
  });
  if (found.length > 0) store.reclaim(found);
}
