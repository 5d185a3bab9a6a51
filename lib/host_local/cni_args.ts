/**
 * CNI_ARGS as host-local reads it: strict pairs, known keys only (CONVENTIONS, "CNI_ARGS"). Pure.
 *
 * @module
 */

import type { Pod } from "./address_history.ts";
import { parseCidr } from "../net/cidr.ts";
import { type IpAddress, parseIpAddress, unmap } from "../net/ip_address.ts";

/** Invalid CNI_ARGS. */
export class CniArgsError extends RangeError {
  override readonly name = "CniArgsError";
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
]);

function parseBoolean(value: string): boolean {
  const parsed = BOOLEANS.get(value.toLowerCase());
  if (parsed === undefined) {
    throw new CniArgsError(`boolean unmarshal error: invalid input ${value}`);
  }
  return parsed;
}

/**
 * Parses addresses separated by commas; none for an empty text. Prefix lengths are checked and then
 * dropped.
 */
function parseRequests(value: string): readonly IpAddress[] {
  if (value === "") return [];
  return value.split(",").map((text) => {
    const address = parseAddressOrCidr(text);
    if (address !== undefined) return address;
    throw new CniArgsError(`invalid IP address ${value}`);
  });
}

/**
 * Parses an address that a prefix length may follow, which is dropped. Returns undefined for any
 * other text.
 */
export function parseAddressOrCidr(text: string): IpAddress | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return parseIpAddress(text);
  const cidr = parseCidr(text);
  return cidr === undefined ? undefined : unmap(cidr.address);
}

/** Kubernetes allows less: RFC 1123 subdomains. */
const POD_TEXT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/**
 * Reads the pod that the runtime names with `K8S_POD_NAMESPACE` and `K8S_POD_NAME`. Does not check
 * the rest.
 *
 * @returns Undefined if a part is missing, or cannot be a name.
 */
export function readPod(text: string): Pod | undefined {
  const pairs = new Map(
    text.split(";").map((pair) => {
      const [key = "", value = ""] = pair.split("=");
      return [key, value] as const;
    }),
  );
  const namespace = pairs.get("K8S_POD_NAMESPACE") ?? "";
  const name = pairs.get("K8S_POD_NAME") ?? "";
  return POD_TEXT.test(namespace) && POD_TEXT.test(name)
    ? { namespace, name }
    : undefined;
}

/**
 * Parses `KEY=VALUE;KEY=VALUE`.
 *
 * `IP` (or `ip`, as the public documentation spells it) requests an address, or several that are
 * separated by commas; the last one counts. Other keys are refused unless `IgnoreUnknown` is true.
 *
 * @returns The requested addresses.
 * @throws {CniArgsError} if the text is invalid, with upstream's text.
 */
export function parseCniArgs(text: string): readonly IpAddress[] {
  if (text === "") return [];
  let requested: readonly IpAddress[] = [];
  let ignoreUnknown = false;
  const unknown: string[] = [];
  for (const pair of text.split(";")) {
    const [key, value, ...more] = pair.split("=");
    if (key === undefined || value === undefined || more.length > 0) {
      throw new CniArgsError(`ARGS: invalid pair ${JSON.stringify(pair)}`);
    }
    try {
      if (key === "IP" || key === "ip") requested = parseRequests(value);
      else if (key === "IgnoreUnknown") ignoreUnknown = parseBoolean(value);
      else unknown.push(pair);
    } catch (error) {
      if (!(error instanceof CniArgsError)) throw error;
      throw new CniArgsError(
        `ARGS: error parsing value of pair ${
          JSON.stringify(pair)
        }: ${error.message}`,
      );
    }
  }
  if (unknown.length > 0 && !ignoreUnknown) {
    throw new CniArgsError(
      `ARGS: unknown args [${
        unknown.map((pair) => JSON.stringify(pair)).join(" ")
      }]`,
    );
  }
  return requested;
}
