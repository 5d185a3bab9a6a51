/** What the tests need from a real DHCP server, of any kind. @module */

import type { BackgroundProcess } from "../../tools/lab/background_process.ts";
import type { NetworkNamespace } from "../../tools/lab/network_namespace.ts";
import type { Requirement } from "./requirements.ts";
import type { TempDir } from "./temp_dir.ts";

/** What a server serves on its interface `eth0`. */
export interface Service {
  /** The server's address on eth0. */
  readonly server: string;
  /** The network of eth0, a CIDR of prefix length 24. */
  readonly subnet: string;
  /** First and last address of the pool. */
  readonly pool: readonly [string, string];
  /** At least the server's {@link ServerKind.minLeaseSeconds}. */
  readonly leaseSeconds: number;
  /** T1 and T2; undefined: the server's own values, or none. */
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

/** An active lease in the server's own file. */
export interface ServerLease {
  readonly address: string;
  /** Hexadecimal digits with colons. */
  readonly mac: string;
}

/** A server, running or not. */
export interface RealServer extends AsyncDisposable {
  readonly process: BackgroundProcess;
  /** The leases in its file that are neither expired nor released. */
  readonly leases: readonly ServerLease[];
}

/** A kind of server. */
export interface ServerKind {
  readonly name: string;
  readonly requirements: readonly Requirement[];
  /** The shortest lease time that it grants. */
  readonly minLeaseSeconds: number;
  /** Creates a server without starting it. */
  create(location: ServerLocation, service: Service): RealServer;
}

/** Where a server runs and keeps its files. */
export interface ServerLocation {
  readonly netns: NetworkNamespace;
  readonly directory: TempDir;
  /** Distinguishes the servers of one directory. */
  readonly label: string;
}

/** Encodes the content of option 121 (RFC 3442). */
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

/** The mask of prefix length 24. */
export const MASK_24 = "255.255.255.0";

/** The network address of a CIDR. */
export function networkOf(cidr: string): string {
  return cidr.replace(/\/.*$/, "");
}

/** All networks that a service has a pool for. */
export function networksOf(
  service: Service,
): readonly Pick<Service, "subnet" | "pool">[] {
  return service.relayed === undefined ? [service] : [service, service.relayed];
}

function bytesOf(address: string): number[] {
  return address.split(".").map(Number);
}
