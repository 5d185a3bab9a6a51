/** The `details` of a refused ADD: facts that an operator can act on. Pure. @module */

import { formatAge } from "../base/age.ts";
import {
  cidrContains,
  formatCidr,
  lastAddress,
  networkAddress,
} from "../net/cidr.ts";
import {
  formatIpAddress,
  type IpAddress,
  sameAddress,
} from "../net/ip_address.ts";
import type { Pod } from "./address_history.ts";
import type { AddressPreferences } from "./address_preferences.ts";
import type { PoolError } from "./add_plan.ts";
import type { Reservation, ReservationStore } from "./ports.ts";
import {
  countUsableAddresses,
  findRange,
  formatRangeSet,
  type RangeSet,
  usableAddresses,
} from "./range_set.ts";
import type { Owner } from "./reservation_format.ts";

/** How many reservations are inspected to count those of an earlier boot. */
const MAX_INSPECTED = 256;

function formatHolder(owner: Owner, pod: Pod | undefined): string {
  switch (owner.kind) {
    case "attachment": {
      const { containerId, ifName } = owner.attachment;
      const ofPod = pod === undefined
        ? ""
        : ` of pod ${pod.namespace}/${pod.name}`;
      return `container ${containerId}${ofPod}, interface ${ifName}`;
    }
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
 * @param preferences What knows the pod of the container.
 */
export function describeReservation(
  reservation: Reservation,
  nowMs: number,
  { preferences }: Pick<Partial<RefusalContext>, "preferences"> = {},
): string {
  const { address, owner, reservedAtMs, fromEarlierBoot, location } =
    reservation;
  const since = new Date(reservedAtMs).toISOString();
  const boot = fromEarlierBoot ? "before the last boot" : "in this boot";
  return `${formatIpAddress(address)} is held by ${
    formatHolder(owner, preferences?.podOf(reservation))
  } since ${since} ` +
    `(${formatAge(nowMs - reservedAtMs)} ago, ${boot}): ${location}`;
}

/**
 * Says why no address of a range set can be allocated: how many are held or cool down, and how many
 * were reserved before the boot.
 */
function describeFullSet(
  set: RangeSet,
  { store, directory, preferences, foundNothingToReclaim }: RefusalContext,
): string {
  const total = countUsableAddresses(set);
  const inspected = usableAddresses(set).take(MAX_INSPECTED).toArray();
  const old = inspected.filter((address) =>
    store.find(address)?.fromEarlierBoot === true
  );
  const addresses = total === 1n ? "address" : "addresses";
  const which = total > MAX_INSPECTED ? `the first ${MAX_INSPECTED}` : "them";
  const cooling = preferences?.coolingIn(set, store) ?? [];
  const held = total - BigInt(cooling.length);
  const [next] = cooling;
  return `this range set has ${total} usable ${addresses}, ` +
    `${next === undefined ? "all" : held} held in ${directory}, ` +
    `${old.length} of ${which} reserved before the last boot` +
    (next === undefined
      ? "; "
      : `, and ${cooling.length} cooling down (the first, ${
        formatIpAddress(next.use.address)
      }, for another ${formatAge(next.seconds * 1000)}); `) +
    "a DEL or GC by the runtime releases those that are no longer in use, and " +
    "host-local reclaim shows which containers are gone" +
    (foundNothingToReclaim === true
      ? "; reclaimOnExhaustion found none that it may release"
      : "");
}

/** Says what an address is in the subnet that it lies in; empty if it lies in none. */
function describePlace(
  address: IpAddress,
  rangeSets: readonly RangeSet[],
): string {
  const range = rangeSets.flat().find(({ subnet }) =>
    cidrContains(subnet, address)
  );
  if (range === undefined) return "";
  const { subnet, gateway } = range;
  const isLast = sameAddress(address, lastAddress(subnet));
  const what = gateway !== undefined && sameAddress(address, gateway)
    ? "the gateway of"
    : sameAddress(address, networkAddress(subnet))
    ? "the network address of"
    : isLast && address.family === 4
    ? "the broadcast address of"
    : "in";
  return `${what} ${formatCidr(subnet)} and `;
}

/** Says what releases a reservation that a request cannot have. */
function adviceOn({ address, owner, fromEarlierBoot }: Reservation): string {
  if (owner.kind === "unknown" || owner.kind === "none") {
    return "host-local check-state says what to do with the file";
  }
  if (fromEarlierBoot) {
    return "a DEL or GC by the runtime releases it, and host-local reclaim shows whether it can";
  }
  return `request another address, or remove that container; host-local explain ${
    formatIpAddress(address)
  } says whether it still exists`;
}

/** Says why no range set serves the request for `address`. */
function describeUnserved(
  address: IpAddress,
  { rangeSets, requestedAddresses }: RefusalContext,
): string {
  const text = formatIpAddress(address);
  const index = rangeSets.findIndex((set) => findRange(set, address));
  const set = rangeSets[index];
  if (set === undefined) {
    const ranges = rangeSets.map(formatRangeSet).join(",");
    return `${text} is ${
      describePlace(address, rangeSets)
    }outside the ranges ${ranges}: request one of their addresses, or change rangeStart and rangeEnd`;
  }
  const [served = address] = requestedAddresses.filter((other) =>
    findRange(set, other)
  );
  return `${text} is in range set ${index}, which serves only one request: ${
    formatIpAddress(served)
  }`;
}

/** What the details of a refused ADD are made of. */
interface RefusalContext {
  readonly store: Pick<ReservationStore, "find" | "firstFree">;
  readonly preferences: AddressPreferences | undefined;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
  /** Where the reservations of the network are. */
  readonly directory: string;
  readonly rangeSets: readonly RangeSet[];
  readonly requestedAddresses: readonly IpAddress[];
  /** Whether the ADD has looked for reservations that it may release, in vain. Default: false. */
  readonly foundNothingToReclaim?: boolean | undefined;
}

/** Returns the `details` for an ADD that found no address; empty where the message says it all. */
export function describeRefusal(
  error: PoolError,
  context: RefusalContext,
): string {
  const { store, nowMs, directory } = context;
  const [address] = error.addresses;
  switch (error.kind) {
    case "exhausted":
      return error.set === undefined ? "" : describeFullSet(error.set, context);
    case "duplicate":
    case "not-available": {
      const reservation = address && store.find(address);
      if (reservation === undefined) return `see ${directory}`;
      const holder = describeReservation(reservation, nowMs, context);
      return error.kind === "duplicate"
        ? holder
        : `${holder}; ${adviceOn(reservation)}`;
    }
    case "outside-ranges":
      return error.addresses
        .map((unserved) => describeUnserved(unserved, context)).join("; ");
    case "cooling": {
      const cooling = address && context.preferences?.describeCooling(address);
      return address === undefined || cooling === undefined
        ? ""
        : `${
          formatIpAddress(address)
        } was ${cooling}; request another address, or repeat the ADD then`;
    }
    case "excluded":
      return "the network configuration excludes it from its range; request another address, or remove it from exclude";
    case "gateway":
      return "a gateway is never allocated; request another address, or configure another gateway";
  }
}
