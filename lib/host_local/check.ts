/** What CHECK compares: the previous result with the reservations (SPEC section 2, "CHECK"). Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { parseCidr } from "../net/cidr.ts";
import {
  formatIpAddress,
  type IpAddress,
  sameAddress,
  unmap,
} from "../net/ip_address.ts";
import { findRange, type RangeSet } from "./range_set.ts";

/**
 * The addresses of `prevResult`; none if there is no previous result.
 *
 * @throws {DecodeError | ConfigError} If `prevResult` is there and its `ips` are not those of a result.
 */
export function readPreviousAddresses(json: JsonObject): readonly IpAddress[] {
  return json.object("prevResult")?.list("ips", (element, path) => {
    const ip = new JsonObject(element, path);
    const text = ip.string("address") ?? "";
    const cidr = parseCidr(text);
    if (cidr === undefined) {
      throw new ConfigError(`invalid CIDR address: ${text}`, ip.at("address"));
    }
    return unmap(cidr.address);
  }) ?? [];
}

/**
 * What is wrong with the reservations of an attachment.
 *
 * Every previous address that lies in a configured range must be held, and of what is held at least one must be among
 * the previous addresses; addresses of other plugins are none of our business.
 *
 * @returns The reason, or undefined if all is well.
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
    return `reserved is ${
      held.map(formatIpAddress).join(" ")
    }, which prevResult does not have`;
  }
  return undefined;
}
