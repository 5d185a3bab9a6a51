import { assert, assertEquals } from "@std/assert";
import {
  OptionCode,
  optionDefinition,
  parseOptionCode,
} from "../../../../lib/dhcp/codec/option_code.ts";
import { testRows } from "../../../support/rows.ts";

const DEFINITIONS = Array.from(
  { length: 254 },
  (_, index) => optionDefinition(index + 1),
);

Deno.test("optionDefinition() assigns each name to one code", () => {
  const names = DEFINITIONS.flatMap(({ names }) => names);
  assertEquals(new Set(names).size, names.length);
  assert(names.every((name) => /^[a-z][a-z0-9-]*$/.test(name)));
});

testRows("optionDefinition() defines no option with code", [
  { name: "0, which is Pad", code: 0 },
  { name: "255, which is End", code: 255 },
], ({ code }) => {
  const { names, source } = optionDefinition(code);
  assertEquals([names, source], [[], ""]);
});

Deno.test("OptionCode agrees with the titles of the definitions", () => {
  for (const [key, code] of Object.entries(OptionCode)) {
    if (code === OptionCode.pad || code === OptionCode.end) continue;
    const title = optionDefinition(code).title.replace(/[^A-Za-z]/g, "");
    assertEquals(title.toLowerCase(), key.toLowerCase());
  }
});

// The names in dhcp-options(5) of the options that are not sub-options, in the order of the manual.
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

testRows(
  "parseOptionCode() knows the name in dhcp-options(5)",
  MANUAL.map((name) => ({ name })),
  ({ name }) => {
    const code = parseOptionCode(name);
    assert(code !== undefined);
    assert(optionDefinition(code).names.includes(name));
  },
);

const NAMED:
  readonly (readonly [source: string, text: string, want: number])[] = [
    ["upstream", "dhcp-client-identifier", 61],
    ["upstream", "subnet-mask", 1],
    ["upstream", "routers", 3],
    ["upstream", "host-name", 12],
    ["upstream", "user-class", 77],
    ["upstream", "vendor-class-identifier", 60],
    ["the public documentation", "ip-address", 50],
    ["the public documentation", "static-routes", 33],
    ["the public documentation", "classless-static-routes", 121],
    ["the public documentation", "dhcp-lease-time", 51],
    ["the public documentation", "dhcp-renewal-time", 58],
    ["the public documentation", "dhcp-rebinding-time", 59],
  ];

testRows(
  "parseOptionCode() knows",
  NAMED.map(([source, text, want]) => ({
    name: `${text} of ${source}`,
    text,
    want,
  })),
  ({ text, want }) => assertEquals(parseOptionCode(text), want),
);

testRows("parseOptionCode() parses", [
  { name: "0", text: "0", want: 0 },
  { name: "121", text: "121", want: 121 },
  { name: "leading zeros", text: "012", want: 12 },
  { name: "255", text: "255", want: 255 },
], ({ text, want }) => assertEquals(parseOptionCode(text), want));

testRows("parseOptionCode() refuses", [
  { name: "256", text: "256" },
  { name: "-1", text: "-1" },
  { name: "0x79", text: "0x79" },
  { name: "1.0", text: "1.0" },
  { name: "empty text", text: "" },
  { name: "an unknown name", text: "zork" },
  { name: "the name of an object property", text: "constructor" },
], ({ text }) => assertEquals(parseOptionCode(text), undefined));

Deno.test("optionDefinition() gives an unassigned code the shape bytes", () => {
  assertEquals(optionDefinition(224), {
    code: 224,
    names: [],
    title: "Option 224",
    shape: "bytes",
    source: "",
  });
});
