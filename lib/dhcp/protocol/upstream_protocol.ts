/**
 * The protocol of upstream's plugin and daemon, on the same socket as ours: Go's net/rpc over HTTP
 * CONNECT, encoded in gob.
 *
 * ```text
 * plugin -> daemon   CONNECT /_goRPC_ HTTP/1.0, an empty line
 * daemon -> plugin   HTTP/1.0 200 Connected to Go RPC, an empty line
 * plugin -> daemon   Request {ServiceMethod, Seq},
 *                    CmdArgs {ContainerID, Netns, IfName, Args, Path, StdinData}
 * daemon -> plugin   Response {ServiceMethod, Seq, Error},
 *                    Result; an empty struct for Release and after an error
 * ```
 *
 * Pure.
 *
 * @module
 */

import { ByteReader } from "../../base/byte_reader.ts";
import { ByteWriter } from "../../base/byte_writer.ts";
import type { Result, Route } from "../../cni/result.ts";
import { asRecord, type GobRecord, type GobValue } from "./gob/gob_decoder.ts";
import type { GobList, GobStruct } from "./gob/gob_encoder.ts";
import type { Cidr } from "../../net/cidr.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  maskOfPrefixLength,
  prefixLengthOfMask,
  readIpv4,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";

/** The line that switches a connection to this protocol, without the line feed. */
export const CONNECT_LINE = "CONNECT /_goRPC_ HTTP/1.0";
/** The first line of the response to {@link CONNECT_LINE}, without the line feed. */
export const CONNECTED_LINE = "HTTP/1.0 200 Connected to Go RPC";

/** A method of upstream's daemon. */
export type RpcMethod = "DHCP.Allocate" | "DHCP.Release";

/** The header of a call. */
export const RPC_REQUEST: GobStruct = {
  name: "Request",
  fields: [["ServiceMethod", "string"], ["Seq", "uint"]],
};

/** The header of a response. */
export const RPC_RESPONSE: GobStruct = {
  name: "Response",
  fields: [["ServiceMethod", "string"], ["Seq", "uint"], ["Error", "string"]],
};

/** The arguments of both methods. */
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

/** The body of a response without a result. */
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

/** The result of `DHCP.Allocate`. */
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

/** Converts an IPv4 result to a record of type {@link RPC_RESULT}. */
export function toRpcResult({ ips, routes, dns }: Result): GobRecord {
  return {
    IPs: ips.map(({ address, gateway }) => ({
      Address: toIpNet(address),
      Gateway: gateway && toBytes(gateway),
    })),
    Routes: routes.map((route) => ({
      Dst: route.dst && toIpNet(route.dst),
      // Without a next hop, upstream releases that do not know `scope` take the gateway.
      GW: toBytes(route.gw ?? UNSPECIFIED_ADDRESS),
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

/**
 * Converts a record of type {@link RPC_RESULT} to a result, without entries whose address is
 * invalid.
 */
export function fromRpcResult(result: GobRecord): Result {
  const dns = asRecord(result["DNS"]) ?? {};
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

/** Returns a string field; an empty string if it is absent or has another type. */
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
  return {
    IP: toBytes(address),
    Mask: toBytes(maskOfPrefixLength(prefixLength)),
  };
}

/** Encodes the 4 bytes of an address; DHCPv4 results hold no other than IPv4. */
function toBytes(address: IpAddress): Uint8Array {
  return new ByteWriter().u32(Number(address.value)).finish();
}

function fromIpNet(value: GobValue | undefined): Cidr | undefined {
  const { IP, Mask } = asRecord(value) ?? {};
  const address = fromBytes(IP);
  const mask = fromBytes(Mask);
  const prefixLength = mask && prefixLengthOfMask(mask);
  return address === undefined || prefixLength === undefined
    ? undefined
    : { address, prefixLength };
}

/** Decodes 4 bytes, or the last 4 of the 16 in which Go also holds an IPv4 address. */
function fromBytes(value: GobValue | undefined): Ipv4Address | undefined {
  return value instanceof Uint8Array && [4, 16].includes(value.length)
    ? readIpv4(new ByteReader(value.subarray(-4)), "IPv4 address")
    : undefined;
}

function recordsOf(value: GobValue | undefined): GobRecord[] {
  return Array.isArray(value)
    ? value.map((element) => asRecord(element) ?? {})
    : [];
}

function textsOf(value: GobValue | undefined): string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
