/** Which free addresses an ADD prefers, and which it leaves alone. Pure. @module */

import type { ContainerInterface } from "../cni/attachment.ts";
import { formatAge } from "../base/age.ts";
import { addressPlus, type IpAddress } from "../net/ip_address.ts";
import {
  type AddressHistory,
  type AddressUse,
  coolingSeconds,
  type HistorySettings,
  type Moment,
  type Pod,
  samePod,
} from "./address_history.ts";
import { isUsable, type RangeSet } from "./range_set.ts";
import { formatOwner, type Owner } from "./reservation_format.ts";
import { type FreeAddresses, nextAddress } from "./round_robin.ts";

/** An address that may not be allocated yet. */
export interface CoolingAddress {
  readonly use: AddressUse;
  /** From now on. */
  readonly seconds: number;
}

/** What is asked about a reservation that a pod may take over. */
interface OldReservation {
  readonly owner: Owner;
  readonly fromEarlierBoot: boolean;
}

/** The preferences of an ADD among free addresses, by what is remembered about them. */
export class AddressPreferences {
  readonly #history: AddressHistory;
  readonly #settings: HistorySettings;
  readonly #attachment: ContainerInterface | undefined;
  readonly #now: Moment;

  /** @param options `attachment`: the one of the ADD; undefined for a container without history. */
  constructor({ history, settings, attachment, now }: {
    readonly history: AddressHistory;
    readonly settings: HistorySettings;
    readonly attachment?: ContainerInterface | undefined;
    readonly now: Moment;
  }) {
    this.#history = history;
    this.#settings = settings;
    this.#attachment = attachment;
    this.#now = now;
  }

  /**
   * Chooses an address of a set: the last one of the pod; then the next one that neither cools down
   * nor is kept for another pod; then, of those that are kept, the one that was released first.
   */
  choose(
    set: RangeSet,
    { cursor, free }: {
      readonly cursor: IpAddress | undefined;
      readonly free: FreeAddresses;
    },
  ): IpAddress | undefined {
    const isFree = ({ address }: AddressUse): boolean =>
      isUsable(set, address) && free.firstFree(address, address) !== undefined;
    const own = this.keptForOwnPod().find(isFree);
    if (own !== undefined) return own.address;
    const next = nextAddress(set, cursor, {
      firstFree: (from, last) => this.#firstPreferred(from, last, free),
    });
    return next ??
      this.#history.uses().find((use) =>
        this.#isKept(use) && this.#secondsOf(use) === 0 && isFree(use)
      )?.address;
  }

  /** Returns the addresses that the pod or the container of the ADD had, the last one first. */
  keptForOwnPod(): readonly AddressUse[] {
    return this.#settings.isSticky
      ? this.#history.uses().filter((use) => this.#isOwn(use)).toReversed()
      : [];
  }

  /**
   * Releases what the pod of the ADD held before the last boot: its container cannot be running,
   * and the runtime will release the address only when the new one has another.
   */
  releaseFromEarlierBoot<T extends OldReservation>(
    store: {
      find(address: IpAddress): T | undefined;
      reclaim(reservations: readonly T[]): void;
    },
    rangeSets: readonly RangeSet[],
  ): void {
    const found = this.keptForOwnPod().flatMap(({ address, attachment }) => {
      if (!rangeSets.some((set) => isUsable(set, address))) return [];
      const reservation = store.find(address);
      const isSame = reservation?.owner.kind === "attachment" &&
        formatOwner(reservation.owner.attachment) === formatOwner(attachment);
      return isSame && reservation.fromEarlierBoot ? [reservation] : [];
    });
    if (found.length > 0) store.reclaim(found);
  }

  #firstPreferred(
    from: IpAddress,
    last: IpAddress,
    free: FreeAddresses,
  ): IpAddress | undefined {
    let candidate = from;
    while (candidate.value <= last.value) {
      if (!this.#isAvoided(candidate)) {
        const found = free.firstFree(candidate, last);
        if (found === undefined || !this.#isAvoided(found)) return found;
        candidate = found;
      }
      candidate = addressPlus(candidate, 1n);
    }
    return undefined;
  }

  #isAvoided(address: IpAddress): boolean {
    const use = this.#history.of(address);
    return use !== undefined &&
      (this.#isKept(use) || this.#secondsOf(use) > 0);
  }

  /** Whether a use was by the pod or the container of the ADD. */
  #isOwn({ pod, attachment: { containerId, ifName } }: AddressUse): boolean {
    return ifName === this.#attachment?.ifName &&
      (samePod(pod, this.#settings.pod) ||
        containerId === this.#attachment.containerId);
  }

  #isKept(use: AddressUse): boolean {
    return this.#settings.isSticky && use.pod !== undefined &&
      !this.#isOwn(use);
  }

  #secondsOf(use: AddressUse): number {
    const { cooldownSeconds } = this.#settings;
    return this.#isOwn(use)
      ? 0
      : coolingSeconds(use, { cooldownSeconds, now: this.#now });
  }

  /** Returns how a free address cools down; undefined if it does not. */
  cooling(address: IpAddress): CoolingAddress | undefined {
    const use = this.#history.of(address);
    const seconds = use === undefined ? 0 : this.#secondsOf(use);
    return use === undefined || seconds === 0 ? undefined : { use, seconds };
  }

  /**
   * Says when an address that cools down was released, by what, and when it becomes free; undefined
   * if it does not cool down.
   */
  describeCooling(address: IpAddress): string | undefined {
    const cooling = this.cooling(address);
    if (cooling === undefined) return undefined;
    const { use: { attachment, pod, released }, seconds } = cooling;
    const who = pod !== undefined
      ? ` by pod ${pod.namespace}/${pod.name}`
      : attachment.containerId === ""
      ? ""
      : ` by container ${attachment.containerId}`;
    const when = new Date(released?.atMs ?? 0).toISOString();
    return `released${who} at ${when}` +
      ` and cools down for another ${
        formatAge(seconds * 1000)
      } (cooldownSeconds)`;
  }

  /** Returns the pod of a reservation, if it is remembered. */
  podOf(
    reservation: { readonly address: IpAddress; readonly owner: Owner },
  ): Pod | undefined {
    return rememberedPod(reservation, this.#history);
  }

  /** Returns the pod that a free address is kept for, if it is. */
  keptFor(address: IpAddress): AddressUse["pod"] {
    const use = this.#history.of(address);
    return use !== undefined && this.#isKept(use) ? use.pod : undefined;
  }

  /** Returns the free addresses of a set that cool down, the first one to be free first. */
  coolingIn(set: RangeSet, free: FreeAddresses): readonly CoolingAddress[] {
    return this.#history.uses()
      .map((use) => ({ use, seconds: this.#secondsOf(use) }))
      .filter(({ use: { address }, seconds }) =>
        seconds > 0 && isUsable(set, address) &&
        free.firstFree(address, address) !== undefined
      )
      .sort((a, b) => a.seconds - b.seconds);
  }
}

/** Returns the pod of a reservation, if it is remembered. */
export function rememberedPod(
  { address, owner }: { readonly address: IpAddress; readonly owner: Owner },
  history: AddressHistory,
): Pod | undefined {
  if (history.isEmpty) return undefined;
  const use = history.of(address);
  return owner.kind === "attachment" && use !== undefined &&
      formatOwner(use.attachment) === formatOwner(owner.attachment)
    ? use.pod
    : undefined;
}
