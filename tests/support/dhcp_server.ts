/** What the tests want of a real DHCP server, whichever it is. @module */

import type { ServerProcess } from "./dhcp_server_process.ts";
import type { TestNetns } from "./network_namespaces.ts";
import type { Requirement } from "./requirements.ts";
import type { TempDir } from "./temp_dir.ts";

/** What a server is to serve, on its interface `eth0`. */
export interface Service {
  /** The server's own address on eth0. */
  readonly server: string;
  /** The network of eth0, as CIDR with a mask of 24 bits. */
  readonly subnet: string;
  /** First and last address to give. */
  readonly pool: readonly [string, string];
  /** Of a lease; dnsmasq makes no shorter ones than 120. */
  readonly leaseSeconds: number;
  /** When to renew; undefined: what the server says by itself, or nothing. */
  readonly t1Seconds?: number;
  readonly t2Seconds?: number;
  readonly router?: string;
  readonly dns?: readonly string[];
  readonly domain?: string;
  /** Option 121: destination and router. */
  readonly classlessRoutes?: readonly (readonly [string, string])[];
  /** Option 33: destination host and router. */
  readonly staticRoutes?: readonly (readonly [string, string])[];
  /** A second network behind a relay, served from `subnet`. */
  readonly relayed?: {
    readonly subnet: string;
    readonly pool: readonly [string, string];
  };
}

/** A lease that the server's own file has as given. */
export interface GivenLease {
  readonly address: string;
  /** Hexadecimal digits with colons. */
  readonly mac: string;
}

/** A server that was started. */
export interface RealServer extends AsyncDisposable {
  readonly process: ServerProcess;
  /** The leases in its file that are neither ended nor given back. */
  leases(): readonly GivenLease[];
  /** Forgets all leases; only while it is stopped. */
  forget(): void;
}

/** A make of server. */
export interface ServerKind {
  readonly name: string;
  readonly requirements: readonly Requirement[];
  /** No lease is shorter. */
  readonly leastLeaseSeconds: number;
  /** A server that is not running yet. */
  make(place: ServerPlace, service: Service): RealServer;
}

/** Where a server runs and keeps its files. */
export interface ServerPlace {
  readonly netns: TestNetns;
  readonly directory: TempDir;
  /** Distinguishes servers in one directory. */
  readonly label: string;
}

/** The content of option 121 (RFC 3442). */
export function encodeClasslessRoutes(
  routes: readonly (readonly [string, string])[],
): number[] {
  return routes.flatMap(([destination, router]) => {
    const [address = "", length = "32"] = destination.split("/");
    const significant = Math.ceil(Number(length) / 8);
    return [
      Number(length),
      ...bytesOf(address).slice(0, significant),
      ...bytesOf(router),
    ];
  });
}

/** The mask of a /24. */
export const MASK_24 = "255.255.255.0";

/** The network address of a CIDR. */
export function networkOf(cidr: string): string {
  return cidr.replace(/\/.*$/, "");
}

function bytesOf(address: string): number[] {
  return address.split(".").map(Number);
}
