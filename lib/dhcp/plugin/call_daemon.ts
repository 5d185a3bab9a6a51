/**
 * One call to the daemon: connects, sends the request, and reports failures in upstream's words.
 *
 * @module
 */

import { DecodeError, SystemError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import { CniError, CniErrorCode, toCniError } from "../../cni/error.ts";
import {
  type DaemonRequest,
  formatRequest,
  MAX_RESPONSE_BYTES,
  parseResponse,
} from "../protocol/daemon_protocol.ts";
import type { DaemonConnection, PluginPorts } from "./ports.ts";

/** The outcome of a call that was not refused. Disposing it closes the connection. */
export type DaemonReply =
  & Disposable
  & (
    | {
      readonly kind: "success";
      readonly body: JsonObject;
      /** Still open, for a confirm. */
      readonly connection: DaemonConnection;
    }
    | {
      /** There is no daemon, or it did not respond, so what it did is unknown. */
      readonly kind: "unreachable";
      /** The error of a command that cannot do without the daemon. */
      readonly error: CniError;
    }
    /** The daemon is upstream's and has done nothing. */
    | { readonly kind: "upstream" }
  );

/** Method names in error messages: upstream's, and the same form for the methods it lacks. */
const METHOD_NAMES = {
  allocate: "DHCP.Allocate",
  confirm: "DHCP.Confirm",
  release: "DHCP.Release",
  check: "DHCP.Check",
  gc: "DHCP.GC",
  status: "DHCP.Status",
  leases: "DHCP.Leases",
  renew: "DHCP.Renew",
  watch: "DHCP.Watch",
} as const;

const CLOSED: Disposable = { [Symbol.dispose]: () => {} };

/**
 * Calls the daemon.
 *
 * @param options `timeoutMs`: for request and response together.
 * @throws {CniError} if the daemon refuses the request or its response cannot be read.
 */
export async function callDaemon(
  request: DaemonRequest,
  { socketPath, timeoutMs, ports }: {
    readonly socketPath: string;
    readonly timeoutMs: number;
    readonly ports: Pick<PluginPorts, "connect">;
  },
): Promise<DaemonReply> {
  using scope = new DisposableStack();
  let step = "error dialing DHCP daemon";
  try {
    const connection = scope.use(await ports.connect(socketPath));
    step = `error calling ${METHOD_NAMES[request.method]}`;
    const line = await connection.call(formatRequest(request), {
      timeoutMs,
      maxLineBytes: MAX_RESPONSE_BYTES,
    });
    if (isHttp(line)) return { kind: "upstream", ...CLOSED };
    const response = parseResponse(line);
    if (response.kind === "error") throw response.error;
    const opened = scope.move();
    return {
      ...response,
      connection,
      [Symbol.dispose]: () => opened.dispose(),
    };
  } catch (error) {
    if (error instanceof SystemError) {
      const code = request.method === "status"
        ? CniErrorCode.pluginNotAvailable
        : CniErrorCode.tryAgainLater;
      const unreachable = new CniError(code, `${step}: ${error.message}`, {
        details: error.advice,
        cause: error,
      });
      return { kind: "unreachable", error: unreachable, ...CLOSED };
    }
    throw refusal(error, step);
  }
}

/** Turns what the daemon said, or an unreadable response, into the error of the command. */
function refusal(error: unknown, step: string): unknown {
  // Anything else is a bug, which is reported with its stack.
  if (!(error instanceof CniError) && !(error instanceof DecodeError)) {
    return error;
  }
  const { code, message, details } = toCniError(error);
  // Upstream's plugin checks the namespace itself, so its error has no prefix.
  const text = code === CniErrorCode.invalidNetns
    ? message
    : `${step}: ${message}`;
  return new CniError(code, text, { details, cause: error });
}

/** Returns whether a response is HTTP, as upstream's daemon answers our request. */
function isHttp(line: string): boolean {
  return line.startsWith("HTTP/");
}
