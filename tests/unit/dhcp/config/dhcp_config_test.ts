import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import {
  type DhcpConfig,
  parseDhcpConfig,
  parseSocketPath,
} from "../../../../lib/dhcp/config/dhcp_config.ts";
import type { LeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";

function parse(ipam: unknown, cniArgs = ""): DhcpConfig {
  const json = new JsonObject({ name: "net", ipam }, "");
  return parseDhcpConfig({ name: "net", cniVersion: "1.1.0", json }, cniArgs);
}

const DEFAULTS: LeaseOptions = {
  clientId: { kind: "attachment" },
  provided: new Map(),
  requestedCodes: [121, 3, 1, 33, 6, 15, 119, 26],
  broadcast: undefined,
  timeoutMs: undefined,
  onExpiry: "down",
  onChange: "apply",
  conflictProbeMs: 0,
  priority: 0,
  suppressGateway: false,
  allowSplitDefault: false,
};

testRows("parseDhcpConfig()", [
  { name: "fills everything in", ipam: {}, want: {} },
  {
    name: "takes every key",
    ipam: {
      type: "dhcp",
      clientId: "duid",
      broadcast: "auto",
      timeout: "1m30s",
      onExpiry: "keep",
      onChange: "keep",
      conflictProbeMs: 200,
      priority: 100,
      suppress: ["gateway"],
      allowSplitDefault: true,
    },
    want: {
      clientId: { kind: "duid" },
      broadcast: "auto",
      timeoutMs: 90_000,
      onExpiry: "keep",
      onChange: "keep",
      conflictProbeMs: 200,
      priority: 100,
      suppressGateway: true,
      allowSplitDefault: true,
    },
  },
  {
    name: "takes an identifier in hexadecimal",
    ipam: { clientId: { hex: "01:02:00:5e:10:00:01" } },
    want: {
      clientId: {
        kind: "bytes",
        bytes: Uint8Array.of(1, 2, 0, 0x5e, 0x10, 0, 1),
      },
    },
  },
  {
    name: "takes a timeout in seconds",
    ipam: { timeout: 2.5 },
    want: {
      timeoutMs: 2500,
    },
  },
  {
    name: "takes broadcast on",
    ipam: { broadcast: true },
    want: {
      broadcast: true,
    },
  },
  { name: "takes nothing suppressed", ipam: { suppress: [] }, want: {} },
  {
    name: "takes keys whatever their case, and leaves unknown ones alone",
    ipam: { PRIORITY: 5, zork: 1 },
    want: { priority: 5 },
  },
], ({ ipam, want }) =>
  assertEquals(parse(ipam), {
    socketPath: "/run/cni/dhcp.sock",
    options: { ...DEFAULTS, ...want as Partial<LeaseOptions> },
  }));

testRows("parseDhcpConfig() refuses", [
  {
    name: "a configuration without ipam",
    ipam: undefined,
    error: "ConfigError",
    message: "IPAM config missing 'ipam' key",
  },
  {
    name: "another client identifier",
    ipam: { clientId: "container" },
    error: "ConfigError",
    message: 'clientId is "container", expected "mac" or "duid"',
  },
  {
    name: "an identifier of one byte",
    ipam: { clientId: { hex: "01" } },
    error: "ConfigError",
    message: 'clientId is "01", expected 2 to 255 bytes in hexadecimal',
  },
  {
    name: "a timeout of zero",
    ipam: { timeout: 0 },
    error: "ConfigError",
    message:
      'timeout is 0, expected a positive number of seconds or a duration such as "30s"',
  },
  {
    name: "a timeout without a unit in text",
    ipam: { timeout: "30" },
    error: "ConfigError",
    message:
      'timeout is "30", expected a positive number of seconds or a duration such as "30s"',
  },
  {
    name: "another broadcast",
    ipam: { broadcast: "yes" },
    error: "ConfigError",
    message: 'broadcast is "yes", expected "auto"',
  },
  {
    name: "something else to suppress",
    ipam: { suppress: ["routes"] },
    error: "ConfigError",
    message: 'suppress has "routes", expected "gateway"',
  },
  {
    name: "a probe that would eat the time of an ADD",
    ipam: { conflictProbeMs: 60_000 },
    error: "ConfigError",
    message: "conflictProbeMs is 60000, expected 0 to 10000",
  },
  {
    name: "a number as socket path",
    ipam: { daemonSocketPath: 5 },
    error: "DecodeError",
    message:
      "json: cannot unmarshal number into ipam.daemonSocketPath: expected a string",
  },
  {
    name: "ipam as a list",
    ipam: [],
    error: "DecodeError",
    message: "json: cannot unmarshal array into ipam: expected an object",
  },
], ({ ipam, error, message }) => {
  const thrown = thrownBy(() => parse(ipam));
  assertEquals([thrown?.["name"], thrown?.["message"]], [error, message]);
});

testRows("parseSocketPath()", [
  { name: "has a default", config: {}, want: "/run/cni/dhcp.sock" },
  {
    name: "takes the path as it stands",
    config: { ipam: { daemonSocketPath: "/x.sock", timeout: "bad" } },
    want: "/x.sock",
  },
], ({ config, want }) => {
  const json = new JsonObject(config, "");
  assertEquals(
    parseSocketPath({ name: "net", cniVersion: "", json }),
    want,
  );
});

testRows("`request`", [
  { name: "may be an empty list", request: [], want: "790301210 60f771a" },
  {
    name: "may be one entry instead of a list",
    request: { option: "ntp-servers" },
    want: "2a 790301210 60f771a",
  },
  {
    name: "puts what is listed before the defaults, none twice",
    request: [{ option: "3" }, { option: "routers" }, { option: 12 }],
    want: "03 0c 7901210 60f771a",
  },
  {
    name: "leaves the defaults out for any skipDefault",
    request: [{ skipDefault: true, option: "subnet-mask" }, { option: "6" }],
    want: "01 06",
  },
  {
    name: "asks for nothing for skipDefault alone",
    request: [{ skipDefault: true }],
    want: "",
  },
  {
    name: "takes the names of the public documentation",
    request: [
      "ip-address",
      "subnet-mask",
      "static-routes",
      "classless-static-routes",
      "routers",
      "dhcp-lease-time",
      "dhcp-renewal-time",
      "dhcp-rebinding-time",
    ].map((option) => ({ option, skipDefault: true })),
    want: "32 01 21 79 03 33 3a 3b",
  },
  {
    name: "leaves out the marks Pad and End, and empty names",
    request: [
      { option: "0", skipDefault: true },
      { option: "255" },
      { option: "" },
      { option: "7" },
    ],
    want: "07",
  },
], ({ request, want }) => {
  const { requestedCodes } = parse({ request }).options;
  assertEquals(
    formatHex(Uint8Array.from(requestedCodes)),
    want.replaceAll(" ", ""),
  );
});

testRows("an option in `request` or `provide` is refused", [
  {
    name: "if its name is unknown",
    option: "zork",
    message:
      'Can not parse option "zork": Can not parse option: strconv.ParseUint: parsing "zork": invalid syntax',
  },
  {
    name: "if its number is too large",
    option: "256",
    message:
      'Can not parse option "256": Can not parse option: strconv.ParseUint: parsing "256": value out of range',
  },
], ({ option, message }) => {
  for (const key of ["request", "provide"]) {
    const thrown = thrownBy(() => parse({ [key]: [{ option }] }));
    assertEquals([thrown?.["name"], thrown?.["message"]], [
      "ConfigError",
      message,
    ]);
  }
});

testRows("`provide`", [
  {
    name: "sends text as it stands",
    provide: [{ option: "host-name", value: "web é" }],
    want: { 12: "77656220c3a9" },
  },
  {
    name: "may be one entry instead of a list",
    provide: { option: "12", value: "a" },
    want: { 12: "61" },
  },
  {
    name: "sends nothing for an empty value",
    provide: [{ option: "12", value: "" }, { option: "60" }],
    want: {},
  },
  {
    name: "sends hexadecimal as bytes",
    provide: [{ option: "user-class", hex: "04 74657374" }],
    want: { 77: "0474657374" },
  },
  {
    name: "sends addresses, numbers, truth values and names in their shape",
    provide: [
      { option: "dhcp-requested-address", value: "192.0.2.7" },
      { option: "dhcp-lease-time", value: 120 },
      { option: "dhcp-max-message-size", value: "576" },
      { option: "ip-forwarding", value: true },
      { option: "ntp-servers", value: ["192.0.2.1", "192.0.2.2"] },
      { option: "domain-search", value: "a.example" },
      { option: "static-routes", value: "192.0.2.1 192.0.2.2" },
    ],
    want: {
      50: "c0000207",
      51: "00000078",
      57: "0240",
      19: "01",
      42: "c0000201c0000202",
      119: "0161076578616d706c6500",
      33: "c0000201c0000202",
    },
  },
  {
    name: "sends text with control characters as bytes, whatever the shape",
    provide: [{ option: "57", value: "\u0002@" }],
    want: { 57: "0240" },
  },
  {
    name: "takes the value from CNI_ARGS, before its own",
    provide: [{ option: "12", value: "a", fromArg: "NAME" }],
    cniArgs: "X=1;NAME=b=c;;Y",
    want: { 12: "623d63" },
  },
  {
    name: "falls back to its own value",
    provide: [{ option: "12", value: "a", fromArg: "NAME" }],
    want: { 12: "61" },
  },
  {
    name: "sends nothing under the marks Pad and End and under 52",
    provide: ["0", "255", "52"].map((option) => ({ option, value: "1" })),
    want: {},
  },
  {
    name: "has the pod's name as host name",
    provide: [],
    cniArgs: "K8S_POD_NAME=web-0",
    want: { 12: "7765622d30" },
  },
  {
    name: "goes before the pod's name",
    provide: [{ option: "host-name", value: "a" }],
    cniArgs: "K8S_POD_NAME=web-0",
    want: { 12: "61" },
  },
  {
    name: "may say that there is to be no host name",
    provide: [{ option: "host-name", value: "" }],
    cniArgs: "K8S_POD_NAME=web-0",
    want: {},
  },
  {
    name: "leaves out a pod's name that is no host name",
    provide: [],
    cniArgs: "K8S_POD_NAME=a b",
    want: {},
  },
], ({ provide, cniArgs = "", want }) => {
  const { provided } = parse({ provide }, cniArgs).options;
  assertEquals(
    Object.fromEntries([...provided].map(([code, content]) => [
      code,
      formatHex(content),
    ])),
    want as Record<string, string>,
  );
});

const LONG = "a".repeat(256);

testRows("`provide` refuses", [
  {
    name: "a value of 256 bytes",
    provide: [{ option: "12", value: LONG }],
    message: `value too long for option "12": "${LONG}"`,
  },
  {
    name: "an argument of 256 bytes, and quotes that",
    provide: [{ option: "12", fromArg: "A", value: "short" }],
    cniArgs: `A=${LONG}`,
    message: `value too long for option "12" from CNI_ARGS "A": "${LONG}"`,
  },
  {
    name: "an address that is none",
    provide: [{ option: "50", value: "192.0.2" }],
    message:
      'value "192.0.2" for option 50 (Requested IP Address), expected an IPv4 address',
  },
  {
    name: "a number that is too large",
    provide: [{ option: "57", value: 65536 }],
    message:
      'value "65536" for option 57 (Maximum DHCP Message Size), expected a number from 0 to 65535',
  },
  {
    name: "half a pair",
    provide: [{ option: "33", value: "192.0.2.1" }],
    message:
      'value "192.0.2.1" for option 33 (Static Route), expected pairs of IPv4 addresses',
  },
  {
    name: "bad hexadecimal",
    provide: [{ option: "60", hex: "0" }],
    message: 'hex is "0", expected two hexadecimal digits a byte',
  },
], ({ provide, cniArgs = "", message }) => {
  const thrown = thrownBy(() => parse({ provide }, cniArgs));
  assertEquals([thrown?.["name"], thrown?.["message"]], [
    "ConfigError",
    message,
  ]);
});
