/** One run of a plugin, from the environment to the exit status (SPEC section 2). @module */

import { formatLogLine } from "../base/log_line.ts";
import { type Invocation, parseEnvironment } from "./environment.ts";
import { CniError, CniErrorCode, formatError, toCniError } from "./error.ts";
import {
  type NetworkConfig,
  parseDocument,
  readCniVersion,
  readNetworkName,
  versionForErrors,
} from "./network_config.ts";
import { refuseOwnNetns } from "./own_netns.ts";
import type { Result } from "./result.ts";
import { formatResult } from "./result_conversion.ts";
import {
  type Command,
  CURRENT_VERSION,
  parseCommand,
  selectVersion,
  SUPPORTED_VERSIONS,
} from "./spec_version.ts";

/** What a run needs of the process around it. */
export interface PluginIo {
  env(name: string): string | undefined;
  /** Everything on stdin, to its end. */
  readStdin(): string;
  writeStdout(text: string): void;
  /** Writes one line; the line feed is added. */
  writeStderr(line: string): void;
  readonly pid: number;
}

/** A command with everything the shared layer knows about it. */
export interface Request {
  readonly invocation: Invocation;
  readonly config: NetworkConfig;
}

/** What a plugin does for each command. What they throw becomes the error document. */
export interface PluginHandlers {
  /** Calls `answer` once, when the result is certain; what happens after it cannot fail the command any more. */
  add(request: Request, answer: (result: Result) => void): Promise<void>;
  del(request: Request): Promise<void>;
  check(request: Request): Promise<void>;
  gc(request: Request): Promise<void>;
  status(request: Request): Promise<void>;
}

/** A plugin: its name and version for people, and its commands. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly handlers: PluginHandlers;
}

function about({ name, version }: Plugin): string {
  return `CNI ${name} plugin v${version}\nCNI protocol versions supported: ${
    SUPPORTED_VERSIONS.join(", ")
  }`;
}

function versionDocument(): string {
  return `${
    JSON.stringify({
      cniVersion: CURRENT_VERSION,
      supportedVersions: SUPPORTED_VERSIONS,
    })
  }\n`;
}

async function dispatch(
  command: Command,
  request: Request,
  { handlers }: Plugin,
  { pid, answer }: {
    readonly pid: number;
    readonly answer: (result: Result) => void;
  },
): Promise<void> {
  switch (command) {
    case "ADD":
      refuseOwnNetns(request.invocation, pid);
      return await handlers.add(request, answer);
    case "DEL":
      // What is to be freed is freed first: DEL must not leave anything behind because of a wrong CNI_NETNS.
      await handlers.del(request);
      return refuseOwnNetns(request.invocation, pid);
    case "CHECK":
      return await handlers.check(request);
    case "GC":
      return await handlers.gc(request);
    case "STATUS":
      return await handlers.status(request);
  }
}

/** stdout as the contract has it: one document at the most. */
class OneDocument {
  readonly #io: PluginIo;
  #state: "nothing" | "begun" | "written" = "nothing";

  constructor(io: PluginIo) {
    this.#io = io;
  }

  get isWritten(): boolean {
    return this.#state === "written";
  }

  /** Writes the document; refuses a second one, even after a first that got only half way. */
  write(text: string): void {
    if (this.#state !== "nothing") throw new Error("stdout is used up");
    this.#state = "begun";
    this.#io.writeStdout(text);
    this.#state = "written";
  }
}

async function serve(
  io: PluginIo,
  plugin: Plugin,
  { stdout, onVersion }: {
    readonly stdout: OneDocument;
    readonly onVersion: (cniVersion: string) => void;
  },
): Promise<void> {
  const invocation = parseEnvironment(io.env);
  if (invocation === undefined) return io.writeStderr(about(plugin));
  if (invocation.command === "VERSION") return stdout.write(versionDocument());
  const json = parseDocument(io.readStdin());
  onVersion(versionForErrors(json));
  const name = readNetworkName(json);
  const command = parseCommand(invocation.command);
  if (command === undefined) {
    const message = `unknown CNI_COMMAND: ${invocation.command}`;
    throw new CniError(CniErrorCode.invalidEnvironment, message);
  }
  const cniVersion = readCniVersion(json);
  const version = selectVersion(command, cniVersion);
  const request = { invocation, config: { name, cniVersion, json } };
  const answer = (result: Result): void =>
    stdout.write(formatResult(result, version));
  await dispatch(command, request, plugin, { pid: io.pid, answer });
}

/**
 * Serves one call.
 *
 * stdout gets the one document of the call, or nothing where the specification says so.
 *
 * @returns The exit status: 0, or 1 after an error document.
 */
export async function runPlugin(io: PluginIo, plugin: Plugin): Promise<number> {
  const stdout = new OneDocument(io);
  let errorVersion: string = CURRENT_VERSION;
  const onVersion = (cniVersion: string): void => {
    errorVersion = cniVersion;
  };
  try {
    await serve(io, plugin, { stdout, onVersion });
    return 0;
  } catch (error) {
    const failure = toCniError(error);
    const isExpected = error === failure ||
      failure.code !== CniErrorCode.internal;
    if (!isExpected && error instanceof Error) {
      io.writeStderr(
        formatLogLine("error", "unexpected-error", {
          reason: failure.message,
          stack: error.stack ?? "",
        }),
      );
    }
    // What follows the answer cannot take it back.
    if (stdout.isWritten) return 0;
    try {
      stdout.write(formatError(failure, errorVersion));
    } catch {
      io.writeStderr(
        formatLogLine("error", "command-failed", {
          reason: failure.message,
          details: failure.details,
        }),
      );
    }
    return 1;
  }
}
