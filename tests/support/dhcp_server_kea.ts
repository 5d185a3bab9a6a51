/** Kea. @module */

import {
  encodeClasslessRoutes,
  type GivenLease,
  type RealServer,
  type ServerKind,
  type ServerPlace,
  type Service,
} from "./dhcp_server.ts";
import { readOrEmpty, ServerProcess } from "./dhcp_server_process.ts";

/** The make. */
export const KEA: ServerKind = {
  name: "Kea",
  requirements: ["root", "command:kea-dhcp4"],
  leastLeaseSeconds: 1,
  make: (place, service) => new Kea(place, service),
};

/** Numbers of the memfile's states; a lease that was released has no lifetime left, or is gone from the pool. */
const STATE_DEFAULT = "0";

class Kea implements RealServer {
  readonly process: ServerProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerPlace, service: Service) {
    this.#leaseFile = directory.join(`${label}.csv`);
    const configFile = directory.join(`${label}.json`);
    const config = configOf(service, this.#leaseFile);
    Deno.writeTextFileSync(configFile, JSON.stringify(config));
    this.process = new ServerProcess(netns, {
      logFile: directory.join(`${label}.log`),
      command: {
        command: ["kea-dhcp4", "-c", configFile],
        env: {
          KEA_PIDFILE_DIR: directory.path,
          KEA_LOCKFILE_DIR: directory.path,
          KEA_LOGGER_DESTINATION: "stdout",
        },
        ready: "DHCP4_STARTED",
      },
    });
  }

  /** The file is a journal: the last line of an address counts. */
  leases(): readonly GivenLease[] {
    const last = new Map<string, GivenLease | undefined>();
    for (const line of readOrEmpty(this.#leaseFile).split("\n").slice(1)) {
      const [address = "", mac = "", , lifetime, , , , , , state] = line.split(
        ",",
      );
      if (address === "") continue;
      const isGiven = lifetime !== "0" && state === STATE_DEFAULT;
      last.set(address, isGiven ? { address, mac } : undefined);
    }
    return [...last.values()].filter((lease) => lease !== undefined);
  }

  forget(): void {
    Deno.removeSync(this.#leaseFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

function configOf(service: Service, leaseFile: string): unknown {
  const { leaseSeconds, t1Seconds, t2Seconds, router, dns, domain } = service;
  const hex = (bytes: readonly number[]): string =>
    bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const hosts = service.staticRoutes?.flat().join(", ");
  const options = [
    { name: "routers", data: router },
    { name: "domain-name-servers", data: dns?.join(", ") },
    { name: "domain-name", data: domain },
    { name: "static-routes", data: hosts },
    {
      code: 121,
      "csv-format": false,
      data: service.classlessRoutes &&
        hex(encodeClasslessRoutes(service.classlessRoutes)),
    },
  ].filter(({ data }) => data !== undefined);
  const networks = [service, ...(service.relayed ? [service.relayed] : [])];
  return {
    Dhcp4: {
      "interfaces-config": { interfaces: ["eth0"] },
      "lease-database": {
        type: "memfile",
        persist: true,
        name: leaseFile,
        "lfc-interval": 0,
      },
      authoritative: true,
      "valid-lifetime": leaseSeconds,
      ...(t1Seconds === undefined ? {} : { "renew-timer": t1Seconds }),
      ...(t2Seconds === undefined ? {} : { "rebind-timer": t2Seconds }),
      // Otherwise Kea 2.2 keeps what is released for a while, which looks like a lease that was not given back.
      "expired-leases-processing": { "hold-reclaimed-time": 0 },
      "option-data": options,
      subnet4: networks.map(({ subnet, pool: [first, last] }, index) => ({
        id: index + 1,
        subnet,
        pools: [{ pool: `${first} - ${last}` }],
      })),
      loggers: [{
        name: "kea-dhcp4",
        severity: "DEBUG",
        debuglevel: 15,
        output_options: [{ output: "stdout", flush: true }],
      }],
    },
  };
}
