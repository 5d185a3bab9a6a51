/** What an ADD is going to do, decided before anything is written. Pure. @module */

import {
  formatIpAddress,
  type IpAddress,
  sameAddress,
} from "../net/ip_address.ts";
import { isExcluded, type Range } from "./range.ts";
import {
  findRange,
  formatRangeSet,
  isGateway,
  type RangeSet,
} from "./range_set.ts";
import type { AddressPreferences } from "./address_preferences.ts";
import { type FreeAddresses, nextAddress } from "./round_robin.ts";

/** An address that the attachment holds already. */
export interface HeldAddress {
  readonly address: IpAddress;
  /**
   * Whether the ADD that reserved it is known to be over: made before the last boot, or never
   * answered.
   */
  readonly reusable: boolean;
}

/** The reservations of a network, as an ADD finds them. */
export interface Reservations extends FreeAddresses {
  /** Addresses of the attachment, in the order of their file names. */
  readonly held: readonly HeldAddress[];
  /** Returns the last address reserved from range set `index`, if it is known. */
  cursor(index: number): IpAddress | undefined;
}

/** The address chosen from one range set. */
export interface Choice {
  readonly address: IpAddress;
  /** The range that it lies in. */
  readonly range: Range;
  /**
   * Whether the attachment holds it already. If not, it is to be reserved, and the cursor of the
   * set moves to it.
   */
  readonly reused: boolean;
  /** The other reusable addresses of the attachment in this set, which are to be released. */
  readonly replaced: readonly IpAddress[];
}

/** One choice per range set, in order. */
export interface AddPlan {
  readonly choices: readonly Choice[];
}

/** Why no address can be allocated. */
export type PoolErrorKind =
  | "exhausted"
  | "duplicate"
  | "gateway"
  | "excluded"
  | "cooling"
  | "not-available"
  | "outside-ranges";

/** An ADD that cannot be served. */
export class PoolError extends Error {
  override readonly name = "PoolError";
  /** The addresses that the error is about. */
  readonly addresses: readonly IpAddress[];
  /** The range set that is exhausted. */
  readonly set: RangeSet | undefined;

  constructor(
    readonly kind: PoolErrorKind,
    message: string,
    { addresses = [], set }: {
      readonly addresses?: readonly IpAddress[];
      readonly set?: RangeSet | undefined;
    } = {},
  ) {
    super(message);
    this.addresses = addresses;
    this.set = set;
  }
}

/** An address and the range of the set that it lies in. */
interface Located {
  readonly address: IpAddress;
  readonly range: Range;
}

interface SetInput {
  readonly set: RangeSet;
  readonly setIndex: number;
  /** What the attachment holds in this set. */
  readonly held: readonly (Located & HeldAddress)[];
  readonly containerId: string;
  readonly reservations: Reservations;
  readonly preferences: AddressPreferences | undefined;
}

function locate(set: RangeSet, address: IpAddress): Located | undefined {
  const range = findRange(set, address);
  return range && { address, range };
}

function notAvailable(
  address: IpAddress,
  set: RangeSet,
  kind: "not-available" | "cooling",
): PoolError {
  const text = `requested IP address ${formatIpAddress(address)}` +
    ` is not available in range set ${formatRangeSet(set)}`;
  return new PoolError(kind, text, { addresses: [address] });
}

function refuseDuplicate(
  held: readonly HeldAddress[],
  containerId: string,
): void {
  const inUse = held.find(({ reusable }) => !reusable)?.address;
  if (inUse === undefined) return;
  const text =
    `${formatIpAddress(inUse)} has been allocated to ${containerId}` +
    ", duplicate allocation is not allowed";
  throw new PoolError("duplicate", text, { addresses: [inUse] });
}

function addressesOf(held: readonly HeldAddress[]): readonly IpAddress[] {
  return held.map(({ address }) => address);
}

function chooseRequested(
  { address, range }: Located,
  { set, held, containerId, reservations, preferences }: SetInput,
): Choice {
  if (isGateway(set, address)) {
    const text = `requested ip ${formatIpAddress(address)} is subnet's gateway`;
    throw new PoolError("gateway", text, { addresses: [address] });
  }
  if (isExcluded(range, address)) {
    const text = `requested ip ${formatIpAddress(address)} is excluded`;
    throw new PoolError("excluded", text, { addresses: [address] });
  }
  const own = held.find((candidate) => sameAddress(candidate.address, address));
  const isAvailable = own === undefined
    ? reservations.firstFree(address, address) !== undefined
    : own.reusable;
  if (!isAvailable) throw notAvailable(address, set, "not-available");
  if (own === undefined && preferences?.cooling(address) !== undefined) {
    throw notAvailable(address, set, "cooling");
  }
  const others = held.filter((candidate) => candidate !== own);
  refuseDuplicate(others, containerId);
  const reused = own !== undefined;
  return { address, range, reused, replaced: addressesOf(others) };
}

function chooseAny(
  { set, setIndex, held, containerId, reservations, preferences }: SetInput,
): Choice {
  refuseDuplicate(held, containerId);
  // What has been excluded since is replaced.
  const own = held.find(({ address, range }) => !isExcluded(range, address));
  if (own !== undefined) {
    const { address, range } = own;
    const others = held.filter((candidate) => candidate !== own);
    return { address, range, reused: true, replaced: addressesOf(others) };
  }
  const address = chooseFree(set, {
    cursor: reservations.cursor(setIndex),
    free: reservations,
    preferences,
  });
  const located = address && locate(set, address);
  if (located !== undefined) {
    return { ...located, reused: false, replaced: addressesOf(held) };
  }
  const text = `no IP addresses available in range set: ${formatRangeSet(set)}`;
  throw new PoolError("exhausted", text, { set });
}

/**
 * Chooses a free address of a set, as an ADD without a request does. Returns undefined if there is
 * none that it may have.
 */
export function chooseFree(
  set: RangeSet,
  { cursor, free, preferences }: {
    readonly cursor: IpAddress | undefined;
    readonly free: FreeAddresses;
    readonly preferences: AddressPreferences | undefined;
  },
): IpAddress | undefined {
  return preferences === undefined
    ? nextAddress(set, cursor, free)
    : preferences.choose(set, { cursor, free });
}

function choose(requested: Located | undefined, input: SetInput): Choice {
  try {
    return requested === undefined
      ? chooseAny(input)
      : chooseRequested(requested, input);
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    const text =
      `failed to allocate for range ${input.setIndex}: ${error.message}`;
    throw new PoolError(error.kind, text, error);
  }
}

/**
 * Chooses one address from each range set.
 *
 * A set serves the first request that lies in it. An attachment never gets a second address in a
 * set; what it holds there from before a boot, or from an ADD that never answered, it gets again.
 *
 * @throws {PoolError} if a set has no address for the attachment, with upstream's text.
 */
export function planAdd(
  { rangeSets, requestedAddresses, containerId, preferences }: {
    readonly rangeSets: readonly RangeSet[];
    readonly requestedAddresses: readonly IpAddress[];
    readonly containerId: string;
    readonly preferences?: AddressPreferences | undefined;
  },
  reservations: Reservations,
): AddPlan {
  const unserved = [...requestedAddresses];
  const takeRequest = (set: RangeSet): Located | undefined => {
    const at = unserved.findIndex((address) => findRange(set, address));
    const [address] = at < 0 ? [] : unserved.splice(at, 1);
    return address && locate(set, address);
  };
  const choices = rangeSets.map((set, setIndex) => {
    const held = reservations.held.flatMap(({ address, reusable }) => {
      const located = locate(set, address);
      return located === undefined ? [] : [{ ...located, reusable }];
    });
    const input = {
      set,
      setIndex,
      held,
      containerId,
      reservations,
      preferences,
    };
    return choose(takeRequest(set), input);
  });
  if (unserved.length > 0) {
    const list = unserved.map(formatIpAddress).join(" ");
    const text = `failed to allocate all requested IPs: ${list}`;
    throw new PoolError("outside-ranges", text, { addresses: unserved });
  }
  return { choices };
}
