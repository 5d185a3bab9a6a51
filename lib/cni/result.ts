/** The result of an IPAM plugin (SPEC section 5, "Delegated plugins (IPAM)"), whatever its version. @module */

import type { Cidr } from "../net/cidr.ts";
import type { IpAddress } from "../net/ip_address.ts";

/** One address for the container. */
export interface IpConfig {
  /** The address with the prefix length of its subnet. */
  readonly address: Cidr;
  readonly gateway?: IpAddress;
}

/** One route for the container; a key that was not configured is absent. */
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

/** Name resolution for the container; empty lists and an empty domain count as not given. */
export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Everything an IPAM plugin can say. */
export interface Result {
  readonly ips: readonly IpConfig[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

/** No name resolution. */
export const NO_DNS: Dns = {
  nameservers: [],
  domain: "",
  search: [],
  options: [],
};
