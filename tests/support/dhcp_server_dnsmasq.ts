/** dnsmasq: serves no DNS, binds to its interface only. @module */

import type {
  GivenLease,
  RealServer,
  ServerKind,
  ServerPlace,
  Service,
} from "./dhcp_server.ts";
import { MASK_24 } from "./dhcp_server.ts";
import { readOrEmpty, ServerProcess } from "./dhcp_server_process.ts";

/** The make. */
export const DNSMASQ: ServerKind = {
  name: "dnsmasq",
  requirements: ["root", "command:dnsmasq"],
  leastLeaseSeconds: 120,
  make: (place, service) => new Dnsmasq(place, service),
};

class Dnsmasq implements RealServer {
  readonly process: ServerProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerPlace, service: Service) {
    this.#leaseFile = directory.join(`${label}.leases`);
    this.process = new ServerProcess(netns, {
      logFile: directory.join(`${label}.log`),
      command: {
        command: [
          "dnsmasq",
          "--conf-file=/dev/null",
          "--keep-in-foreground",
          "--log-facility=-",
          "--user=root",
          "--port=0",
          "--interface=eth0",
          "--bind-interfaces",
          "--no-ping",
          "--dhcp-authoritative",
          "--log-dhcp",
          `--pid-file=${directory.join(`${label}.pid`)}`,
          `--dhcp-leasefile=${this.#leaseFile}`,
          ...optionsOf(service),
        ],
        ready: "DHCP, IP range",
      },
    });
  }

  /** A line is: when it ends, hardware address, address, host name, client identifier. */
  leases(): readonly GivenLease[] {
    return readOrEmpty(this.#leaseFile).split("\n").flatMap((line) => {
      const [, mac, address] = line.split(" ");
      return mac === undefined || address === undefined
        ? []
        : [{ mac, address }];
    });
  }

  forget(): void {
    Deno.removeSync(this.#leaseFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

function optionsOf(service: Service): string[] {
  const { t1Seconds, t2Seconds, router, dns, domain } = service;
  const flat = (routes: readonly (readonly string[])[] = []): string =>
    routes.flat().join(",");
  const options: readonly (readonly [number, string | number | undefined])[] = [
    [58, t1Seconds],
    [59, t2Seconds],
    // Without a value it is not sent, where dnsmasq would name itself.
    [3, router ?? ""],
    [6, dns?.join(",") ?? ""],
    [15, domain],
    [121, service.classlessRoutes && flat(service.classlessRoutes)],
    [33, service.staticRoutes && flat(service.staticRoutes)],
  ];
  const ranges = [service, ...(service.relayed ? [service.relayed] : [])];
  return [
    ...ranges.map(({ pool: [first, last] }) =>
      `--dhcp-range=${first},${last},${MASK_24},${service.leaseSeconds}`
    ),
    ...options.flatMap(([code, value]) =>
      value === undefined
        ? []
        : [`--dhcp-option=${code}${value === "" ? "" : `,${value}`}`]
    ),
  ];
}
