/** The daemon's side of one connection: a request in, its answer out. @module */

import { ConfigError, DecodeError, SystemError } from "../../base/errors.ts";
import { CniError, CniErrorCode, toCniError } from "../../cni/error.ts";
import type { Daemon } from "./daemon.ts";
import {
  type DaemonRequest,
  formatAllocation,
  formatFailure,
  formatRequest,
  formatResponse,
  parseRequest,
} from "../protocol/daemon_protocol.ts";
import {
  isHttp,
  type RpcConnection,
  serveUpstream,
} from "./upstream_server.ts";
import type { Log } from "../../base/log_line.ts";

/** A caller sends its request at once, and takes its answer at once. */
const LINE_TIMEOUT_MS = 5000;
/** Between answer and confirmation the plugin only has to print the result. */
const CONFIRM_TIMEOUT_MS = 10_000;

/** A connection as the system gives it. */
export interface CallerConnection extends RpcConnection, Disposable {
  readonly peer: { readonly pid: number; readonly uid: number };
  /** False if the other side is gone. @throws {SystemError} */
  writeLine(text: string, timeoutMs: number): Promise<boolean>;
}

/** What a server needs besides the daemon. */
export interface ServerContext {
  /** Callers must be root or this user. */
  readonly ownUid: number;
  /** For STATUS. */
  readonly version: string;
  readonly log: Log;
  /** Monotonic milliseconds. */
  nowMs(): number;
}

/** Serves one connection to its end; never throws. */
export async function serveConnection(
  connection: CallerConnection,
  daemon: Daemon,
  context: ServerContext,
): Promise<void> {
  using caller = connection;
  let line: string | undefined;
  try {
    refuseStranger(caller, context);
    line = await caller.readLine(LINE_TIMEOUT_MS);
    if (line === undefined) return;
    if (isHttp(line)) {
      const { nowMs } = context;
      return await serveUpstream(line, caller, { daemon, nowMs });
    }
    await answer(parseRequest(line), caller, daemon, context);
  } catch (error) {
    const failure = toCniError(error);
    context.log("warn", "request-failed", {
      pid: caller.peer.pid,
      code: failure.code,
      reason: failure.message,
    });
    if (!isExpected(error)) {
      const stack = error instanceof Error ? error.stack ?? "" : String(error);
      context.log("error", "unexpected-error", { stack });
    }
    // Upstream's plugin was answered in its own way.
    if (line !== undefined && isHttp(line)) return;
    await caller.writeLine(formatFailure(failure), LINE_TIMEOUT_MS)
      .catch(() => {}); // Whoever does not listen is not told.
  }
}

async function answer(
  request: DaemonRequest,
  caller: CallerConnection,
  daemon: Daemon,
  { version, log }: ServerContext,
): Promise<void> {
  const write = (text: string): Promise<boolean> =>
    caller.writeLine(text, LINE_TIMEOUT_MS);
  switch (request.method) {
    case "allocate":
      return await allocate(request, caller, daemon, log);
    case "confirm":
      throw new DecodeError("confirm without allocate", "method");
    case "release":
      await daemon.release(request);
      await write(formatResponse());
      return;
    case "check":
      daemon.check(request);
      await write(formatResponse());
      return;
    case "gc":
      await write(formatResponse({ released: await daemon.gc(request) }));
      return;
    case "status":
      await write(formatResponse({ version, ...daemon.status() }));
      return;
    default:
      request satisfies never;
  }
}

async function allocate(
  request: Extract<DaemonRequest, { readonly method: "allocate" }>,
  caller: CallerConnection,
  daemon: Daemon,
  log: Log,
): Promise<void> {
  const allocation = await daemon.allocate(request, caller.hungUp);
  try {
    const line = formatAllocation(allocation.result);
    const isTaken = await caller.writeLine(line, LINE_TIMEOUT_MS);
    const reply = isTaken ? await readConfirmation(caller, log) : undefined;
    if (reply === undefined || parseRequest(reply).method !== "confirm") {
      throw new SystemError("the caller hung up without confirming");
    }
  } catch (error) {
    await allocation.takeBack();
    throw error;
  }
  allocation.confirm();
  await caller.writeLine(formatResponse(), LINE_TIMEOUT_MS);
}

/**
 * The line after the answer to an ADD.
 *
 * A caller that takes its time and is still there may have printed the result long ago, so its silence counts as a yes:
 * an address too many is given back by DEL or GC, one that was taken away from a container by nobody.
 */
async function readConfirmation(
  caller: CallerConnection,
  log: Log,
): Promise<string | undefined> {
  try {
    return await caller.readLine(CONFIRM_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof SystemError) || caller.hungUp.aborted) throw error;
    const { pid } = caller.peer;
    log("warn", "confirmation-assumed", {
      pid,
      reason: error.message,
    });
    return formatRequest({ method: "confirm" });
  }
}

/** Whoever may write to the socket file is not yet somebody for whom to enter namespaces. */
function refuseStranger(
  { peer: { uid } }: CallerConnection,
  { ownUid }: ServerContext,
): void {
  if (uid === 0 || uid === ownUid) return;
  throw new CniError(
    CniErrorCode.internal,
    `permission denied: the caller has user id ${uid}, expected ${ownUid} or 0`,
  );
}

function isExpected(error: unknown): boolean {
  return error instanceof CniError || error instanceof SystemError ||
    error instanceof DecodeError || error instanceof ConfigError;
}
