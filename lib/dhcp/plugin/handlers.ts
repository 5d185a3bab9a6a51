/** What the plugin does for each command: asks the daemon. Pure but for the ports it is given. @module */

import { ConfigError, DecodeError, SystemError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { cleanPath } from "../../base/path.ts";
import { CniError, CniErrorCode, toCniError } from "../../cni/error.ts";
import type { PluginHandlers, Request } from "../../cni/plugin.ts";
import type { Result } from "../../cni/result.ts";
import { parseResult } from "../../cni/result_reader.ts";
import { readValidAttachments } from "../../cni/valid_attachments.ts";
import { parseDhcpConfig, parseSocketPath } from "../config/dhcp_config.ts";
import type { DaemonConnection, DhcpPorts } from "./ports.ts";
import {
  type DaemonRequest,
  formatRequest,
  MAX_RESPONSE_BYTES,
  parseResponse,
} from "../protocol/daemon_protocol.ts";
import { isHttpAnswer, UpstreamDaemon } from "./upstream_fallback.ts";
import type { Attachment } from "../../cni/attachment.ts";

/** The daemon keeps its own, shorter limit; this is for one that does not answer any more. */
const ADD_PATIENCE_MS = 240_000;
const ADD_MARGIN_MS = 5000;
/** The daemon answers the others at once, but for the time of a RELEASE. */
const CALL_TIMEOUT_MS = 10_000;
/** STATUS is asked every few seconds. */
const STATUS_TIMEOUT_MS = 2000;
const CONFIRM_TIMEOUT_MS = 2000;

/** The command that a daemon cannot be reached for, or that it refuses. */
class CallError extends Error {
  constructor(readonly step: "dial" | "call", readonly reason: unknown) {
    super(step, { cause: reason });
  }
}

function attachmentOf({ config, invocation }: Request): Attachment {
  const { containerId, ifName } = invocation;
  return { containerId, networkName: config.name, ifName };
}

/** CNI_NETNS as an absolute path. */
export function absoluteNetns(
  { invocation }: Request,
  ports: DhcpPorts,
): string {
  const { netns } = invocation;
  return cleanPath(
    netns.startsWith("/") ? netns : `${ports.workingDirectory()}/${netns}`,
  );
}

async function connect(
  socketPath: string,
  ports: DhcpPorts,
): Promise<DaemonConnection> {
  try {
    return await ports.connect(socketPath);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new CallError("dial", error);
  }
}

async function call(
  connection: DaemonConnection,
  request: DaemonRequest,
  timeoutMs: number,
): Promise<JsonObject> {
  try {
    const maxLineBytes = MAX_RESPONSE_BYTES;
    const line = formatRequest(request);
    const answer = await connection.call(line, { timeoutMs, maxLineBytes });
    if (isHttpAnswer(answer)) throw new UpstreamDaemon();
    const response = parseResponse(answer);
    if (response.kind === "error") throw response.error;
    return response.body;
  } catch (error) {
    if (error instanceof UpstreamDaemon) throw error;
    throw new CallError("call", error);
  }
}

/** Upstream's texts; a daemon that is away may be back soon. */
function report(
  error: unknown,
  method: string,
  dialCode:
    | typeof CniErrorCode.tryAgainLater
    | typeof CniErrorCode.pluginNotAvailable,
): unknown {
  if (!(error instanceof CallError)) return error;
  const { step, reason } = error;
  const cause = { cause: reason };
  if (step === "dial") {
    const { message, details } = toCniError(reason);
    const text = `error dialing DHCP daemon: ${message}`;
    return new CniError(dialCode, text, { details, ...cause });
  }
  const { code, message, details } = reason instanceof SystemError
    // The daemon did not answer: nobody knows what it did.
    ? new CniError(dialCode, reason.message, { details: reason.advice })
    : toCniError(reason);
  // A wrong namespace is not the daemon's word upstream.
  const text = code === CniErrorCode.invalidNetns
    ? message
    : `error calling DHCP.${method}: ${message}`;
  return new CniError(code, text, { details, ...cause });
}

async function add(
  request: Request,
  answer: (result: Result) => void,
  ports: DhcpPorts,
): Promise<void> {
  const { socketPath, options } = parseDhcpConfig(
    request.config,
    request.invocation.cniArgs,
  );
  const { timeoutMs } = options;
  try {
    using connection = await connect(socketPath, ports);
    const body = await call(
      connection,
      {
        method: "allocate",
        attachment: attachmentOf(request),
        netns: absoluteNetns(request, ports),
        netnsOverride: request.invocation.netnsOverride,
        options,
      },
      timeoutMs === undefined ? ADD_PATIENCE_MS : timeoutMs + ADD_MARGIN_MS,
    );
    answer(parseResult(new JsonObject(body.value("result"), "result")));
    await confirmResult(connection, ports);
  } catch (error) {
    throw report(error, "Allocate", CniErrorCode.tryAgainLater);
  }
}

/** The runtime has the result, so nothing can fail any more. */
async function confirmResult(
  connection: DaemonConnection,
  ports: DhcpPorts,
): Promise<void> {
  try {
    await call(connection, { method: "confirm" }, CONFIRM_TIMEOUT_MS);
  } catch (error) {
    const { cause } = error instanceof Error ? error : { cause: error };
    ports.warn(
      `the daemon did not take the confirmation: ${toCniError(cause).message}`,
    );
  }
}

/** Without a daemon that answers, the lease is given back by the next one. */
async function del(request: Request, ports: DhcpPorts): Promise<void> {
  const socketPath = parseSocketPath(request.config);
  warnAboutConfig(request, ports);
  const attachment = attachmentOf(request);
  try {
    return await release(socketPath, attachment, ports);
  } catch (error) {
    if (!isAbsence(error)) {
      throw report(error, "Release", CniErrorCode.tryAgainLater);
    }
    const { message } = toCniError(error.reason);
    ports.warn(`${message}: the next daemon releases the lease`);
  }
  const refusal = await leaveNote(socketPath, attachment, ports);
  // A daemon that started meanwhile may have looked for notes before this one was there, or cleared it away half written.
  try {
    await release(socketPath, attachment, ports);
  } catch (error) {
    if (!isAbsence(error)) {
      throw report(error, "Release", CniErrorCode.tryAgainLater);
    }
    if (refusal !== undefined) throw refusal;
  }
}

/** The note by which the next daemon gives a lease back. @returns Why it cannot be left. */
async function leaveNote(
  socketPath: string,
  attachment: Attachment,
  ports: DhcpPorts,
): Promise<SystemError | undefined> {
  try {
    await ports.leaveTombstone(socketPath, attachment);
    return undefined;
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
}

async function release(
  socketPath: string,
  attachment: Attachment,
  ports: DhcpPorts,
): Promise<void> {
  using connection = await connect(socketPath, ports);
  await call(connection, { method: "release", attachment }, CALL_TIMEOUT_MS);
}

/** Whether there is no daemon that answers, rather than one that refuses. */
function isAbsence(error: unknown): error is CallError {
  return error instanceof CallError && error.reason instanceof SystemError;
}

async function check(request: Request, ports: DhcpPorts): Promise<void> {
  const { socketPath } = parseDhcpConfig(
    request.config,
    request.invocation.cniArgs,
  );
  const previous = request.config.json.object("prevResult");
  try {
    using connection = await connect(socketPath, ports);
    await call(
      connection,
      {
        method: "check",
        attachment: attachmentOf(request),
        netns: absoluteNetns(request, ports),
        addresses: previous &&
          parseResult(previous).ips.map(({ address }) => address),
      },
      CALL_TIMEOUT_MS,
    );
  } catch (error) {
    throw report(error, "Check", CniErrorCode.tryAgainLater);
  }
}

async function gc(request: Request, ports: DhcpPorts): Promise<void> {
  const attachments = readValidAttachments(request.config.json);
  const socketPath = parseSocketPath(request.config);
  warnAboutConfig(request, ports);
  try {
    using connection = await connect(socketPath, ports);
    const networkName = request.config.name;
    await call(
      connection,
      { method: "gc", networkName, attachments },
      CALL_TIMEOUT_MS,
    );
  } catch (error) {
    throw report(error, "GC", CniErrorCode.tryAgainLater);
  }
}

async function status(request: Request, ports: DhcpPorts): Promise<void> {
  const { socketPath } = parseDhcpConfig(request.config, "");
  try {
    using connection = await connect(socketPath, ports);
    await call(connection, { method: "status" }, STATUS_TIMEOUT_MS);
  } catch (error) {
    throw report(error, "Status", CniErrorCode.pluginNotAvailable);
  }
}

/** DEL and GC go on without a configuration they can live without, but say what is wrong with it. */
function warnAboutConfig(request: Request, ports: DhcpPorts): void {
  try {
    parseDhcpConfig(request.config, request.invocation.cniArgs);
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof DecodeError)) {
      throw error;
    }
    const { command } = request.invocation;
    ports.warn(
      `${command} goes on although the configuration is invalid: ${error.message}`,
    );
  }
}

/**
 * Handlers that ask the daemon of the network's configuration.
 *
 * They throw {@link UpstreamDaemon} if it turns out to be another.
 */
export function dhcpHandlers(ports: DhcpPorts): PluginHandlers {
  return {
    add: (request, answer) => add(request, answer, ports),
    del: (request) => del(request, ports),
    check: (request) => check(request, ports),
    gc: (request) => gc(request, ports),
    status: (request) => status(request, ports),
  };
}
