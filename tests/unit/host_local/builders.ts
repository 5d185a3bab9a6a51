/** Addresses, ranges and reservations from their text form. @module */

import { assert } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import type { ContainerInterface } from "../../../lib/cni/attachment.ts";
import type {
  HeldAddress,
  Reservations,
} from "../../../lib/host_local/add_plan.ts";
import {
  type Range,
  readRange,
  resolveRange,
} from "../../../lib/host_local/range.ts";
import type { RangeSet } from "../../../lib/host_local/range_set.ts";
import { ReservationTable } from "../../../lib/host_local/reservation_table.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseAnyFamily,
} from "../../../lib/net/ip_address.ts";

/** The address `text`, in its own family. */
export function ip(text: string): IpAddress {
  const address = parseAnyFamily(text);
  assert(address !== undefined, `${text} is not an address`);
  return address;
}

/** Formats each address. */
export function texts(addresses: readonly IpAddress[]): string[] {
  return addresses.map(formatIpAddress);
}

/** The keys of a range object, as a configuration has them. */
export interface RangeKeys {
  readonly subnet?: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
  readonly gateway?: string;
  readonly exclude?: readonly string[];
}

/** The range that `keys` configure; a text is the subnet alone. */
export function range(keys: string | RangeKeys): Range {
  const json = typeof keys === "string" ? { subnet: keys } : keys;
  return resolveRange(readRange(new JsonObject(json, "r")));
}

/** A set of ranges as {@link range} reads them. */
export function rangeSet(
  first: string | RangeKeys,
  ...rest: readonly (string | RangeKeys)[]
): RangeSet {
  return [range(first), ...rest.map(range)];
}

/** A table in which another container holds `addresses`. */
export function tableOf(addresses: readonly string[]): ReservationTable {
  const table = new ReservationTable();
  for (const address of addresses) table.insert(ip(address), "other\r\neth0");
  return table;
}

/** The reservations that an ADD finds: of the attachment, of others, and the cursors. */
export function reservations(
  { inUse = [], reusable = [], others = [], cursors = [] }: {
    /** Held by the attachment, which may still use them. */
    readonly inUse?: readonly string[];
    /** Held by the attachment since an ADD that is known to be over. */
    readonly reusable?: readonly string[];
    readonly others?: readonly string[];
    /** By range set; an empty text if there is none. */
    readonly cursors?: readonly string[];
  } = {},
): Reservations {
  const held: HeldAddress[] = [
    ...inUse.map((address) => ({ address: ip(address), reusable: false })),
    ...reusable.map((address) => ({ address: ip(address), reusable: true })),
  ].sort((a, b) =>
    formatIpAddress(a.address) < formatIpAddress(b.address) ? -1 : 1
  );
  const table = tableOf([...others, ...inUse, ...reusable]);
  return {
    held,
    cursor: (index) => cursors[index] ? ip(cursors[index]) : undefined,
    firstFree: (from, last) => table.firstFree(from, last),
  };
}

/** Interface eth0 of container c1, unless `facts` say otherwise. */
export function attachment(
  facts: Partial<ContainerInterface> = {},
): ContainerInterface {
  return { containerId: "c1", ifName: "eth0", ...facts };
}
