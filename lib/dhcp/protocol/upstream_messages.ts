/**
 * The protocol of upstream's plugin and daemon: Go's net/rpc over HTTP CONNECT, in gob, on the same socket as ours.
 *
 * ```text
 * plugin -> daemon   CONNECT /_goRPC_ HTTP/1.0, an empty line
 * daemon -> plugin   HTTP/1.0 200 Connected to Go RPC, an empty line
 * plugin -> daemon   Request {ServiceMethod, Seq}, CmdArgs {ContainerID, Netns, IfName, Args, Path, StdinData}
 * daemon -> plugin   Response {ServiceMethod, Seq, Error}, Result, or an empty struct after an error and for Release
 * ```
 *
 * Pure. @module
 */

import type { Result, Route } from "../../cni/result.ts";
import type { GobRecord, GobValue } from "./gob/gob_decoder.ts";
import type { GobList, GobStruct } from "./gob/gob_encoder.ts";
import type { Cidr } from "../../net/cidr.ts";
import type { IpAddress } from "../../net/ip_address.ts";

/** The line that turns a connection over to this protocol, without its line feed. */
export const CONNECT_LINE = "CONNECT /_goRPC_ HTTP/1.0";
/** The answer to it. */
export const CONNECTED_LINE = "HTTP/1.0 200 Connected to Go RPC";

/** The methods. */
export type RpcMethod = "DHCP.Allocate" | "DHCP.Release";

/** The header of a call. */
export const RPC_REQUEST: GobStruct = {
  name: "Request",
  fields: [["ServiceMethod", "string"], ["Seq", "uint"]],
};

/** The header of an answer. */
export const RPC_RESPONSE: GobStruct = {
  name: "Response",
  fields: [["ServiceMethod", "string"], ["Seq", "uint"], ["Error", "string"]],
};

/** What both methods take. */
export const CMD_ARGS: GobStruct = {
  name: "CmdArgs",
  fields: [
    ["ContainerID", "string"],
    ["Netns", "string"],
    ["IfName", "string"],
    ["Args", "string"],
    ["Path", "string"],
    ["StdinData", "bytes"],
  ],
};

/** What stands where there is nothing to say. */
export const EMPTY: GobStruct = { name: "", fields: [] };

const IP_NET: GobStruct = {
  name: "IPNet",
  fields: [["IP", "bytes"], ["Mask", "bytes"]],
};
const IP_CONFIGS: GobList = {
  element: {
    name: "IPConfig",
    fields: [["Address", IP_NET], ["Gateway", "bytes"]],
  },
};
const ROUTES: GobList = {
  element: {
    name: "Route",
    fields: [["Dst", IP_NET], ["GW", "bytes"], ["Priority", "int"], [
      "Scope",
      "int",
    ]],
  },
};
const STRINGS: GobList = { element: "string" };

/** What Allocate gives. */
export const RPC_RESULT: GobStruct = {
  name: "Result",
  fields: [
    ["IPs", IP_CONFIGS],
    ["Routes", ROUTES],
    ["DNS", {
      name: "DNS",
      fields: [
        ["Nameservers", STRINGS],
        ["Domain", "string"],
        ["Search", STRINGS],
        ["Options", STRINGS],
      ],
    }],
  ],
};

/** A result as {@link RPC_RESULT}. */
export function toRpcResult({ ips, routes, dns }: Result): GobRecord {
  return {
    IPs: ips.map(({ address, gateway }) => ({
      Address: toIpNet(address),
      Gateway: toBytes(gateway),
    })),
    Routes: routes.map((route) => ({
      Dst: route.dst && toIpNet(route.dst),
      // Releases without `scope` need some next hop, or the main plugin takes the gateway.
      GW: toBytes(route.gw) ?? new Uint8Array(4),
      Priority: route.priority,
      Scope: route.scope,
    })),
    DNS: {
      Nameservers: dns.nameservers,
      Domain: dns.domain,
      Search: dns.search,
      Options: dns.options,
    },
  };
}

/** Reads a result that upstream's daemon gives; addresses that are none are left out. */
export function fromRpcResult(result: GobRecord): Result {
  const dns = recordOf(result["DNS"]);
  return {
    ips: recordsOf(result["IPs"]).flatMap((ip) => {
      const address = fromIpNet(ip["Address"]);
      const gateway = fromBytes(ip["Gateway"]);
      return address === undefined
        ? []
        : [{ address, ...(gateway === undefined ? {} : { gateway }) }];
    }),
    routes: recordsOf(result["Routes"]).flatMap((route) => {
      const dst = fromIpNet(route["Dst"]);
      return dst === undefined ? [] : [toRoute(dst, route)];
    }),
    dns: {
      nameservers: textsOf(dns["Nameservers"]),
      domain: textOf(dns["Domain"]),
      search: textsOf(dns["Search"]),
      options: textsOf(dns["Options"]),
    },
  };
}

/** A text field; empty if it is absent or something else. */
export function textOf(value: GobValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function toRoute(dst: Cidr, route: GobRecord): Route {
  const gw = fromBytes(route["GW"]);
  const { Priority: priority, Scope: scope } = route;
  return {
    dst,
    ...(gw === undefined ? {} : { gw }),
    ...(typeof priority === "number" ? { priority } : {}),
    ...(typeof scope === "number" ? { scope } : {}),
  };
}

function toIpNet({ address, prefixLength }: Cidr): GobRecord {
  const bits = (1n << 32n) - (1n << BigInt(32 - prefixLength));
  return { IP: toBytes(address), Mask: toBytes({ family: 4, value: bits }) };
}

/** DHCPv4 has no others than IPv4. */
function toBytes(address: IpAddress): Uint8Array;
function toBytes(address: IpAddress | undefined): Uint8Array | undefined;
function toBytes(address: IpAddress | undefined): Uint8Array | undefined {
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Number(address.value));
  return bytes;
}

function fromIpNet(value: GobValue | undefined): Cidr | undefined {
  const { IP, Mask } = recordOf(value);
  const address = fromBytes(IP);
  const mask = fromBytes(Mask)?.value;
  if (address === undefined || mask === undefined) return undefined;
  const ones = mask.toString(2).padStart(32, "0").replace(/0+$/, "");
  return ones.includes("0")
    ? undefined
    : { address, prefixLength: ones.length };
}

/** Four bytes, or sixteen of which the last four count, as Go writes IPv4. */
function fromBytes(value: GobValue | undefined): IpAddress | undefined {
  if (!(value instanceof Uint8Array) || ![4, 16].includes(value.length)) {
    return undefined;
  }
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return { family: 4, value: BigInt(view.getUint32(value.length - 4)) };
}

function recordOf(value: GobValue | undefined): GobRecord {
  return typeof value === "object" && !Array.isArray(value) &&
      !(value instanceof Uint8Array)
    ? value as GobRecord
    : {};
}

function recordsOf(value: GobValue | undefined): GobRecord[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function textsOf(value: GobValue | undefined): string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
