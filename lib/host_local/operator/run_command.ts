/** Runs a command for operators, from its arguments to what it prints. Pure. @module */

import { ConfigError, DecodeError, SystemError } from "../../base/errors.ts";
import {
  type CommandCall,
  readCommandLine,
  UsageError,
} from "../../cli/command_line.ts";
import { completionScript, SHELLS } from "../../cli/completion.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { helpText } from "../../cli/help_text.ts";
import { manPage } from "../../cli/man_page.ts";
import type { Program } from "../../cli/program.ts";
import { toned } from "../../cli/screen.ts";
import { DEFAULT_DATA_DIR } from "../config.ts";
import { checkState } from "./check_state.ts";
import { explain } from "./explain.ts";
import { explainAdd } from "./explain_add.ts";
import { list } from "./list.ts";
import { metrics } from "./metrics.ts";
import type { Outcome } from "./outcome.ts";
import type { ConfigFile, OperatorPorts } from "./ports.ts";
import {
  DEFAULT_CONFIG_DIR,
  DEFAULT_CONTAINER,
  DEFAULT_INTERFACE,
  DEFAULT_LOW_PERCENT,
  hostLocalProgram,
} from "./program.ts";
import { show } from "./show.ts";
import { validate } from "./validate.ts";

/** What a command prints, and how it ends. */
export interface Printed {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** So wide that no column is shortened. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

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
  const program = hostLocalProgram();
  try {
    const line = readCommandLine(program, args);
    const { columns } = ports.screen;
    switch (line.kind) {
      case "help":
        return printed(helpText(program, line.command, columns));
      case "version":
        return printed(`${program.name} ${version}\n`);
      case "call":
        return render(
          await run(line, { program, ports, version }),
          { call: line, ports },
        );
    }
  } catch (error) {
    return failure(error, { programName: program.name, ports });
  }
}

function printed(stdout: string): Printed {
  return { status: EXIT_STATUS.ok, stdout, stderr: "" };
}

async function run(
  { command: { name }, values, switches, arguments: args }: CommandCall,
  { program, ports, version }: {
    readonly program: Program;
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
      return validate(files, switches.has("strict"));
    }
    case "check-state":
      return await checkState({
        dataDir,
        names: args,
        files: readFiles(values["config"], ports),
        repair: switches.has("repair"),
      }, ports);
    case "metrics":
      return await metrics({
        dataDir,
        files: readFiles(values["config"], ports),
        version,
        output: values["output"],
      }, ports);
    case "completion":
      return document(completionScript(program, readShell(args[0], name)));
    case "man":
      return document(manPage(program, version));
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

function readShell(
  text: string | undefined,
  command: string,
): typeof SHELLS[number] {
  const shell = SHELLS.find((known) => known === text);
  if (shell !== undefined) return shell;
  throw new UsageError(
    `there are no completions for "${text}", only for ${SHELLS.join(", ")}`,
    command,
  );
}

/** A text that is printed as it is. */
function document(text: string): Outcome {
  return {
    status: EXIT_STATUS.ok,
    json: () => ({ text }),
    lines: () => [text.replace(/\n$/, "")],
    notes: [],
  };
}

function render(
  { status, json, lines, notes }: Outcome,
  { call: { switches }, ports: { screen } }: {
    readonly call: CommandCall;
    readonly ports: OperatorPorts;
  },
): Printed {
  const columns = switches.has("wide") ? UNLIMITED : screen.columns;
  const stdout = switches.has("json")
    ? JSON.stringify(json(), undefined, 2)
    : lines({ ...screen, columns }).join("\n");
  return {
    status,
    stdout: `${stdout}\n`,
    stderr: notes.map((note) => `note: ${note}\n`).join(""),
  };
}

function failure(
  error: unknown,
  { programName, ports: { screen } }: {
    readonly programName: string;
    readonly ports: OperatorPorts;
  },
): Printed {
  const start = toned("error:", "bad", screen);
  if (error instanceof UsageError) {
    const { command, message } = error;
    const call = command === undefined
      ? programName
      : `${programName} ${command}`;
    return {
      status: EXIT_STATUS.usage,
      stdout: "",
      stderr: `${start} ${message}\n${call} --help explains the arguments\n`,
    };
  }
  if (
    error instanceof SystemError || error instanceof ConfigError ||
    error instanceof DecodeError
  ) {
    const { message, advice } = error;
    return {
      status: EXIT_STATUS.failure,
      stdout: "",
      stderr: `${start} ${message}\n${advice === "" ? "" : `${advice}\n`}`,
    };
  }
  throw error;
}
