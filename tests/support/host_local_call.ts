/** Calls of a host-local binary: configuration, environment and result. @module */

import { cniEnv, type PluginOutcome, runPlugin } from "./plugin_process.ts";

/** One call. */
export interface HostLocalCall {
  readonly binary: string;
  readonly command: string;
  readonly config: string;
  readonly containerId?: string;
  readonly ifName?: string;
  readonly netns?: string;
  /** More variables, e.g. `CNI_ARGS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the process when aborted. */
  readonly signal?: AbortSignal;
}

/** Runs one command of the binary. */
export function callHostLocal(call: HostLocalCall): Promise<PluginOutcome> {
  return runPlugin({
    binary: call.binary,
    env: environmentOf(call),
    stdin: call.config,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  });
}

/** The environment of the call's process. */
export function environmentOf(
  call: Pick<
    HostLocalCall,
    "command" | "containerId" | "ifName" | "netns" | "env"
  >,
): Record<string, string> {
  return cniEnv(call.command, {
    ...(call.containerId === undefined
      ? {}
      : { containerId: call.containerId }),
    ...(call.ifName === undefined ? {} : { ifName: call.ifName }),
    ...(call.netns === undefined ? {} : { netns: call.netns }),
    ...(call.env === undefined ? {} : { extra: call.env }),
  });
}

/** Builds a network configuration; every subnet is a range set of its own. */
export function networkConfig(
  {
    name = "net",
    cniVersion = "1.0.0",
    dataDir,
    subnets,
    ipam = {},
    extra = {},
  }: {
    readonly name?: string;
    readonly cniVersion?: string;
    readonly dataDir: string;
    readonly subnets: readonly string[];
    /** More keys of `ipam`. */
    readonly ipam?: Readonly<Record<string, unknown>>;
    /** More keys of the top level. */
    readonly extra?: Readonly<Record<string, unknown>>;
  },
): string {
  return JSON.stringify({
    cniVersion,
    name,
    type: "bridge",
    ipam: {
      type: "host-local",
      dataDir,
      ranges: subnets.map((subnet) => [{ subnet }]),
      ...ipam,
    },
    ...extra,
  });
}

/**
 * Returns the addresses of a printed result without prefix lengths, in order.
 *
 * @throws {TypeError} if stdout is no result.
 */
export function addressesInResult(stdout: string): string[] {
  const result: unknown = JSON.parse(stdout);
  const bare = (cidr: unknown): string => String(cidr).replace(/\/\d+$/, "");
  if (isRecord(result) && Array.isArray(result["ips"])) {
    return result["ips"].map((entry: unknown) =>
      bare(isRecord(entry) ? entry["address"] : entry)
    );
  }
  if (isRecord(result) && ("ip4" in result || "ip6" in result)) {
    return [result["ip4"], result["ip6"]].filter(isRecord).map((entry) =>
      bare(entry["ip"])
    );
  }
  throw new TypeError(
    `Cannot read the result ${JSON.stringify(stdout)}: no ips`,
  );
}

/** Returns the error that a plugin printed; undefined if stdout is none. */
export function errorIn(
  stdout: string,
):
  | { readonly code: number; readonly msg: string; readonly details?: string }
  | undefined {
  let document: unknown;
  try {
    document = JSON.parse(stdout);
  } catch {
    return undefined; // Not one JSON document: no error object either.
  }
  if (!isRecord(document)) return undefined;
  const { code, msg, details } = document;
  if (typeof code !== "number" || typeof msg !== "string") return undefined;
  return typeof details === "string" ? { code, msg, details } : { code, msg };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
