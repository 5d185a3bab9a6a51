/** The servers that the client is tested with. @module */

import type { ServerKind } from "./dhcp_server.ts";
import { DNSMASQ } from "./dhcp_server_dnsmasq.ts";
import { ISC_DHCPD } from "./dhcp_server_isc.ts";
import { KEA } from "./dhcp_server_kea.ts";
import { UDHCPD } from "./dhcp_server_udhcpd.ts";

/** All kinds, in the order of the tests. */
export const SERVER_KINDS: readonly ServerKind[] = [
  DNSMASQ,
  ISC_DHCPD,
  KEA,
  UDHCPD,
];
