/** The reservations of a network by address and by owner, in memory. Pure. @module */

import { type Family, type IpAddress, lastValue } from "../net/ip_address.ts";
import type { FreeAddresses } from "./round_robin.ts";

/**
 * Answers questions about reservations in both directions. Owners are texts as `ownerKey` returns
 * them.
 */
export interface ReservationLookup extends FreeAddresses {
  /** Returns the addresses of an owner, in no particular order. */
  addressesOf(owner: string): readonly IpAddress[];
}

/** The reservations of a network in memory. */
export class ReservationTable implements ReservationLookup {
  readonly #owners: Readonly<Record<Family, Map<bigint, string>>> = {
    4: new Map(),
    6: new Map(),
  };
  /** The address values of each owner, by family. */
  readonly #values = new Map<string, Readonly<Record<Family, Set<bigint>>>>();

  /** The number of reservations. */
  get size(): number {
    return this.#owners[4].size + this.#owners[6].size;
  }

  /** Yields every address with its owner, in no particular order. */
  *entries(): Generator<readonly [IpAddress, string]> {
    for (const family of [4, 6] as const) {
      for (const [value, owner] of this.#owners[family]) {
        yield [{ family, value }, owner];
      }
    }
  }

  addressesOf(owner: string): readonly IpAddress[] {
    const values = this.#values.get(owner);
    if (values === undefined) return [];
    return ([4, 6] as const).flatMap((family) =>
      [...values[family]].map((value) => ({ family, value }))
    );
  }

  /** Adds a reservation. The address must not be in the table. */
  insert({ family, value }: IpAddress, owner: string): void {
    this.#owners[family].set(value, owner);
    const values = this.#values.get(owner) ?? { 4: new Set(), 6: new Set() };
    this.#values.set(owner, values);
    values[family].add(value);
  }

  /** Removes the reservation of an address, if there is one. */
  remove({ family, value }: IpAddress): void {
    const owner = this.#owners[family].get(value);
    if (owner === undefined) return;
    this.#owners[family].delete(value);
    this.#values.get(owner)?.[family].delete(value);
  }

  /**
   * Returns the lowest free address. Walks over what is taken, so at most once over the table,
   * never over the range.
   */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    const taken = this.#owners[from.family];
    const end = last.value < lastValue(from.family)
      ? last.value
      : lastValue(from.family);
    let value = from.value;
    while (value <= end && taken.has(value)) value++;
    return value <= end ? { family: from.family, value } : undefined;
  }
}
