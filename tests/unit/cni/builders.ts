/**
 * Builders of requests and plugin runs, with defaults for what does not matter to a test.
 *
 * @module
 */

import { JsonObject } from "../../../lib/base/json_reader.ts";
import type { Invocation } from "../../../lib/cni/environment.ts";
import type { NetworkConfig } from "../../../lib/cni/network_config.ts";
import {
  type PluginHandlers,
  type PluginIo,
  type Request,
  runPlugin,
} from "../../../lib/cni/plugin.ts";
import { NO_DNS, type Result } from "../../../lib/cni/result.ts";
import { parseCidr } from "../../../lib/net/cidr.ts";

/** Builds a network configuration. @param keys The keys of its document. */
export function networkConfig(
  keys: Readonly<Record<string, unknown>>,
  { name = "net", cniVersion = "1.1.0" }: {
    readonly name?: string;
    readonly cniVersion?: string;
  } = {},
): NetworkConfig {
  return { name, cniVersion, json: new JsonObject(keys, "") };
}

/** Builds an ADD; `facts` replace its values. */
export function invocation(facts: Partial<Invocation> = {}): Invocation {
  return {
    command: "ADD",
    containerId: "c1",
    netns: "/var/run/netns/c1",
    ifName: "eth0",
    cniArgs: "",
    netnsOverride: false,
    ...facts,
  };
}

/** Builds a result with one address. */
export function resultOf(address: string): Result {
  const cidr = parseCidr(address);
  return {
    ips: cidr === undefined ? [] : [{ address: cidr }],
    routes: [],
    dns: NO_DNS,
  };
}

/** Builds an environment with every variable that `command` needs. */
export function environment(command: string): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: "c1",
    CNI_NETNS: "/var/run/netns/c1",
    CNI_IFNAME: "eth0",
  };
}

/** What one run of a plugin did. */
export interface Run {
  readonly exitStatus: number;
  /** One element per write. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** The commands that reached a handler, with their requests. */
  readonly calls: readonly (readonly [string, Request])[];
}

/**
 * Runs a plugin called `test`, version 1.2.3. Its handlers succeed unless `handlers` replaces them.
 */
export async function runOnce(
  {
    env,
    stdin = '{"cniVersion":"1.1.0","name":"net"}',
    handlers = {},
    io = {},
    onEnd = () => {},
  }: {
    readonly env: Readonly<Record<string, string>>;
    readonly stdin?: string;
    readonly handlers?: Partial<PluginHandlers>;
    readonly io?: Partial<PluginIo>;
    readonly onEnd?: (code: number) => void;
  },
): Promise<Run> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const calls: (readonly [string, Request])[] = [];
  const record = (command: string) => (request: Request): Promise<void> => {
    calls.push([command, request]);
    return Promise.resolve();
  };
  const plugin = {
    name: "test",
    version: "1.2.3",
    onEnd,
    handlers: {
      add: record("ADD"),
      del: record("DEL"),
      check: record("CHECK"),
      gc: record("GC"),
      status: record("STATUS"),
      ...handlers,
    },
  };
  const exitStatus = await runPlugin({
    env: (name) => env[name],
    readStdin: () => stdin,
    writeStdout: (text) => void stdout.push(text),
    writeStderr: (line) => void stderr.push(line),
    pid: 4711,
    ...io,
  }, plugin);
  return { exitStatus, stdout, stderr, calls };
}
