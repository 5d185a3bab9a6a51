/** The index, with each answer compared with the files that it names. @module */

import { addressPlus, type IpAddress } from "../../net/ip_address.ts";
import { ownerKey } from "../reservation_format.ts";
import type { ReservationLookup } from "../reservation_table.ts";
import type { NetworkDirectory } from "./network_directory.ts";
import { IndexDoubt, type ReservationIndex } from "./reservation_index.ts";

/** A full range is compared with the files only if it has at most so many addresses. */
const MAX_COMPARED = 1_024n;

/**
 * Answers from a current index. Each method looks at a bounded number of files, and throws
 * {@link IndexDoubt} if one of them contradicts the index.
 *
 * That an owner has no address cannot be compared with anything, and is believed.
 */
export class CheckedIndex implements ReservationLookup {
  constructor(
    readonly index: ReservationIndex,
    readonly directory: NetworkDirectory,
  ) {}

  addressesOf(owner: string): readonly IpAddress[] {
    const addresses = this.index.addressesOf(owner);
    for (const address of addresses) {
      const found = this.directory.find(address);
      if (found === undefined || ownerKey(found.owner) !== owner) {
        throw this.#contradiction(address);
      }
    }
    return addresses;
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    const free = this.index.firstFree(from, last);
    if (free !== undefined) {
      if (this.directory.has(free)) throw this.#contradiction(free);
      return free;
    }
    if (last.value - from.value < MAX_COMPARED) {
      for (
        let address = from;
        address.value <= last.value;
        address = addressPlus(address, 1n)
      ) {
        if (!this.directory.has(address)) throw this.#contradiction(address);
      }
    }
    return undefined;
  }

  #contradiction(address: IpAddress): IndexDoubt {
    return new IndexDoubt(
      `index contradicts ${this.directory.pathOf(address)}`,
    );
  }
}
