/** dnsmasq as one of the servers that the client is tested with. @module */

import { Dnsmasq } from "../../tools/lab/dnsmasq.ts";
import {
  MASK_24,
  networksOf,
  type ServerKind,
  type Service,
} from "./dhcp_server.ts";

/** dnsmasq. */
export const DNSMASQ: ServerKind = {
  name: "dnsmasq",
  requirements: ["root", "command:dnsmasq"],
  minLeaseSeconds: 120,
  create: ({ netns, directory, label }, service) =>
    new Dnsmasq({
      enter: netns.enter,
      folder: directory.path,
      name: label,
      ranges: networksOf(service).map(({ pool }) => [...pool, MASK_24]),
      leaseSeconds: service.leaseSeconds,
      isVerbose: true,
      extra: optionsOf(service),
    }),
};

function optionsOf(service: Service): string[] {
  const { t1Seconds, t2Seconds, router, dns, domain } = service;
  const flat = (routes: readonly (readonly string[])[]): string =>
    routes.flat().join(",");
  const options: readonly (readonly [number, string | number | undefined])[] = [
    [58, t1Seconds],
    [59, t2Seconds],
    // Without a value it is not sent; without the option dnsmasq would send its own address.
    [3, router ?? ""],
    [6, dns?.join(",") ?? ""],
    [15, domain],
    [121, service.classlessRoutes && flat(service.classlessRoutes)],
    [33, service.staticRoutes && flat(service.staticRoutes)],
  ];
  return options.flatMap(([code, value]) =>
    value === undefined
      ? []
      : [`--dhcp-option=${code}${value === "" ? "" : `,${value}`}`]
  );
}
