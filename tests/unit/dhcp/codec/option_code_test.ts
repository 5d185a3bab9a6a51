import { assert, assertEquals } from "@std/assert";
import {
  OptionCode,
  optionDefinition,
  optionDefinitions,
  parseOptionCode,
} from "../../../../lib/dhcp/codec/option_code.ts";
import { testRows } from "../../../support/rows.ts";

Deno.test("optionDefinitions() ascend, from 1 to 254", () => {
  const codes = optionDefinitions().map(({ code }) => code);
  assertEquals(codes, [...new Set(codes)].sort((a, b) => a - b));
  assert(codes.every((code) => code >= 1 && code <= 254));
});

Deno.test("optionDefinitions() give each name to one code", () => {
  const names = optionDefinitions().flatMap(({ names }) => names);
  assertEquals(new Set(names).size, names.length);
  assert(names.every((name) => /^[a-z][a-z0-9-]*$/.test(name)));
});

Deno.test("OptionCode agrees with the titles of optionDefinitions()", () => {
  for (const [key, code] of Object.entries(OptionCode)) {
    if (code === OptionCode.pad || code === OptionCode.end) continue;
    const title = optionDefinition(code).title.replace(/[^A-Za-z]/g, "");
    assertEquals(title.toLowerCase(), key.toLowerCase());
  }
});

// The names of dhcp-options(5) for the options of DHCPv4 that are not sub-options, in the order of the manual.
const MANUAL =
  `all-subnets-local arp-cache-timeout associated-ip bcms-controller-address bcms-controller-names bootfile-name
  boot-size broadcast-address capwap-ac-v4 client-last-transaction-time cookie-servers default-ip-ttl
  default-tcp-ttl default-url dhcp-client-identifier dhcp-lease-time dhcp-max-message-size dhcp-message
  dhcp-message-type dhcp-option-overload dhcp-parameter-request-list dhcp-rebinding-time dhcp-renewal-time
  dhcp-requested-address dhcp-server-identifier domain-name domain-name-servers domain-search extensions-path
  finger-server font-servers geoconf-civic host-name ieee802-3-encapsulation ien116-name-servers impress-servers
  interface-mtu ip-forwarding irc-server loader-configfile loader-pathprefix loader-reboottime log-servers
  lpr-servers mask-supplier max-dgram-reassembly merit-dump mobile-ip-home-agent name-service-search nds-context
  nds-servers nds-tree-name netbios-dd-server netbios-name-servers netbios-node-type netbios-scope
  netinfo-server-address netinfo-server-tag nis-domain nis-servers nisplus-domain nisplus-servers nntp-server
  non-local-source-routing ntp-servers nwip-domain nwip-suboptions option-6rd pana-agent path-mtu-aging-timeout
  path-mtu-plateau-table pcode perform-mask-discovery policy-filter pop-server pxe-client-id pxe-interface-id
  pxe-system-type rdnss-selection resource-location-servers root-path router-discovery
  router-solicitation-address routers slp-directory-agent slp-service-scope smtp-server static-routes
  streettalk-directory-assistance-server streettalk-server subnet-mask subnet-selection swap-server
  tcode tcp-keepalive-garbage tcp-keepalive-interval tftp-server-address tftp-server-name time-offset time-servers
  trailer-encapsulation uap-servers user-class v4-access-domain v4-lost v6-only-preferred vendor-class-identifier
  vendor-encapsulated-options vivso www-server x-display-manager`
    .split(/\s+/);

for (const name of MANUAL) {
  Deno.test(`parseOptionCode() knows ${name} of dhcp-options(5)`, () => {
    const code = parseOptionCode(name);
    assert(code !== undefined);
    assert(optionDefinition(code).names.includes(name));
  });
}

testRows("parseOptionCode()", [
  {
    name: "knows upstream's dhcp-client-identifier",
    text: "dhcp-client-identifier",
    want: 61,
  },
  { name: "knows upstream's subnet-mask", text: "subnet-mask", want: 1 },
  { name: "knows upstream's routers", text: "routers", want: 3 },
  { name: "knows upstream's host-name", text: "host-name", want: 12 },
  { name: "knows upstream's user-class", text: "user-class", want: 77 },
  {
    name: "knows upstream's vendor-class-identifier",
    text: "vendor-class-identifier",
    want: 60,
  },
  { name: "knows ip-address of the public page", text: "ip-address", want: 50 },
  {
    name: "knows static-routes of the public page",
    text: "static-routes",
    want: 33,
  },
  {
    name: "knows classless-static-routes of the public page",
    text: "classless-static-routes",
    want: 121,
  },
  {
    name: "knows dhcp-lease-time of the public page",
    text: "dhcp-lease-time",
    want: 51,
  },
  {
    name: "knows dhcp-renewal-time of the public page",
    text: "dhcp-renewal-time",
    want: 58,
  },
  {
    name: "knows dhcp-rebinding-time of the public page",
    text: "dhcp-rebinding-time",
    want: 59,
  },
  { name: "takes 0", text: "0", want: 0 },
  { name: "takes 121", text: "121", want: 121 },
  { name: "takes leading zeros", text: "012", want: 12 },
  { name: "takes 255", text: "255", want: 255 },
  { name: "refuses 256", text: "256", want: undefined },
  { name: "refuses -1", text: "-1", want: undefined },
  { name: "refuses 0x79", text: "0x79", want: undefined },
  { name: "refuses 1.0", text: "1.0", want: undefined },
  { name: "refuses nothing", text: "", want: undefined },
  { name: "refuses other words", text: "zork", want: undefined },
  { name: "refuses names of objects", text: "constructor", want: undefined },
], ({ text, want }) => {
  assertEquals(parseOptionCode(text), want);
});

Deno.test("optionDefinition() takes an unassigned code as bytes", () => {
  assertEquals(optionDefinition(224), {
    code: 224,
    names: [],
    title: "Option 224",
    shape: "bytes",
    source: "",
  });
});
