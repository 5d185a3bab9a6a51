import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import {
  type DhcpConfig,
  parseDhcpConfig,
  parseSocketPath,
} from "../../../../lib/dhcp/config/dhcp_config.ts";
import type { LeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import { ip } from "../../../support/dhcp_messages.ts";
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
  suppressRoutes: false,
  suppressDns: false,
  allowedRoutes: undefined,
  deniedRoutes: [],
  allowSplitDefault: false,
  hostDevice: undefined,
};

testRows("parseDhcpConfig()", [
  { name: "fills in the defaults", ipam: {}, want: {} },
  {
    name: "reads every key",
    ipam: {
      type: "dhcp",
      clientId: "duid",
      broadcast: "auto",
      timeout: "1m30s",
      onExpiry: "keep",
      onChange: "keep",
      conflictProbeMs: 200,
      priority: 100,
      suppress: ["gateway", "routes", "dns"],
      routes: { allow: ["10.1.2.3/8"], deny: ["10.96.0.0/12", "0.0.0.0/0"] },
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
      suppressRoutes: true,
      suppressDns: true,
      allowedRoutes: [{ address: ip("10.0.0.0"), prefixLength: 8 }],
      deniedRoutes: [
        { address: ip("10.96.0.0"), prefixLength: 12 },
        { address: ip("0.0.0.0"), prefixLength: 0 },
      ],
      allowSplitDefault: true,
    },
  },
  {
    name: "reads a client identifier in hexadecimal",
    ipam: { clientId: { hex: "01:02:00:5e:10:00:01" } },
    want: {
      clientId: {
        kind: "bytes",
        bytes: Uint8Array.of(1, 2, 0, 0x5e, 0x10, 0, 1),
      },
    },
  },
  {
    name: "reads a timeout in seconds",
    ipam: { timeout: 2.5 },
    want: {
      timeoutMs: 2500,
    },
  },
  {
    name: "reads a boolean broadcast",
    ipam: { broadcast: true },
    want: {
      broadcast: true,
    },
  },
  { name: "accepts an empty suppress", ipam: { suppress: [] }, want: {} },
  { name: "accepts empty routes", ipam: { routes: {} }, want: {} },
  {
    name: "tells an empty list of allowed routes from none",
    ipam: { routes: { allow: [] } },
    want: { allowedRoutes: [] },
  },
  {
    name: "ignores a list of routes, which is for other IPAM plugins",
    ipam: { routes: [{ dst: "0.0.0.0/0" }] },
    want: {},
  },
  {
    name: "reads keys in any letter case and ignores unknown ones",
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
    name: "an unknown kind of client identifier",
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
    name: "a timeout with which no ADD can succeed",
    ipam: { timeout: "1ms" },
    error: "ConfigError",
    message: 'timeout is "1ms", expected at least 0.1 seconds',
  },
  {
    name: "a timeout without a unit in text",
    ipam: { timeout: "30" },
    error: "ConfigError",
    message:
      'timeout is "30", expected a positive number of seconds or a duration such as "30s"',
  },
  {
    name: "an unknown broadcast",
    ipam: { broadcast: "yes" },
    error: "ConfigError",
    message: 'broadcast is "yes", expected "auto"',
  },
  {
    name: "an unknown word in suppress",
    ipam: { suppress: ["route"] },
    error: "ConfigError",
    message: 'suppress has "route", expected "gateway", "routes" or "dns"',
  },
  {
    name: "routes that are a text",
    ipam: { routes: "10.0.0.0/8" },
    error: "DecodeError",
    message:
      "json: cannot unmarshal string into ipam.routes: expected an object",
  },
  {
    name: "an allowed route that is an IPv6 prefix",
    ipam: { routes: { allow: ["10.0.0.0/8", "fd00::/8"] } },
    error: "ConfigError",
    message:
      'allow has "fd00::/8", expected an IPv4 prefix such as "10.0.0.0/8"',
  },
  {
    name: "a denied route without a prefix length",
    ipam: { routes: { deny: ["10.0.0.1"] } },
    error: "ConfigError",
    message:
      'deny has "10.0.0.1", expected an IPv4 prefix such as "10.0.0.0/8"',
  },
  {
    name: "a denied route that is a number",
    ipam: { routes: { deny: [8] } },
    error: "DecodeError",
    message:
      "json: cannot unmarshal number into ipam.routes.deny[0]: expected a string",
  },
  {
    name: "more than 256 prefixes",
    ipam: { routes: { deny: Array.from({ length: 257 }, () => "10.0.0.0/8") } },
    error: "ConfigError",
    message: "deny has 257 prefixes, expected at most 256",
  },
  {
    name: "a conflict probe of more than 10 s",
    ipam: { conflictProbeMs: 60_000 },
    error: "ConfigError",
    message: "conflictProbeMs is 60000, expected 0 to 10000",
  },
  {
    name: "a socket path that is a number",
    ipam: { daemonSocketPath: 5 },
    error: "DecodeError",
    message:
      "json: cannot unmarshal number into ipam.daemonSocketPath: expected a string",
  },
  {
    name: "a priority of more than 32 bits",
    ipam: { priority: 4294967296 },
    error: "ConfigError",
    message: "priority is 4294967296, expected -4294967295 to 4294967295",
  },
  {
    name: "an ipam that is a list",
    ipam: [],
    error: "DecodeError",
    message: "json: cannot unmarshal array into ipam: expected an object",
  },
], ({ ipam, error, message }) => {
  const thrown = thrownBy(() => parse(ipam));
  assertEquals([thrown?.["name"], thrown?.["message"]], [error, message]);
});

testRows("parseSocketPath()", [
  { name: "returns the default path", config: {}, want: "/run/cni/dhcp.sock" },
  {
    name: "returns the configured path, although another key is invalid",
    config: { ipam: { daemonSocketPath: "/x.sock", timeout: "bad" } },
    want: "/x.sock",
  },
], ({ config, want }) => {
  const json = new JsonObject(config, "");
  assertEquals(
    parseSocketPath({ json }),
    want,
  );
});
