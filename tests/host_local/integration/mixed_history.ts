/**
 * Decides whether the calls on a network directory explain the reservations that they leave behind.
 *
 * Concurrent calls have no single order: a call acts at some moment between its start and its end.
 * A history is legal if at least one order within these intervals explains it. Each address has its
 * own order, because upstream's ADD takes the lock once per range set.
 * @module
 */

interface Interval {
  /** Taken before the process starts, on a monotonic clock. */
  readonly startMs: number;
  /** Taken after the process has ended. */
  readonly endMs: number;
}

/**
 * A successful ADD: every address that it printed was free, and belongs to the owner from then on.
 */
export interface Reserve extends Interval {
  readonly kind: "reserve";
  /** Content of the address files. */
  readonly owner: string;
  readonly addresses: readonly string[];
}

/**
 * A successful DEL, or the part of a GC that concerns one owner: frees all addresses that belong to
 * the owner.
 */
export interface Release extends Interval {
  readonly kind: "release";
  readonly owner: string;
}

/** What one call did. */
export type Effect = Reserve | Release;

/** Maps each address to its owner, the content of the address file. */
export type Reservations = ReadonlyMap<string, string>;

/**
 * Returns a sentence for each address whose history no legal order of the effects explains; empty
 * if all is well.
 *
 * Finds addresses that two owners hold at the same time, addresses lost while they are held, and
 * leaks.
 */
export function findViolations({ before, effects, after }: {
  readonly before: Reservations;
  readonly effects: readonly Effect[];
  readonly after: Reservations;
}): string[] {
  const reserved = effects.flatMap((effect) =>
    effect.kind === "reserve" ? effect.addresses : []
  );
  const addresses = new Set([...before.keys(), ...reserved, ...after.keys()]);
  return [...addresses].flatMap((address) => {
    const first = before.get(address);
    const changes = effectsOn(address, { owner: first, effects });
    const possible = possibleOwners(first, changes);
    const last = after.get(address);
    if (possible.has(last)) return [];
    const expected = possible.size === 0
      ? "no order of the calls is legal"
      : `expected ${[...possible].map(describeOwner).join(" or ")}`;
    return [
      `${address}: ${
        [
          `${describeOwner(first)} before`,
          ...changes.map(describeEffect),
          `${describeOwner(last)} after`,
        ].join(", ")
      }; ${expected}`,
    ];
  });
}

/** The effects that can change who holds the address. */
function effectsOn(address: string, { owner, effects }: {
  readonly owner: string | undefined;
  readonly effects: readonly Effect[];
}): Effect[] {
  const reserves = effects.filter((effect) =>
    effect.kind === "reserve" && effect.addresses.includes(address)
  );
  const owners = new Set([owner, ...reserves.map(({ owner }) => owner)]);
  const releases = effects.filter((effect) =>
    effect.kind === "release" && owners.has(effect.owner)
  );
  return [...reserves, ...releases];
}

/**
 * Who can hold an address after the effects, for every legal order of them; empty if there is no
 * legal order.
 */
function possibleOwners(
  owner: string | undefined,
  effects: readonly Effect[],
): Set<string | undefined> {
  if (effects.length === 0) return new Set([owner]);
  const possible = new Set<string | undefined>();
  for (const next of effects) {
    const isLater = effects.some(({ endMs }) => endMs < next.startMs);
    const isDouble = next.kind === "reserve" && owner !== undefined;
    if (isLater || isDouble) continue;
    const rest = effects.filter((effect) => effect !== next);
    for (const last of possibleOwners(ownerAfter(owner, next), rest)) {
      possible.add(last);
    }
  }
  return possible;
}

function ownerAfter(
  owner: string | undefined,
  effect: Effect,
): string | undefined {
  if (effect.kind === "reserve") return effect.owner;
  return owner === effect.owner ? undefined : owner;
}

function describeOwner(owner: string | undefined): string {
  return owner === undefined ? "free" : JSON.stringify(owner);
}

function describeEffect({ kind, owner, startMs, endMs }: Effect): string {
  return `${kind} ${JSON.stringify(owner)} in ${startMs.toFixed(1)}..${
    endMs.toFixed(1)
  } ms`;
}
