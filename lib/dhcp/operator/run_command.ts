/** Runs a command for operators, from its arguments to what it prints. Pure. @module */

import { type CommandCall, UsageError } from "../../cli/command_line.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { type Printed, runProgram } from "../../cli/run_program.ts";
import { DEFAULT_SOCKET_PATH } from "../config/dhcp_config.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { release, renew } from "./change_leases.ts";
import { leases, show } from "./leases.ts";
import type { OperatorPorts } from "./ports.ts";
import { probe, type ProbeSubject } from "./probe.ts";
import { defaultOptions, optionsOf } from "./probe_options.ts";
import {
  DEFAULT_CONFIG_DIR,
  DEFAULT_INTERFACE,
  DEFAULT_PROBE_SECONDS,
  dhcpProgram,
} from "./program.ts";
import { validate } from "./validate.ts";
import { watch } from "./watch.ts";

/** A longer probe tells nothing new. */
const MAX_PROBE_SECONDS = 3600;

/**
 * Runs a command.
 *
 * @param options `version`: that of the program.
 */
export async function runCommand(
  args: readonly string[],
  { ports, version }: {
    readonly ports: OperatorPorts;
    readonly version: string;
  },
): Promise<Printed> {
  return await runProgram(dhcpProgram(), args, {
    screen: ports.screen,
    version,
    run: (call) => run(call, ports),
  });
}

async function run(
  { command: { name }, values, switches, arguments: args }: CommandCall,
  ports: OperatorPorts,
): Promise<Outcome> {
  const socketPath = values["socket"] ?? DEFAULT_SOCKET_PATH;
  const leasePaths = { socketPath, stateDir: values["state-dir"] };
  const [container = ""] = args;
  const choice = { container, ifName: values["ifname"] };
  switch (name) {
    case "leases":
      return await leases(leasePaths, ports);
    case "show":
      return await show(choice, leasePaths, ports);
    case "watch": {
      const isJson = switches.has("json");
      const isWide = switches.has("wide");
      return await watch({ socketPath, container, isJson, isWide }, ports);
    }
    case "renew":
      return await renew(choice, socketPath, ports);
    case "release":
      return await release(choice, socketPath, ports);
    case "probe":
      return await probe(readSubject(values, ports), ports);
    case "validate": {
      const paths = args.length > 0 ? args : [DEFAULT_CONFIG_DIR];
      const files = paths.flatMap((path) => ports.readConfigs(path));
      return validate(files, {
        paths,
        isStrict: switches.has("strict"),
        progress: ports.progress,
      });
    }
    default:
      throw new TypeError(`${name} is not implemented`);
  }
}

function readSubject(
  values: CommandCall["values"],
  ports: OperatorPorts,
): ProbeSubject {
  const { netns, ifname: ifName = DEFAULT_INTERFACE } = values;
  if (netns === undefined) {
    throw new UsageError(
      "probe needs --netns PATH, such as /run/netns/NAME",
      "probe",
    );
  }
  const timeoutMs = readTimeout(values["timeout"]);
  const options = readOptions(values, ports);
  return {
    netns,
    ifName,
    timeoutMs: timeoutMs ?? options.timeoutMs ?? DEFAULT_PROBE_SECONDS * 1000,
    options,
  };
}

/** Reads `--timeout`. @returns Milliseconds. */
function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= MAX_PROBE_SECONDS) return seconds * 1000;
  throw new UsageError(
    `--timeout is "${text}", expected seconds, at most ${MAX_PROBE_SECONDS}`,
    "probe",
  );
}

function readOptions(
  { config, network, args }: CommandCall["values"],
  ports: OperatorPorts,
): LeaseOptions {
  if (config !== undefined) {
    const files = ports.readConfigs(config);
    return optionsOf(files, { network, cniArgs: args ?? "" });
  }
  if (network === undefined && args === undefined) return defaultOptions();
  throw new UsageError("--network and --args need --config PATH", "probe");
}
