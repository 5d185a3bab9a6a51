/**
 * CHECK: compares the previous result with the reservations (SPEC section 2, "CHECK"). Pure.
 *
 * @module
 */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { parseCidr } from "../net/cidr.ts";
import {
  formatIpAddress,
  type IpAddress,
  sameAddress,
  unmap,
} from "../net/ip_address.ts";
import { limitCount } from "./count_limit.ts";
import { findRange, type RangeSet } from "./range_set.ts";

/**
 * Reads the addresses of `prevResult`. There are none without a previous result.
 *
 * @throws {DecodeError} if `prevResult` or its `ips` have the wrong type.
 * @throws {ConfigError} if an address in it is invalid, or there are more than 1000.
 */
export function readPreviousAddresses(json: JsonObject): readonly IpAddress[] {
  const ips = json.object("prevResult")?.list("ips", (element, path) => {
    const ip = new JsonObject(element, path);
    const text = ip.string("address") ?? "";
    const cidr = parseCidr(text);
    if (cidr === undefined) {
      throw new ConfigError(`invalid CIDR address: ${text}`, ip.at("address"));
    }
    return unmap(cidr.address);
  }) ?? [];
  limitCount(ips.length, "addresses", "prevResult.ips");
  return ips;
}

/**
 * Finds a contradiction between the reservations of an attachment and its previous result.
 *
 * Every previous address that lies in a configured range must be held, and at least one of the held
 * addresses must be in the previous result. Previous addresses outside the ranges may be those of
 * other plugins, and are ignored.
 *
 * @returns What is wrong, or undefined.
 */
export function findMismatch(
  { held, previous, rangeSets }: {
    readonly held: readonly IpAddress[];
    readonly previous: readonly IpAddress[];
    readonly rangeSets: readonly RangeSet[];
  },
): string | undefined {
  if (held.length === 0) {
    return "no reservation of this container and interface exists";
  }
  const isIn = (list: readonly IpAddress[], address: IpAddress): boolean =>
    list.some((other) => sameAddress(other, address));
  const ours = previous.filter((address) =>
    rangeSets.some((set) => findRange(set, address) !== undefined)
  );
  const lost = ours.find((address) => !isIn(held, address));
  if (lost !== undefined) {
    return `prevResult has ${
      formatIpAddress(lost)
    }, which is not reserved for this container and interface`;
  }
  if (previous.length > 0 && !held.some((address) => isIn(previous, address))) {
    return `prevResult has none of the reserved addresses: ${
      held.map(formatIpAddress).join(" ")
    }`;
  }
  return undefined;
}
