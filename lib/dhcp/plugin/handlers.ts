/**
 * The commands of the dhcp plugin, each a call to the daemon. Pure except for its ports.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import type { Log } from "../../base/log_line.ts";
import type { Attachment } from "../../cni/attachment.ts";
import { logInvalidConfig } from "../../cni/config_check.ts";
import { type CniError, toCniError } from "../../cni/error.ts";
import type { Answer, PluginHandlers, Request } from "../../cni/plugin.ts";
import { parseResult } from "../../cni/result_reader.ts";
import { readValidAttachments } from "../../cni/valid_attachments.ts";
import {
  type DhcpConfig,
  parseDhcpConfig,
  parseSocketPath,
} from "../config/dhcp_config.ts";
import {
  formatRequest,
  MAX_RESPONSE_BYTES,
  parseResponse,
} from "../protocol/daemon_protocol.ts";
import { callDaemon } from "./call_daemon.ts";
import { absoluteNetns } from "./netns_path.ts";
import type { DaemonConnection, PluginPorts } from "./ports.ts";

/** For a daemon that hangs: a healthy one ends an ADD earlier, by its own time limit. */
const ADD_TIMEOUT_MS = 240_000;
/** How much longer than the configured `timeout` to wait for the daemon to report it. */
const ADD_MARGIN_MS = 5000;
/** The daemon responds to other calls at once, except that a DHCPRELEASE takes a moment. */
const CALL_TIMEOUT_MS = 10_000;
/** Runtimes run STATUS every few seconds. */
const STATUS_TIMEOUT_MS = 2000;
const CONFIRM_TIMEOUT_MS = 2000;

/** Returns the commands of the plugin. */
export function dhcpHandlers(ports: PluginPorts): PluginHandlers {
  return {
    add: (request, answer) => add(request, answer, ports),
    del: (request) => del(request, ports),
    check: (request) => check(request, ports),
    gc: (request) => gc(request, ports),
    status: (request) => status(request, ports),
  };
}

async function add(
  request: Request,
  answer: Answer,
  ports: PluginPorts,
): Promise<void> {
  const { socketPath, options } = configOf(request);
  const timeoutMs = options.timeoutMs === undefined
    ? ADD_TIMEOUT_MS
    : options.timeoutMs + ADD_MARGIN_MS;
  using reply = await callDaemon({
    method: "allocate",
    attachment: attachmentOf(request),
    netns: absoluteNetns(request, ports),
    netnsOverride: request.invocation.netnsOverride,
    options,
  }, { socketPath, timeoutMs, ports });
  if (reply.kind === "unreachable") throw reply.error;
  if (reply.kind === "upstream") {
    return await (await upstreamHandlers(request, ports)).add(request, answer);
  }
  await answer(
    parseResult(new JsonObject(reply.body.value("result"), "result")),
  );
  await confirmResult(reply.connection, ports.log);
}

/** Tells the daemon that the runtime has the result. Never throws, as the ADD has succeeded. */
async function confirmResult(
  connection: DaemonConnection,
  log: Log,
): Promise<void> {
  try {
    const line = await connection.call(formatRequest({ method: "confirm" }), {
      timeoutMs: CONFIRM_TIMEOUT_MS,
      maxLineBytes: MAX_RESPONSE_BYTES,
    });
    const response = parseResponse(line);
    if (response.kind === "error") throw response.error;
  } catch (error) {
    const reason = toCniError(error).message;
    log("warn", "confirmation-failed", { reason });
  }
}

/**
 * Releases the lease, or leaves a release note for the next daemon if there is none now. Fails if
 * no daemon would read the note: the socket path is wrong.
 */
async function del(request: Request, ports: PluginPorts): Promise<void> {
  const socketPath = parseSocketPath(request.config);
  logInvalidConfig(request, ports.log, () => configOf(request));
  const unreachable = await release(request, socketPath, ports);
  if (unreachable === undefined) return;
  const { message: reason } = unreachable;
  ports.log("warn", "daemon-unreachable", { command: "DEL", reason });
  const failure = await leaveReleaseNote(request, {
    socketPath,
    ports,
    unreachable,
  });
  // A daemon that has started since may have looked for notes before this one was complete.
  const isStillUnreachable =
    await release(request, socketPath, ports) !== undefined;
  if (isStillUnreachable && failure !== undefined) throw failure;
}

/** @returns Why the daemon is unreachable, or undefined if the lease is released. */
async function release(
  request: Request,
  socketPath: string,
  ports: PluginPorts,
): Promise<CniError | undefined> {
  using reply = await callDaemon(
    { method: "release", attachment: attachmentOf(request) },
    { socketPath, timeoutMs: CALL_TIMEOUT_MS, ports },
  );
  if (reply.kind === "unreachable") return reply.error;
  if (reply.kind === "upstream") {
    await (await upstreamHandlers(request, ports)).del(request);
  }
  return undefined;
}

/** @returns Why there is no note, or undefined if it is written. */
async function leaveReleaseNote(
  request: Request,
  { socketPath, ports, unreachable }: {
    readonly socketPath: string;
    readonly ports: PluginPorts;
    readonly unreachable: CniError;
  },
): Promise<CniError | SystemError | undefined> {
  const attachment = attachmentOf(request);
  try {
    const isWritten = await ports.writeReleaseNote(socketPath, attachment);
    return isWritten ? undefined : unreachable;
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
}

async function check(request: Request, ports: PluginPorts): Promise<void> {
  const { socketPath } = configOf(request);
  const previous = request.config.json.object("prevResult");
  using reply = await callDaemon({
    method: "check",
    attachment: attachmentOf(request),
    netns: absoluteNetns(request, ports),
    addresses: previous &&
      parseResult(previous).ips.map(({ address }) => address),
  }, { socketPath, timeoutMs: CALL_TIMEOUT_MS, ports });
  if (reply.kind === "unreachable") throw reply.error;
  if (reply.kind === "upstream") {
    await (await upstreamHandlers(request, ports)).check(request);
  }
}

async function gc(request: Request, ports: PluginPorts): Promise<void> {
  const attachments = readValidAttachments(request.config.json);
  const socketPath = parseSocketPath(request.config);
  logInvalidConfig(request, ports.log, () => configOf(request));
  const { name: networkName } = request.config;
  using reply = await callDaemon(
    { method: "gc", networkName, attachments },
    { socketPath, timeoutMs: CALL_TIMEOUT_MS, ports },
  );
  if (reply.kind === "unreachable") throw reply.error;
  if (reply.kind === "upstream") {
    await (await upstreamHandlers(request, ports)).gc(request);
  }
}

async function status(request: Request, ports: PluginPorts): Promise<void> {
  const { socketPath } = parseDhcpConfig(request.config, "");
  using reply = await callDaemon(
    { method: "status" },
    { socketPath, timeoutMs: STATUS_TIMEOUT_MS, ports },
  );
  if (reply.kind === "unreachable") throw reply.error;
  if (reply.kind === "upstream") {
    await (await upstreamHandlers(request, ports)).status(request);
  }
}

function configOf({ config, invocation }: Request): DhcpConfig {
  return parseDhcpConfig(config, invocation.cniArgs);
}

function attachmentOf({ config, invocation }: Request): Attachment {
  const { containerId, ifName } = invocation;
  return { containerId, networkName: config.name, ifName };
}

/** Loads the handlers for upstream's daemon, which keeps running if only the binary is replaced. */
async function upstreamHandlers(
  { invocation: { command } }: Request,
  ports: PluginPorts,
): Promise<PluginHandlers> {
  ports.log("warn", "upstream-daemon-found", { command });
  const module = await import("./upstream_handlers.ts");
  return module.upstreamHandlers(ports);
}
