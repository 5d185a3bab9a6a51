/** The DHCP option codes: name, shape of the value, and defining document. Pure. @module */

import type { OptionShape } from "./option_value.ts";

/** The definition of an option. */
export interface OptionDefinition {
  /** The code, 1 to 254: Pad (0) and End (255) separate options and have no value. */
  readonly code: number;
  /**
   * The name in dhcp-options(5), then those in the CNI documentation and other clients; may be
   * empty.
   */
  readonly names: readonly string[];
  /** The title in the defining document or the IANA registry. */
  readonly title: string;
  readonly shape: OptionShape;
  /** The defining document, such as `RFC 2132 §3.3`; empty for private use. */
  readonly source: string;
}

/** The codes of the options that the client itself reads or writes. */
export const OptionCode = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  domainNameServer: 6,
  hostName: 12,
  domainName: 15,
  interfaceMtu: 26,
  staticRoute: 33,
  requestedIpAddress: 50,
  ipAddressLeaseTime: 51,
  optionOverload: 52,
  dhcpMessageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  message: 56,
  maximumDhcpMessageSize: 57,
  renewalTimeValue: 58,
  rebindingTimeValue: 59,
  clientIdentifier: 61,
  relayAgentInformation: 82,
  domainSearch: 119,
  classlessStaticRoute: 121,
  end: 255,
} as const;

type Row = readonly [
  names: string,
  title: string,
  shape: OptionShape,
  source: string,
];

/** The assigned options by code. Names are separated by spaces. */
// deno-fmt-ignore
const ROWS: Readonly<Record<number, Row>> = {
  1: ["subnet-mask", "Subnet Mask", "ip", "RFC 2132 §3.3"],
  2: ["time-offset", "Time Offset", "i32", "RFC 2132 §3.4"],
  3: ["routers", "Router", "ips", "RFC 2132 §3.5"],
  4: ["time-servers", "Time Server", "ips", "RFC 2132 §3.6"],
  5: ["ien116-name-servers", "Name Server", "ips", "RFC 2132 §3.7"],
  6: ["domain-name-servers", "Domain Name Server", "ips", "RFC 2132 §3.8"],
  7: ["log-servers", "Log Server", "ips", "RFC 2132 §3.9"],
  8: ["cookie-servers", "Cookie Server", "ips", "RFC 2132 §3.10"],
  9: ["lpr-servers", "LPR Server", "ips", "RFC 2132 §3.11"],
  10: ["impress-servers", "Impress Server", "ips", "RFC 2132 §3.12"],
  11: ["resource-location-servers", "Resource Location Server", "ips", "RFC 2132 §3.13"],
  12: ["host-name", "Host Name", "text", "RFC 2132 §3.14"],
  13: ["boot-size", "Boot File Size", "u16", "RFC 2132 §3.15"],
  14: ["merit-dump", "Merit Dump File", "text", "RFC 2132 §3.16"],
  15: ["domain-name", "Domain Name", "text", "RFC 2132 §3.17"],
  16: ["swap-server", "Swap Server", "ip", "RFC 2132 §3.18"],
  17: ["root-path", "Root Path", "text", "RFC 2132 §3.19"],
  18: ["extensions-path", "Extensions Path", "text", "RFC 2132 §3.20"],
  19: ["ip-forwarding", "IP Forwarding", "flag", "RFC 2132 §4.1"],
  20: ["non-local-source-routing", "Non-Local Source Routing", "flag", "RFC 2132 §4.2"],
  21: ["policy-filter", "Policy Filter", "ip-pairs", "RFC 2132 §4.3"],
  22: ["max-dgram-reassembly", "Maximum Datagram Reassembly Size", "u16", "RFC 2132 §4.4"],
  23: ["default-ip-ttl", "Default IP Time-to-live", "u8", "RFC 2132 §4.5"],
  24: ["path-mtu-aging-timeout", "Path MTU Aging Timeout", "u32", "RFC 2132 §4.6"],
  25: ["path-mtu-plateau-table", "Path MTU Plateau Table", "u16s", "RFC 2132 §4.7"],
  26: ["interface-mtu", "Interface MTU", "u16", "RFC 2132 §5.1"],
  27: ["all-subnets-local", "All Subnets are Local", "flag", "RFC 2132 §5.2"],
  28: ["broadcast-address", "Broadcast Address", "ip", "RFC 2132 §5.3"],
  29: ["perform-mask-discovery", "Perform Mask Discovery", "flag", "RFC 2132 §5.4"],
  30: ["mask-supplier", "Mask Supplier", "flag", "RFC 2132 §5.5"],
  31: ["router-discovery", "Perform Router Discovery", "flag", "RFC 2132 §5.6"],
  32: ["router-solicitation-address", "Router Solicitation Address", "ip", "RFC 2132 §5.7"],
  33: ["static-routes", "Static Route", "ip-pairs", "RFC 2132 §5.8"],
  34: ["trailer-encapsulation", "Trailer Encapsulation", "flag", "RFC 2132 §6.1"],
  35: ["arp-cache-timeout", "ARP Cache Timeout", "u32", "RFC 2132 §6.2"],
  36: ["ieee802-3-encapsulation", "Ethernet Encapsulation", "flag", "RFC 2132 §6.3"],
  37: ["default-tcp-ttl", "TCP Default TTL", "u8", "RFC 2132 §7.1"],
  38: ["tcp-keepalive-interval", "TCP Keepalive Interval", "u32", "RFC 2132 §7.2"],
  39: ["tcp-keepalive-garbage", "TCP Keepalive Garbage", "flag", "RFC 2132 §7.3"],
  40: ["nis-domain nis-domain-name", "Network Information Service Domain", "text", "RFC 2132 §8.1"],
  41: ["nis-servers", "Network Information Servers", "ips", "RFC 2132 §8.2"],
  42: ["ntp-servers", "Network Time Protocol Servers", "ips", "RFC 2132 §8.3"],
  43: ["vendor-encapsulated-options", "Vendor Specific Information", "bytes", "RFC 2132 §8.4"],
  44: ["netbios-name-servers", "NetBIOS over TCP/IP Name Server", "ips", "RFC 2132 §8.5"],
  45: ["netbios-dd-server", "NetBIOS over TCP/IP Datagram Distribution Server", "ips", "RFC 2132 §8.6"],
  46: ["netbios-node-type", "NetBIOS over TCP/IP Node Type", "u8", "RFC 2132 §8.7"],
  47: ["netbios-scope", "NetBIOS over TCP/IP Scope", "text", "RFC 2132 §8.8"],
  48: ["font-servers", "X Window System Font Server", "ips", "RFC 2132 §8.9"],
  49: ["x-display-manager", "X Window System Display Manager", "ips", "RFC 2132 §8.10"],
  50: ["dhcp-requested-address ip-address", "Requested IP Address", "ip", "RFC 2132 §9.1"],
  51: ["dhcp-lease-time", "IP Address Lease Time", "u32", "RFC 2132 §9.2"],
  52: ["dhcp-option-overload", "Option Overload", "u8", "RFC 2132 §9.3"],
  53: ["dhcp-message-type", "DHCP Message Type", "u8", "RFC 2132 §9.6"],
  54: ["dhcp-server-identifier", "Server Identifier", "ip", "RFC 2132 §9.7"],
  55: ["dhcp-parameter-request-list", "Parameter Request List", "u8s", "RFC 2132 §9.8"],
  56: ["dhcp-message", "Message", "text", "RFC 2132 §9.9"],
  57: ["dhcp-max-message-size", "Maximum DHCP Message Size", "u16", "RFC 2132 §9.10"],
  58: ["dhcp-renewal-time", "Renewal Time Value", "u32", "RFC 2132 §9.11"],
  59: ["dhcp-rebinding-time", "Rebinding Time Value", "u32", "RFC 2132 §9.12"],
  60: ["vendor-class-identifier", "Vendor Class Identifier", "bytes", "RFC 2132 §9.13"],
  61: ["dhcp-client-identifier", "Client Identifier", "bytes", "RFC 2132 §9.14"],
  62: ["nwip-domain", "NetWare/IP Domain Name", "bytes", "RFC 2242 §2"],
  63: ["nwip-suboptions", "NetWare/IP Information", "bytes", "RFC 2242 §3"],
  64: ["nisplus-domain nisp-domain-name", "Network Information Service+ Domain", "text", "RFC 2132 §8.11"],
  65: ["nisplus-servers", "Network Information Service+ Servers", "ips", "RFC 2132 §8.12"],
  66: ["tftp-server-name", "TFTP Server Name", "text", "RFC 2132 §9.4"],
  67: ["bootfile-name", "Bootfile Name", "text", "RFC 2132 §9.5"],
  68: ["mobile-ip-home-agent", "Mobile IP Home Agent", "ips-or-none", "RFC 2132 §8.13"],
  69: ["smtp-server", "SMTP Server", "ips", "RFC 2132 §8.14"],
  70: ["pop-server", "POP3 Server", "ips", "RFC 2132 §8.15"],
  71: ["nntp-server", "NNTP Server", "ips", "RFC 2132 §8.16"],
  72: ["www-server", "Default World Wide Web Server", "ips", "RFC 2132 §8.17"],
  73: ["finger-server", "Default Finger Server", "ips", "RFC 2132 §8.18"],
  74: ["irc-server", "Default Internet Relay Chat Server", "ips", "RFC 2132 §8.19"],
  75: ["streettalk-server", "StreetTalk Server", "ips", "RFC 2132 §8.20"],
  76: ["streettalk-directory-assistance-server", "StreetTalk Directory Assistance Server", "ips", "RFC 2132 §8.21"],
  77: ["user-class", "User Class", "bytes", "RFC 3004"],
  78: ["slp-directory-agent", "SLP Directory Agent", "bytes", "RFC 2610 §3"],
  79: ["slp-service-scope", "SLP Service Scope", "bytes", "RFC 2610 §4"],
  80: ["rapid-commit", "Rapid Commit", "empty", "RFC 4039"],
  81: ["fqdn", "Client FQDN", "bytes", "RFC 4702"],
  82: ["relay-agent-information", "Relay Agent Information", "bytes", "RFC 3046"],
  83: ["", "Internet Storage Name Service", "bytes", "RFC 4174"],
  85: ["nds-servers", "NDS Servers", "ips", "RFC 2241 §2"],
  86: ["nds-tree-name", "NDS Tree Name", "text", "RFC 2241 §3"],
  87: ["nds-context", "NDS Context", "text", "RFC 2241 §4"],
  88: ["bcms-controller-names", "BCMCS Controller Domain Name List", "domains", "RFC 4280 §4.1"],
  89: ["bcms-controller-address", "BCMCS Controller IPv4 Address", "ips", "RFC 4280 §4.3"],
  90: ["", "Authentication", "bytes", "RFC 3118"],
  91: ["client-last-transaction-time", "Client Last Transaction Time", "u32", "RFC 4388 §6.1"],
  92: ["associated-ip", "Associated IP", "ips", "RFC 4388 §6.1"],
  93: ["pxe-system-type", "Client System Architecture Type", "u16s", "RFC 4578 §2.1"],
  94: ["pxe-interface-id", "Client Network Interface Identifier", "bytes", "RFC 4578 §2.2"],
  95: ["", "LDAP", "text", "RFC 3679"],
  97: ["pxe-client-id", "Client Machine Identifier", "bytes", "RFC 4578 §2.3"],
  98: ["uap-servers", "User Authentication Protocol", "text", "RFC 2485"],
  99: ["geoconf-civic", "GEOCONF_CIVIC", "bytes", "RFC 4776"],
  100: ["pcode", "IEEE 1003.1 TZ String", "text", "RFC 4833"],
  101: ["tcode", "Reference to the TZ Database", "text", "RFC 4833"],
  108: ["v6-only-preferred", "IPv6-Only Preferred", "u32", "RFC 8925 §3.1"],
  109: ["", "DHCP4o6 Source Address", "bytes", "RFC 8539"],
  112: ["netinfo-server-address", "Netinfo Address", "ips", "RFC 3679"],
  113: ["netinfo-server-tag", "Netinfo Tag", "text", "RFC 3679"],
  114: ["default-url", "Captive-Portal URI", "text", "RFC 8910 §2.1"],
  116: ["auto-config", "Auto-Configure", "u8", "RFC 2563"],
  117: ["name-service-search", "Name Service Search", "u16s", "RFC 2937"],
  118: ["subnet-selection", "Subnet Selection", "ip", "RFC 3011"],
  119: ["domain-search", "Domain Search", "domains", "RFC 3397"],
  120: ["sip-servers", "SIP Servers", "bytes", "RFC 3361"],
  121: ["classless-static-routes rfc3442-classless-static-routes", "Classless Static Route", "classless-routes", "RFC 3442"],
  122: ["", "CableLabs Client Configuration", "bytes", "RFC 3495"],
  123: ["", "GeoConf", "bytes", "RFC 6225"],
  124: ["vivco", "Vendor-Identifying Vendor Class", "bytes", "RFC 3925 §3"],
  125: ["vivso", "Vendor-Identifying Vendor-Specific Information", "bytes", "RFC 3925 §4"],
  136: ["pana-agent", "PANA Authentication Agent", "ips", "RFC 5192"],
  137: ["v4-lost", "LoST Server", "domain", "RFC 5223"],
  138: ["capwap-ac-v4", "CAPWAP Access Controller", "ips", "RFC 5417"],
  139: ["", "IPv4 Address-MoS", "bytes", "RFC 5678"],
  140: ["", "IPv4 FQDN-MoS", "bytes", "RFC 5678"],
  141: ["sip-ua-cs-domains", "SIP UA Configuration Service Domains", "domains", "RFC 6011"],
  142: ["ipv4-address-andsf", "ANDSF IPv4 Address", "ips", "RFC 6153"],
  143: ["", "SZTP Redirect", "bytes", "RFC 8572"],
  144: ["", "GeoLoc", "bytes", "RFC 6225"],
  145: ["", "FORCERENEW Nonce Capable", "u8s", "RFC 6704"],
  146: ["rdnss-selection", "RDNSS Selection", "bytes", "RFC 6731"],
  147: ["", "DOTS Reference Identifier", "domain", "RFC 8973"],
  148: ["", "DOTS Address", "ips", "RFC 8973"],
  150: ["tftp-server-address", "TFTP Server Address", "ips", "RFC 5859"],
  151: ["", "Status Code", "bytes", "RFC 6926"],
  152: ["", "Base Time", "u32", "RFC 6926"],
  153: ["", "Start Time of State", "u32", "RFC 6926"],
  154: ["", "Query Start Time", "u32", "RFC 6926"],
  155: ["", "Query End Time", "u32", "RFC 6926"],
  156: ["", "DHCP State", "u8", "RFC 6926"],
  157: ["", "Data Source", "u8", "RFC 6926"],
  158: ["", "PCP Server", "bytes", "RFC 7291"],
  159: ["", "Port Parameters", "bytes", "RFC 7618"],
  161: ["", "Manufacturer Usage Description URL", "text", "RFC 8520"],
  162: ["", "Encrypted DNS Server", "bytes", "RFC 9463"],
  208: ["", "PXELINUX Magic", "bytes", "RFC 5071 §3"],
  209: ["loader-configfile", "PXELINUX Configuration File", "text", "RFC 5071 §4"],
  210: ["loader-pathprefix", "PXELINUX Path Prefix", "text", "RFC 5071 §5"],
  211: ["loader-reboottime", "PXELINUX Reboot Time", "u32", "RFC 5071 §6"],
  212: ["option-6rd", "6RD", "bytes", "RFC 5969 §7.1.1"],
  213: ["v4-access-domain", "Access Network Domain Name", "domain", "RFC 5986"],
  220: ["", "Subnet Allocation", "bytes", "RFC 6656"],
  221: ["", "Virtual Subnet Selection", "bytes", "RFC 6607"],
  249: ["ms-classless-static-routes", "Classless Static Route (Microsoft)", "classless-routes", ""],
  252: ["wpad", "Web Proxy Auto-Discovery", "text", ""],
};

/**
 * Returns the definition of an option.
 *
 * @example An assigned and an unassigned code
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { optionDefinition } from "./option_code.ts";
 *
 * assertEquals(optionDefinition(3), {
 *   code: 3,
 *   names: ["routers"],
 *   title: "Router",
 *   shape: "ips",
 *   source: "RFC 2132 §3.5",
 * });
 * assertEquals(optionDefinition(224).shape, "bytes");
 * ```
 *
 * @param code 1 to 254; an unassigned code has no names and the shape `bytes`.
 */
export function optionDefinition(code: number): OptionDefinition {
  const [names, title, shape, source] = ROWS[code] ??
    ["", `Option ${code}`, "bytes", ""];
  return { code, names: splitNames(names), title, shape, source };
}

/**
 * Parses the name of an option, or its number from 0 to 255 in decimal, as upstream does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseOptionCode } from "./option_code.ts";
 *
 * assertEquals(parseOptionCode("host-name"), 12);
 * assertEquals(parseOptionCode("121"), 121);
 * assertEquals(parseOptionCode("zork"), undefined);
 * ```
 *
 * @returns The code, or undefined if `text` is neither. Pad (0) and End (255) are returned although
 * they cannot be sent.
 */
export function parseOptionCode(text: string): number | undefined {
  const named = Object.entries(ROWS).find(([, [names]]) =>
    splitNames(names).includes(text)
  );
  if (named !== undefined) return Number(named[0]);
  return /^[0-9]+$/.test(text) && Number(text) <= 255
    ? Number(text)
    : undefined;
}

function splitNames(names: string): readonly string[] {
  return names === "" ? [] : names.split(" ");
}
