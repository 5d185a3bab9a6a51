/** ISC dhcpd. @module */

import {
  encodeClasslessRoutes,
  type GivenLease,
  MASK_24,
  networkOf,
  type RealServer,
  type ServerKind,
  type ServerPlace,
  type Service,
} from "./dhcp_server.ts";
import { readOrEmpty, ServerProcess } from "./dhcp_server_process.ts";

/** The make. */
export const ISC_DHCPD: ServerKind = {
  name: "ISC dhcpd",
  requirements: ["root", "command:dhcpd"],
  leastLeaseSeconds: 1,
  make: (place, service) => new IscDhcpd(place, service),
};

class IscDhcpd implements RealServer {
  readonly process: ServerProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerPlace, service: Service) {
    this.#leaseFile = directory.join(`${label}.leases`);
    const configFile = directory.join(`${label}.conf`);
    Deno.writeTextFileSync(configFile, configOf(service));
    this.forget();
    this.process = new ServerProcess(netns, {
      logFile: directory.join(`${label}.log`),
      command: {
        command: [
          "dhcpd",
          "-4",
          "-f",
          "-d",
          "-cf",
          configFile,
          "-lf",
          this.#leaseFile,
          "--no-pid",
          "eth0",
        ],
        ready: "Server starting service.",
      },
    });
  }

  /** The file is a journal: the last entry of an address counts. */
  leases(): readonly GivenLease[] {
    const entries = readOrEmpty(this.#leaseFile).matchAll(
      /^lease (\S+) \{(.*?)^\}/gms,
    );
    const last = new Map<string, string>();
    for (const [, address = "", body = ""] of entries) last.set(address, body);
    return [...last].flatMap(([address, body]) => {
      const isActive = /^ +binding state active;/m.test(body);
      const [, mac = ""] = body.match(/hardware ethernet (\S+);/) ?? [];
      return isActive ? [{ address, mac }] : [];
    });
  }

  forget(): void {
    Deno.writeTextFileSync(this.#leaseFile, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

function configOf(service: Service): string {
  const { leaseSeconds, t1Seconds, t2Seconds, router, dns, domain } = service;
  const flat = (routes: readonly (readonly string[])[] = []): string =>
    routes.map((route) => route.join(" ")).join(", ");
  const options = {
    "dhcp-renewal-time": t1Seconds,
    "dhcp-rebinding-time": t2Seconds,
    routers: router,
    "domain-name-servers": dns?.join(", "),
    "domain-name": domain === undefined ? undefined : `"${domain}"`,
    "static-routes": service.staticRoutes && flat(service.staticRoutes),
    "classless-routes": service.classlessRoutes &&
      encodeClasslessRoutes(service.classlessRoutes).join(", "),
  };
  const lines = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`option ${name} ${value};`]
  );
  const networks = [service, ...(service.relayed ? [service.relayed] : [])];
  return [
    "authoritative;",
    "ping-check false;",
    "option classless-routes code 121 = array of unsigned integer 8;",
    `default-lease-time ${leaseSeconds};`,
    `max-lease-time ${leaseSeconds};`,
    `min-lease-time ${leaseSeconds};`,
    ...lines,
    ...networks.map(({ subnet, pool: [first, last] }) =>
      `subnet ${
        networkOf(subnet)
      } netmask ${MASK_24} { range ${first} ${last}; }`
    ),
    "",
  ].join("\n");
}
