/**
 * One range of addresses: from its configuration to exact bounds, and which addresses lie in it.
 * Pure.
 *
 * @module
 */

import { ConfigError } from "../base/errors.ts";
import type { JsonObject } from "../base/json_reader.ts";
import { readAddress, readCidr } from "../cni/address_reader.ts";
import {
  type Cidr,
  cidrContains,
  formatCidr,
  lastAddress,
  networkAddress,
} from "../net/cidr.ts";
import {
  addressBits,
  addressPlus,
  formatIpAddress,
  type IpAddress,
  isMapped,
} from "../net/ip_address.ts";
import {
  type Interval,
  intervalsOverlap,
  mergeIntervals,
  type RawExclude,
  readExclude,
  withoutIntervals,
} from "./exclude.ts";

/** Every key of a range object. */
export const RANGE_KEYS: readonly string[] = [
  "subnet",
  "rangeStart",
  "rangeEnd",
  "gateway",
  "exclude",
];

/** The keys of a range object, as configured. */
export interface RawRange {
  readonly subnet: Cidr | undefined;
  readonly rangeStart: IpAddress | undefined;
  readonly rangeEnd: IpAddress | undefined;
  readonly gateway: IpAddress | undefined;
  readonly exclude: readonly RawExclude[];
  /** JSON path of the object. */
  readonly path: string;
}

/** A pool of addresses, `rangeStart` to `rangeEnd` inclusive, all inside `subnet`. */
export interface Range {
  /** Without host bits. */
  readonly subnet: Cidr;
  readonly rangeStart: IpAddress;
  readonly rangeEnd: IpAddress;
  /** Absent where the subnet has no address to spare for one and none was configured. */
  readonly gateway?: IpAddress;
  /** What is not allocated, sorted and without overlaps; absent if that is nothing. */
  readonly exclude?: readonly Interval[];
}

/**
 * Reads the keys of a range.
 *
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if a value is not an address, or not a network.
 */
export function readRange(json: JsonObject): RawRange {
  return {
    subnet: readCidr(json, "subnet"),
    rangeStart: readAddress(json, "rangeStart"),
    rangeEnd: readAddress(json, "rangeEnd"),
    gateway: readAddress(json, "gateway"),
    exclude: readExclude(json),
    path: json.path,
  };
}

/** Returns whether `address` lies in the range. Gateways do, too. */
export function rangeContains(range: Range, address: IpAddress): boolean {
  return address.family === range.rangeStart.family &&
    range.rangeStart.value <= address.value &&
    address.value <= range.rangeEnd.value;
}

/** Returns whether `address` lies in the range and is excluded. */
export function isExcluded({ exclude }: Range, address: IpAddress): boolean {
  return exclude?.some((each) =>
    intervalsOverlap(each, { first: address, last: address })
  ) === true;
}

/** Returns the addresses of the range that are not excluded, in order. Gateways are among them. */
export function includedIntervals(range: Range): readonly Interval[] {
  const { rangeStart: first, rangeEnd: last, exclude = [] } = range;
  return withoutIntervals({ first, last }, exclude);
}

/** Returns whether two ranges share an address. */
export function rangesOverlap(a: Range, b: Range): boolean {
  return a.rangeStart.family === b.rangeStart.family &&
    a.rangeStart.value <= b.rangeEnd.value &&
    b.rangeStart.value <= a.rangeEnd.value;
}

/** Formats a range for messages, as `first-last`. */
export function formatRange({ rangeStart, rangeEnd }: Range): string {
  return `${formatIpAddress(rangeStart)}-${formatIpAddress(rangeEnd)}`;
}

function checkSubnet(subnet: Cidr, path: string): void {
  if (isMapped(subnet.address)) {
    throw new ConfigError("IPNet IP and Mask version mismatch", path, {
      advice: "write the IPv4 network without ::ffff:",
    });
  }
  const network = networkAddress(subnet);
  if (network.value !== subnet.address.value) {
    throw new ConfigError(
      `Network has host bits set. For a subnet mask of length ${subnet.prefixLength} the network address is ${
        formatIpAddress(network)
      }`,
      path,
      {
        advice: `write ${
          JSON.stringify(formatCidr({ ...subnet, address: network }))
        }`,
      },
    );
  }
}

/**
 * Returns whether the subnet has only one or two addresses, none to spare for a gateway (RFC 3021,
 * RFC 6164).
 */
export function isTiny({ address, prefixLength }: Cidr): boolean {
  return addressBits(address.family) - prefixLength < 2;
}

/**
 * Fills in the keys that are absent, and checks the others.
 *
 * The range of a subnet of one or two addresses (RFC 3021, RFC 6164) has all of them, and no
 * gateway unless one is configured. Elsewhere the default range leaves out the network address and,
 * for IPv4, the broadcast address; they are allocated if `rangeStart` or `rangeEnd` names them.
 *
 * @throws {ConfigError} if the range is invalid, with upstream's text.
 */
export function resolveRange(raw: RawRange): Range {
  const { subnet, rangeStart, rangeEnd } = raw;
  if (subnet === undefined) {
    throw new ConfigError("IP <nil> not v4 nor v6", raw.path, {
      advice: 'the range has no subnet; write one, such as "192.0.2.0/24"',
    });
  }
  checkSubnet(subnet, `${raw.path}.subnet`);
  const last = lastAddress(subnet);
  const tiny = isTiny(subnet);
  const first = tiny ? subnet.address : addressPlus(subnet.address, 1n);
  const gateway = raw.gateway ?? (tiny ? undefined : first);

  const start = rangeStart ?? first;
  // Values are compared whatever the family: an end of the wrong family is reported below, as the
  // end.
  const isAboveEnd = rangeStart !== undefined && rangeEnd !== undefined &&
    rangeStart.value > rangeEnd.value;
  if (!cidrContains(subnet, start) || isAboveEnd) {
    throw outside("RangeStart", start, subnet, `${raw.path}.rangeStart`);
  }
  const usualEnd = tiny || last.family === 6 ? last : addressPlus(last, -1n);
  // A start above the usual end makes a range of that one address; upstream leaves the subnet
  // there.
  const end = rangeEnd ?? (start.value > usualEnd.value ? start : usualEnd);
  if (!cidrContains(subnet, end) || end.value < start.value) {
    throw outside("RangeEnd", end, subnet, `${raw.path}.rangeEnd`);
  }
  refuseOutsideExclude(raw.exclude, subnet);
  const exclude = mergeIntervals(raw.exclude, { first: start, last: end });
  return {
    subnet,
    rangeStart: start,
    rangeEnd: end,
    ...(gateway === undefined ? {} : { gateway }),
    ...(exclude.length === 0 ? {} : { exclude }),
  };
}

/**
 * Refuses what excludes nothing, because it is outside the subnet: what was meant instead would be
 * allocated.
 */
function refuseOutsideExclude(
  exclude: readonly RawExclude[],
  subnet: Cidr,
): void {
  const whole = { first: networkAddress(subnet), last: lastAddress(subnet) };
  const wrong = exclude.find((each) => !intervalsOverlap(each, whole));
  if (wrong === undefined) return;
  throw new ConfigError(
    `exclude ${wrong.text} not in network ${formatCidr(subnet)}`,
    wrong.path,
    { advice: `write addresses of ${formatCidr(subnet)}, or remove it` },
  );
}

function outside(
  key: string,
  address: IpAddress,
  subnet: Cidr,
  path: string,
): ConfigError {
  return new ConfigError(
    `${key} ${formatIpAddress(address)} not in network ${formatCidr(subnet)}`,
    path,
    {
      advice: `write addresses of ${formatCidr(subnet)}, ${
        formatIpAddress(subnet.address)
      } to ${
        formatIpAddress(lastAddress(subnet))
      }, with rangeStart not above rangeEnd`,
    },
  );
}
