/** One run of a plugin, from the environment to the exit status (SPEC section 2). Pure. @module */

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
import { versionDocument } from "./version_document.ts";

/** The process around a plugin. */
export interface PluginIo {
  env(name: string): string | undefined;
  /** Reads stdin to its end. */
  readStdin(): string;
  /**
   * Writes the document. It counts once this returns, or once the promise is fulfilled.
   *
   * @param exitStatus The exit status that goes with it.
   * @throws {SystemError} if the runtime does not get it.
   */
  writeStdout(text: string, exitStatus: 0 | 1): void | Promise<void>;
  /** Writes one line; the line feed is added. */
  writeStderr(line: string): void;
  readonly pid: number;
}

/** A command of the runtime, with its network configuration. */
export interface Request {
  readonly invocation: Invocation;
  readonly config: NetworkConfig;
}

/** Gives the runtime the result of an ADD. */
export type Answer = (result: Result) => Promise<void>;

/** What a plugin does for each command. What a handler throws becomes the error document. */
export interface PluginHandlers {
  /**
   * Calls `answer` once, when the result is final, and waits for it. If it rejects, the runtime has
   * no result; a failure after it cannot fail the command any more.
   */
  add(request: Request, answer: Answer): Promise<void>;
  del(request: Request): Promise<void>;
  check(request: Request): Promise<void>;
  gc(request: Request): Promise<void>;
  status(request: Request): Promise<void>;
}

/** A plugin: its name, its version and its commands. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly handlers: PluginHandlers;
  /** Called when a command has ended. @param code That of its error; 0 for success. */
  onEnd?(code: number): void;
}

function about({ name, version }: Plugin): string {
  return `CNI ${name} plugin v${version}\nCNI protocol versions supported: ${
    SUPPORTED_VERSIONS.join(", ")
  }`;
}

async function dispatch(
  command: Command,
  request: Request,
  { handlers }: Plugin,
  { pid, answer }: {
    readonly pid: number;
    readonly answer: Answer;
  },
): Promise<void> {
  switch (command) {
    case "ADD":
      refuseOwnNetns(request.invocation, pid);
      return await handlers.add(request, answer);
    case "DEL":
      // Checked last: a wrong CNI_NETNS must not keep DEL from releasing what the container holds.
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

/** stdout with at most one document, as the specification requires. */
class OneDocument {
  readonly #io: PluginIo;
  #state: "nothing" | "begun" | "written" = "nothing";

  constructor(io: PluginIo) {
    this.#io = io;
  }

  get isWritten(): boolean {
    return this.#state === "written";
  }

  /** Writes the document. @throws {Error} if one was written before, even if only in part. */
  async write(text: string, exitStatus: 0 | 1): Promise<void> {
    if (this.#state !== "nothing") {
      throw new Error("stdout has its document already");
    }
    this.#state = "begun";
    await this.#io.writeStdout(text, exitStatus);
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
  if (invocation.command === "VERSION") {
    return await stdout.write(versionDocument(), 0);
  }
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
  const answer = (result: Result): Promise<void> =>
    stdout.write(formatResult(result, version), 0);
  await dispatch(command, request, plugin, { pid: io.pid, answer });
}

/**
 * Runs one command of the runtime.
 *
 * Writes one document to stdout, or nothing where the specification says so.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SystemError } from "../base/errors.ts";
 *
 * const stdout: string[] = [];
 * const io: PluginIo = {
 *   env: (name) => name === "CNI_COMMAND" ? "VERSION" : undefined,
 *   readStdin: () => "",
 *   writeStdout: (text) => void stdout.push(text),
 *   writeStderr: () => {},
 *   pid: 1,
 * };
 * const refuse = () => Promise.reject(new SystemError("not reached"));
 * const handlers = { add: refuse, del: refuse, check: refuse, gc: refuse, status: refuse };
 * assertEquals(await runPlugin(io, { name: "test", version: "1.0.0", handlers }), 0);
 * assertEquals(JSON.parse(stdout.join("")).cniVersion, "1.1.0");
 * ```
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
    plugin.onEnd?.(0);
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
    // The result is on stdout: a failure after it cannot change the outcome.
    if (stdout.isWritten) {
      plugin.onEnd?.(0);
      return 0;
    }
    plugin.onEnd?.(failure.code);
    try {
      await stdout.write(formatError(failure, errorVersion), 1);
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
