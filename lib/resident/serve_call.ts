/**
 * The resident side of one call: request, confirmation, the plugin's run, its result. Pure but for
 * the stream and the clock.
 *
 * The launcher confirms twice. Nothing runs before its `go`, because it may have given up on a
 * process that answers late. A result counts once the launcher has printed it: until then a handler
 * waits, and undoes what it did if the launcher is gone or silent.
 *
 * @module
 */

import { DecodeError } from "../base/errors.ts";
import { invalidVariable } from "../cni/environment.ts";
import { type Plugin, type PluginIo, runPlugin } from "../cni/plugin.ts";
import {
  type CallerStream,
  type ConnectionContext,
  LauncherConnection,
} from "./launcher_connection.ts";
import type { LauncherRequest } from "./launcher_protocol.ts";

const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });
const VALID_TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What serving a call needs. */
export interface CallContext extends ConnectionContext {
  /** Returns the plugin for one call. */
  plugin(call: Call): Plugin;
  /** Returns why this process must not run a call; undefined if it may. */
  refusal(request: LauncherRequest): string | undefined;
  /** Whether this process is about to stop: then no call begins to run, whether accepted or not. */
  isStopping(): boolean;
}

/** A call, as the plugin sees it. */
export interface Call {
  readonly request: LauncherRequest;
  /** Writes one line to the stderr of the launcher. */
  writeStderr(line: string): void;
  /** Aborted once the launcher has disconnected. */
  readonly hungUp: AbortSignal;
  /** When it has called, on the clock of the context. */
  readonly sinceMs: number;
}

/** Serves one call to its end; closes the stream and never rejects. */
export async function serveCall(
  stream: CallerStream,
  context: CallContext,
): Promise<void> {
  using connection = new LauncherConnection(stream, context);
  try {
    const request = await acceptedRequest(connection, context);
    if (request !== undefined) await run(request, connection, context);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.log("warn", "request-failed", { reason });
  }
}

/** Refuses a call without reading its request; otherwise as {@link serveCall}. */
export async function refuseCall(
  stream: CallerStream,
  reason: string,
  context: CallContext,
): Promise<void> {
  using connection = new LauncherConnection(stream, context);
  // The launcher runs the standalone executable, whether this arrives or not.
  await connection.sendRefusal(reason).catch(() => {});
}

/** @returns The request that is to run; undefined if it must not. */
async function acceptedRequest(
  connection: LauncherConnection,
  context: CallContext,
): Promise<LauncherRequest | undefined> {
  let request: LauncherRequest | undefined;
  try {
    request = await connection.readRequest();
  } catch (error) {
    // Such as that of a launcher of another version.
    if (error instanceof DecodeError) {
      await connection.sendRefusal(error.message);
    }
    throw error;
  }
  if (request === undefined) return undefined;
  const reason = context.refusal(request);
  if (reason !== undefined) {
    await connection.sendRefusal(reason);
    return undefined;
  }
  await connection.send({ kind: "accepted" });
  if (!await connection.expectGo()) return undefined;
  // To the launcher that is a broken connection.
  return context.isStopping() ? undefined : request;
}

async function run(
  request: LauncherRequest,
  connection: LauncherConnection,
  context: CallContext,
): Promise<void> {
  connection.startBeats();
  connection.watch();
  const io: PluginIo = {
    env: (name) => decodeVariable(name, request.environment.get(name)),
    readStdin: () => TEXT.decode(request.stdin),
    writeStdout: (text, exitStatus) =>
      connection.sendDocument({ kind: "document", exitStatus, text }),
    writeStderr: (line) => connection.writeStderr(line),
    pid: request.pid,
  };
  const plugin = context.plugin({
    request,
    writeStderr: io.writeStderr,
    hungUp: connection.hungUp,
    sinceMs: connection.sinceMs,
  });
  await connection.sendEnd(await runPlugin(io, plugin));
}

function decodeVariable(
  name: string,
  value: Uint8Array | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  try {
    return VALID_TEXT.decode(value);
  } catch (error) {
    throw invalidVariable(name, error);
  }
}
