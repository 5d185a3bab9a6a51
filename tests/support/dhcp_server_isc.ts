/** ISC dhcpd as one of the servers that the client is tested with. @module */

import {
  BackgroundProcess,
  readTextOrEmpty,
} from "../../tools/lab/background_process.ts";
import {
  encodeClasslessRoutes,
  MASK_24,
  networkOf,
  networksOf,
  type RealServer,
  type ServerKind,
  type ServerLease,
  type ServerLocation,
  type Service,
} from "./dhcp_server.ts";
import { copyOfProgram } from "./program_copy.ts";

/** ISC dhcpd. */
export const ISC_DHCPD: ServerKind = {
  name: "ISC dhcpd",
  requirements: ["root", "command:dhcpd"],
  minLeaseSeconds: 1,
  create: (location, service) => new IscDhcpd(location, service),
};

class IscDhcpd implements RealServer {
  readonly process: BackgroundProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerLocation, service: Service) {
    this.#leaseFile = directory.join(`${label}.leases`);
    const configFile = directory.join(`${label}.conf`);
    Deno.writeTextFileSync(configFile, configOf(service));
    // It does not start without the file.
    Deno.writeTextFileSync(this.#leaseFile, "");
    this.process = new BackgroundProcess([
      ...netns.enter,
      copyOfProgram("dhcpd", directory),
      ...["-4", "-f", "-d", "-cf", configFile],
      ...["-lf", this.#leaseFile, "--no-pid", "eth0"],
    ], {
      logFile: directory.join(`${label}.log`),
      ready: "Server starting service.",
    });
  }

  /** The file is a journal: the last entry of an address counts. */
  get leases(): readonly ServerLease[] {
    const entries = readTextOrEmpty(this.#leaseFile).matchAll(
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
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
  return [
    "authoritative;",
    "ping-check false;",
    "option classless-routes code 121 = array of unsigned integer 8;",
    `default-lease-time ${leaseSeconds};`,
    `max-lease-time ${leaseSeconds};`,
    `min-lease-time ${leaseSeconds};`,
    ...lines,
    ...networksOf(service).map(({ subnet, pool: [first, last] }) =>
      `subnet ${
        networkOf(subnet)
      } netmask ${MASK_24} { range ${first} ${last}; }`
    ),
    "",
  ].join("\n");
}
