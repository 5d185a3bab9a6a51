/** Runs a command for operators, from its arguments to what it prints. Pure. @module */

import { parseDuration } from "../../base/duration.ts";
import { SystemError } from "../../base/errors.ts";
import { type CommandCall, UsageError } from "../../cli/command_line.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { type Printed, runProgram } from "../../cli/run_program.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import { DEFAULT_DATA_DIR } from "../config.ts";
import { checkState } from "./check_state.ts";
import { explain } from "./explain.ts";
import { explainAdd } from "./explain_add.ts";
import { list } from "./list.ts";
import { metrics } from "./metrics.ts";
import type { OperatorPorts } from "./ports.ts";
import {
  DEFAULT_CONFIG_DIR,
  DEFAULT_CONTAINER,
  DEFAULT_GRACE,
  DEFAULT_INTERFACE,
  DEFAULT_LOW_PERCENT,
  hostLocalProgram,
} from "./program.ts";
import { reclaim } from "./reclaim.ts";
import { show } from "./show.ts";
import { validate } from "./validate.ts";

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
  return await runProgram(hostLocalProgram(), args, {
    screen: ports.screen,
    version,
    run: (call) => run(call, { ports, version }),
  });
}

async function run(
  { command: { name }, values, switches, arguments: args }: CommandCall,
  { ports, version }: {
    readonly ports: OperatorPorts;
    readonly version: string;
  },
): Promise<Outcome> {
  const dataDir = values["data-dir"] ?? DEFAULT_DATA_DIR;
  switch (name) {
    case "list":
      return await list({ dataDir, names: args }, ports);
    case "show":
      return await show({
        dataDir,
        names: args,
        files: readFiles(values["config"], ports),
        lowPercent: readPercent(values["low"], name),
      }, ports);
    case "explain":
      return await runExplain(values, args, { dataDir, ports });
    case "validate": {
      const paths = args.length > 0 ? args : [DEFAULT_CONFIG_DIR];
      const files = paths.flatMap((path) => ports.readConfigs(path));
      return validate(files, {
        paths,
        isStrict: switches.has("strict"),
        progress: ports.progress,
      });
    }
    case "check-state":
      return await checkState({
        dataDir,
        names: args,
        files: readFiles(values["config"], ports),
        repair: switches.has("repair"),
      }, ports);
    case "reclaim":
      return await reclaim({
        dataDir,
        names: args,
        live: values["live"],
        graceMs: readGrace(values["grace"] ?? DEFAULT_GRACE, name),
        release: readConsent(switches, name),
      }, ports);
    case "metrics":
      return await metrics({
        dataDir,
        files: readFiles(values["config"], ports),
        version,
        output: values["output"],
      }, ports);
    default:
      throw new TypeError(`${name} is not implemented`);
  }
}

async function runExplain(
  values: CommandCall["values"],
  [subject]: readonly string[],
  { dataDir, ports }: {
    readonly dataDir: string;
    readonly ports: OperatorPorts;
  },
): Promise<Outcome> {
  const config = values["config"];
  if (subject !== undefined) {
    const files = readFiles(config, ports);
    return await explain({ dataDir, subject, files }, ports);
  }
  if (config === undefined) {
    throw new UsageError(
      "explain needs an address, a container ID or --config PATH",
      "explain",
    );
  }
  return await explainAdd(ports.readConfigs(config), {
    containerId: values["container"] ?? DEFAULT_CONTAINER,
    ifName: values["ifname"] ?? DEFAULT_INTERFACE,
    cniArgs: values["args"] ?? "",
  }, ports);
}

/** Reads the configurations of a path; without one, those of the runtime, if there are any. */
function readFiles(
  path: string | undefined,
  ports: OperatorPorts,
): readonly ConfigFile[] {
  if (path !== undefined) return ports.readConfigs(path);
  try {
    return ports.readConfigs(DEFAULT_CONFIG_DIR);
  } catch (error) {
    // Not every runtime has its configurations there.
    if (error instanceof SystemError) return [];
    throw error;
  }
}

function readPercent(text: string | undefined, command: string): number {
  if (text === undefined) return DEFAULT_LOW_PERCENT;
  const percent = Number(text);
  if (Number.isInteger(percent) && percent >= 0 && percent <= 100) {
    return percent;
  }
  throw new UsageError(
    `--low is "${text}", expected a whole number from 0 to 100`,
    command,
  );
}

function readGrace(text: string, command: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 0) return ms;
  throw new UsageError(
    `--grace is "${text}", expected a duration such as 90m or 24h`,
    command,
  );
}

/** Returns whether the operator wants changes. */
function readConsent(switches: ReadonlySet<string>, command: string): boolean {
  if (switches.has("yes") && switches.has("dry-run")) {
    throw new UsageError("--yes and --dry-run exclude each other", command);
  }
  return switches.has("yes");
}
