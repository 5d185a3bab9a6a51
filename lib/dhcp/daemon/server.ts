/** The daemon's side of one connection: reads a request and writes its answer. @module */

import {
  ConfigError,
  DecodeError,
  SystemError,
  TooLongError,
} from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { CniError, toCniError } from "../../cni/error.ts";
import type { Command } from "../../cni/spec_version.ts";
import { isLauncher } from "../../resident/launcher_protocol.ts";
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
import { type CallRecord, recorded } from "./call_record.ts";
import { type CallerCredentials, refusalOf } from "./caller_credentials.ts";

/** How long a caller may take to begin its request, to finish it, and to read its answer. */
const LINE_TIMEOUT_MS = 5000;
/** How long a plugin may take between answer and confirmation: it only prints the result. */
const CONFIRM_TIMEOUT_MS = 10_000;

/** The commands of the runtime that requests come from. */
const COMMANDS: ReadonlyMap<DaemonRequest["method"], Command> = new Map([
  ["allocate", "ADD"],
  ["release", "DEL"],
  ["check", "CHECK"],
  ["gc", "GC"],
  ["status", "STATUS"],
]);

/** A connection of a caller, accepted from the socket. */
export interface CallerConnection extends RpcConnection, Disposable {
  /**
   * Waits for the next byte and leaves it to the next reader; undefined if the caller has
   * disconnected.
   *
   * @throws {SystemError} if none comes in time.
   */
  peekByte(timeoutMs: number): Promise<number | undefined>;
  /**
   * Writes a line.
   *
   * @returns False if the caller has disconnected.
   * @throws {SystemError} if the caller does not read it in time.
   */
  writeLine(text: string, timeoutMs: number): Promise<boolean>;
  /**
   * Waits until the caller has read everything, or has disconnected.
   *
   * @returns False if that takes longer than `timeoutMs`.
   */
  flushed(timeoutMs: number): Promise<boolean>;
}

/** What serving a connection needs in addition to the daemon. */
export interface ServerContext extends CallRecord {
  /** The daemon's user id. */
  readonly ownUid: number;
  /** The version in the answer to STATUS. */
  readonly version: string;
  /** Why no ADD can succeed; absent if one can. */
  unready?(): string | undefined;
  readonly log: Log;
  /** Serves a launcher to its end; never rejects. */
  serveLauncher(caller: CallerConnection): Promise<void>;
}

/**
 * Returns the line with which a caller is refused, and logs it; undefined for root and the daemon's
 * own user.
 */
export function refuseCaller(
  { pid, uid }: CallerCredentials,
  { ownUid, log }: Pick<ServerContext, "ownUid" | "log">,
): string | undefined {
  const refusal = refusalOf({ pid, uid }, ownUid);
  if (refusal === undefined) return undefined;
  log("warn", "caller-refused", { pid, uid });
  return formatFailure(refusal);
}

/**
 * Serves one connection to its end; never throws.
 *
 * @param connection That of a caller which {@link refuseCaller} accepts.
 */
export async function serveConnection(
  connection: CallerConnection,
  daemon: Daemon,
  context: ServerContext,
): Promise<void> {
  using caller = connection;
  let line: string | undefined;
  try {
    using _caller = daemon.addCaller(caller.peer.pid);
    const first = await caller.peekByte(LINE_TIMEOUT_MS);
    if (first === undefined) return;
    if (isLauncher(first)) return await context.serveLauncher(caller);
    line = await caller.readLine(LINE_TIMEOUT_MS);
    if (line === undefined) return;
    if (isHttp(line)) {
      return await serveUpstream(line, caller, { daemon, ...context });
    }
    const request = parseRequest(line);
    await recorded(
      COMMANDS.get(request.method),
      context,
      () => answer(request, caller, daemon, context),
    );
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
    // Upstream's plugin has its answer already, in its own protocol.
    if (line === undefined || !isHttp(line)) {
      await writeFailure(failure, caller);
    }
    if (error instanceof TooLongError) await discardRest(caller, context);
  }
}

async function writeFailure(
  failure: CniError,
  caller: CallerConnection,
): Promise<void> {
  await caller.writeLine(formatFailure(failure), LINE_TIMEOUT_MS)
    .catch(() => {}); // The caller is gone or does not read; the log has the reason.
}

/**
 * Reads the rest of a request that is too long: a caller that is still writing it would otherwise
 * fail before it reads why.
 */
async function discardRest(
  caller: CallerConnection,
  { nowMs }: ServerContext,
): Promise<void> {
  const endMs = nowMs() + LINE_TIMEOUT_MS;
  try {
    for (;;) {
      const bytes = await caller.readBytes(Math.max(endMs - nowMs(), 0));
      if (bytes === undefined) return;
    }
  } catch (error) {
    // The caller has had its time.
    if (!(error instanceof SystemError)) throw error;
  }
}

async function answer(
  request: DaemonRequest,
  caller: CallerConnection,
  daemon: Daemon,
  context: ServerContext,
): Promise<void> {
  const write = (text: string): Promise<boolean> =>
    caller.writeLine(text, LINE_TIMEOUT_MS);
  switch (request.method) {
    case "allocate":
      return await allocate(request, caller, daemon, context.log);
    case "confirm":
      throw new DecodeError("confirm without allocate", "method");
    case "release":
      await daemon.release(request);
      await write(formatResponse());
      return;
    case "check":
      daemon.check(request, caller.peer);
      await write(formatResponse());
      return;
    case "gc":
      await write(formatResponse({ released: await daemon.gc(request) }));
      return;
    case "status": {
      const { version } = context;
      const unready = context.unready?.();
      await write(formatResponse({ version, unready, ...daemon.status() }));
      return;
    }
    case "leases":
      await write(formatResponse({ ...daemon.leases(request) }));
      return;
    case "renew":
      await write(
        formatResponse({ event: await daemon.renew(request, caller) }),
      );
      return;
    case "watch":
      return await daemon.watchers.serve(caller);
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
  const { peer: { pid }, hungUp } = caller;
  const allocation = await daemon.allocate(request, { pid, hungUp });
  try {
    const line = formatAllocation(allocation.result);
    const isTaken = await caller.writeLine(line, LINE_TIMEOUT_MS);
    const reply = isTaken ? await readConfirmation(caller, log) : undefined;
    if (reply === undefined || parseRequest(reply).method !== "confirm") {
      throw new SystemError("caller disconnected without confirmation");
    }
  } catch (error) {
    await allocation.cancel();
    throw error;
  }
  allocation.confirm();
  await caller.writeLine(formatResponse(), LINE_TIMEOUT_MS);
}

/**
 * Reads the line after the answer to an ADD.
 *
 * A caller that is silent and still connected may have printed the result long ago, so silence
 * counts as a confirmation. DEL or GC releases an address that was confirmed by mistake; nothing
 * restores one that a container uses and that was released.
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

function isExpected(error: unknown): boolean {
  return error instanceof CniError || error instanceof SystemError ||
    error instanceof DecodeError || error instanceof ConfigError;
}
