/**
 * The result of an IPAM plugin (SPEC section 5, "Delegated plugins (IPAM)"), in any version.
 *
 * @module
 */

import type { Cidr } from "../net/cidr.ts";
import type { IpAddress } from "../net/ip_address.ts";

/** One address for the container. */
export interface IpConfig {
  /** The address with the prefix length of its subnet. */
  readonly address: Cidr;
  readonly gateway?: IpAddress;
}

/** One route for the container. A key that is not configured is absent. */
export interface Route {
  readonly dst?: Cidr;
  readonly gw?: IpAddress;
  /** Bytes; 0 counts as not given. */
  readonly mtu?: number;
  /** Bytes; 0 counts as not given. */
  readonly advmss?: number;
  /** 0 counts as not given. */
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** Name resolution for the container. Empty lists and an empty domain count as not given. */
export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** The result of ADD. */
export interface Result {
  readonly ips: readonly IpConfig[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

/** Name resolution that is not configured. */
export const NO_DNS: Dns = {
  nameservers: [],
  domain: "",
  search: [],
  options: [],
};
