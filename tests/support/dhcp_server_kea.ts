/** Kea as one of the servers that the client is tested with. @module */

import {
  BackgroundProcess,
  readTextOrEmpty,
} from "../../tools/lab/background_process.ts";
import {
  encodeClasslessRoutes,
  networksOf,
  type RealServer,
  type ServerKind,
  type ServerLease,
  type ServerLocation,
  type Service,
} from "./dhcp_server.ts";
import { copyOfProgram } from "./program_copy.ts";

/** Kea. */
export const KEA: ServerKind = {
  name: "Kea",
  requirements: ["root", "command:kea-dhcp4"],
  minLeaseSeconds: 1,
  create: (location, service) => new Kea(location, service),
};

/** The state of an active lease in the memfile; a released lease has the lifetime 0. */
const STATE_DEFAULT = "0";

class Kea implements RealServer {
  readonly process: BackgroundProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerLocation, service: Service) {
    this.#leaseFile = directory.join(`${label}.csv`);
    const configFile = directory.join(`${label}.json`);
    const config = configOf(service, this.#leaseFile);
    Deno.writeTextFileSync(configFile, JSON.stringify(config));
    this.process = new BackgroundProcess(
      [
        ...netns.enter,
        ...[copyOfProgram("kea-dhcp4", directory), "-c", configFile],
      ],
      {
        logFile: directory.join(`${label}.log`),
        ready: "DHCP4_STARTED",
        env: {
          KEA_PIDFILE_DIR: directory.path,
          KEA_LOCKFILE_DIR: directory.path,
          KEA_LOGGER_DESTINATION: "stdout",
        },
      },
    );
  }

  /** The file is a journal: the last line of an address counts. */
  get leases(): readonly ServerLease[] {
    const last = new Map<string, ServerLease | undefined>();
    for (const line of readTextOrEmpty(this.#leaseFile).split("\n").slice(1)) {
      const [address = "", mac = "", , lifetime, , , , , , state] = line.split(
        ",",
      );
      if (address === "") continue;
      const isActive = lifetime !== "0" && state === STATE_DEFAULT;
      last.set(address, isActive ? { address, mac } : undefined);
    }
    return [...last.values()].filter((lease) => lease !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
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
  return {
    Dhcp4: {
      "interfaces-config": {
        interfaces: ["eth0"],
        // On a busy machine the interface may not be running yet. Kea would then serve no client.
        "service-sockets-max-retries": 100,
        "service-sockets-retry-wait-time": 100,
      },
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
      // Otherwise Kea 2.2 keeps a released lease in its file for a while.
      "expired-leases-processing": { "hold-reclaimed-time": 0 },
      "option-data": options,
      subnet4: networksOf(service).map((
        { subnet, pool: [first, last] },
        index,
      ) => ({
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
