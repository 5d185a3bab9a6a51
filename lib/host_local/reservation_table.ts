/** Reservations by address and by owner: the questions, and the answer out of memory. Pure. @module */

import { type Family, type IpAddress, lastValue } from "../net/ip_address.ts";
import type { FreeAddresses } from "./round_robin.ts";

/** Who holds what, in either direction. Owners are the texts of `ownerKey`. */
export interface ReservationLookup extends FreeAddresses {
  /** In no particular order. */
  addressesOf(owner: string): readonly IpAddress[];
  insert(address: IpAddress, owner: string): void;
  remove(address: IpAddress): void;
}

/** The reservations of a small network, or of any network while they are being read. */
export class ReservationTable implements ReservationLookup {
  readonly #owners: Readonly<Record<Family, Map<bigint, string>>> = {
    4: new Map(),
    6: new Map(),
  };
  readonly #addresses = new Map<string, IpAddress[]>();

  /** How many there are. */
  get size(): number {
    return this.#owners[4].size + this.#owners[6].size;
  }

  /** All of them, in no particular order. */
  *entries(): Iterable<readonly [IpAddress, string]> {
    for (const family of [4, 6] as const) {
      for (const [value, owner] of this.#owners[family]) {
        yield [{ family, value }, owner];
      }
    }
  }

  addressesOf(owner: string): readonly IpAddress[] {
    return this.#addresses.get(owner) ?? [];
  }

  insert(address: IpAddress, owner: string): void {
    this.#owners[address.family].set(address.value, owner);
    const addresses = this.#addresses.get(owner);
    if (addresses === undefined) this.#addresses.set(owner, [address]);
    else addresses.push(address);
  }

  remove({ family, value }: IpAddress): void {
    const owner = this.#owners[family].get(value);
    if (owner === undefined) return;
    this.#owners[family].delete(value);
    const rest = this.addressesOf(owner).filter((other) =>
      other.family !== family || other.value !== value
    );
    this.#addresses.set(owner, [...rest]);
  }

  /** Walks over what is taken, so at most once over the table, never over the range. */
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
