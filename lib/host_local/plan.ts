/** What an ADD is going to do, decided before anything is written. Pure. @module */

import {
  formatIpAddress,
  type IpAddress,
  sameAddress,
} from "../net/ip_address.ts";
import { type FreeAddresses, nextAddress } from "./allocator.ts";
import {
  findRange,
  formatRangeSet,
  isGateway,
  type RangeSet,
} from "./range_set.ts";

/** An address that the attachment holds already. */
export interface HeldAddress {
  readonly address: IpAddress;
  /** Whether the ADD that reserved it is known to be over: from before the last boot, or never answered. */
  readonly reusable: boolean;
}

/** What is known about the reservations of the network when an ADD comes. */
export interface Reservations extends FreeAddresses {
  /** Addresses of the attachment, in the order of their file names. */
  readonly held: readonly HeldAddress[];
  /** The address in the cursor file of range set `index`, if it holds one. */
  cursor(index: number): IpAddress | undefined;
}

/** The addresses of one ADD. */
export interface AddPlan {
  /** One a range set, in order. */
  readonly addresses: readonly IpAddress[];
  /** Those of them that are to be reserved anew, with the set whose cursor they move. */
  readonly fresh: readonly {
    readonly address: IpAddress;
    readonly setIndex: number;
  }[];
  /** Those of them that the attachment held already. */
  readonly adopted: readonly IpAddress[];
  /** Reusable addresses of the attachment that others take the place of. */
  readonly abandoned: readonly IpAddress[];
}

/** Why no address can be given. */
export type PoolErrorKind =
  | "exhausted"
  | "duplicate"
  | "gateway"
  | "not-available"
  | "outside-ranges";

/** An ADD that cannot be served. */
export class PoolError extends Error {
  override readonly name = "PoolError";
  /** @param address The address in question, if it is about one. */
  constructor(
    readonly kind: PoolErrorKind,
    message: string,
    readonly address: IpAddress | undefined,
  ) {
    super(message);
  }
}

interface Choice {
  readonly address: IpAddress;
  readonly adopted: boolean;
  readonly abandoned: readonly IpAddress[];
}

function notAvailable(address: IpAddress, set: RangeSet): PoolError {
  const text = `requested IP address ${
    formatIpAddress(address)
  } is not available in range set ${formatRangeSet(set)}`;
  return new PoolError("not-available", text, address);
}

function duplicate(address: IpAddress, containerId: string): PoolError {
  const text = `${
    formatIpAddress(address)
  } has been allocated to ${containerId}, duplicate allocation is not allowed`;
  return new PoolError("duplicate", text, address);
}

function chooseRequested(
  requested: IpAddress,
  { set, held, containerId, reservations }: SetInput,
): Choice {
  if (isGateway(set, requested)) {
    throw new PoolError(
      "gateway",
      `requested ip ${formatIpAddress(requested)} is subnet's gateway`,
      requested,
    );
  }
  const own = held.find(({ address }) => sameAddress(address, requested));
  const others = held.filter((candidate) => candidate !== own);
  if (own !== undefined && !own.reusable) throw notAvailable(requested, set);
  if (
    own === undefined &&
    reservations.firstFree(requested, requested) === undefined
  ) {
    throw notAvailable(requested, set);
  }
  const inUse = others.find(({ reusable }) => !reusable);
  if (inUse !== undefined) throw duplicate(inUse.address, containerId);
  return {
    address: requested,
    adopted: own !== undefined,
    abandoned: others.map(({ address }) => address),
  };
}

function chooseAny(
  { set, setIndex, held, containerId, reservations }: SetInput,
): Choice {
  const inUse = held.find(({ reusable }) => !reusable);
  if (inUse !== undefined) throw duplicate(inUse.address, containerId);
  const [first, ...others] = held;
  if (first !== undefined) {
    return {
      address: first.address,
      adopted: true,
      abandoned: others.map(({ address }) => address),
    };
  }
  const address = nextAddress(set, reservations.cursor(setIndex), reservations);
  if (address !== undefined) return { address, adopted: false, abandoned: [] };
  throw new PoolError(
    "exhausted",
    `no IP addresses available in range set: ${formatRangeSet(set)}`,
    undefined,
  );
}

interface SetInput {
  readonly set: RangeSet;
  readonly setIndex: number;
  /** What the attachment holds in this set. */
  readonly held: readonly HeldAddress[];
  readonly containerId: string;
  readonly reservations: Reservations;
}

function choose(requested: IpAddress | undefined, input: SetInput): Choice {
  try {
    return requested === undefined
      ? chooseAny(input)
      : chooseRequested(requested, input);
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    throw new PoolError(
      error.kind,
      `failed to allocate for range ${input.setIndex}: ${error.message}`,
      error.address,
    );
  }
}

/**
 * Chooses one address out of each range set.
 *
 * A set serves the first request that lies in it. An attachment never gets a second address in a set; what it holds
 * there from before a boot, or from an ADD that never answered, it gets again.
 *
 * @throws {PoolError} With upstream's text; nothing has been written then.
 */
export function planAdd(
  { rangeSets, requestedAddresses, containerId }: {
    readonly rangeSets: readonly RangeSet[];
    readonly requestedAddresses: readonly IpAddress[];
    readonly containerId: string;
  },
  reservations: Reservations,
): AddPlan {
  const waiting = [...requestedAddresses];
  const choices = rangeSets.map((set, setIndex) => {
    const at = waiting.findIndex((address) =>
      findRange(set, address) !== undefined
    );
    const [requested] = at < 0 ? [] : waiting.splice(at, 1);
    const held = reservations.held.filter(({ address }) =>
      findRange(set, address) !== undefined
    );
    return choose(requested, {
      set,
      setIndex,
      held,
      containerId,
      reservations,
    });
  });
  if (waiting.length > 0) {
    const list = waiting.map(formatIpAddress).join(" ");
    throw new PoolError(
      "outside-ranges",
      `failed to allocate all requested IPs: ${list}`,
      waiting[0],
    );
  }
  return {
    addresses: choices.map(({ address }) => address),
    fresh: choices.flatMap(({ address, adopted }, setIndex) =>
      adopted ? [] : [{ address, setIndex }]
    ),
    adopted: choices.filter(({ adopted }) => adopted).map(({ address }) =>
      address
    ),
    abandoned: choices.flatMap(({ abandoned }) => abandoned),
  };
}
