/** `dhcp watch`: what happens to leases, as it happens. @module */

import { SystemError } from "../../base/errors.ts";
import { encodeLine, LineDecoder } from "../../base/line_framing.ts";
import { escapedText } from "../../base/quoted_text.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { attachmentText } from "../../cni/attachment.ts";
import type { DaemonConnection } from "../plugin/ports.ts";
import {
  formatRequest,
  MAX_RESPONSE_BYTES,
  parseResponse,
} from "../protocol/daemon_protocol.ts";
import {
  type LeaseEvent,
  parseWatchLine,
  type WatchLine,
} from "../protocol/lease_event.ts";
import { refusalError, unreachableError, upstreamError } from "./ask_daemon.ts";
import { dateOf, formatUntil } from "./lease_values.ts";
import type { OperatorPorts } from "./ports.ts";

/** What to watch, and how to print it. */
export interface WatchOptions {
  readonly socketPath: string;
  /** The start of a container ID; empty: all leases. */
  readonly container: string;
  readonly isJson: boolean;
  /** Whether container IDs are printed as a whole; in JSON they always are. */
  readonly isWide: boolean;
}

/** Why a watch has ended. */
type End =
  | Extract<WatchLine, { readonly kind: "end" }>
  | { readonly kind: "reader-gone" }
  | { readonly kind: "upstream" };

/** As container runtimes shorten them. */
const SHORT_ID_LENGTH = 12;
/** The width of the longest kind. */
const KIND_WIDTH = "address-changed".length;

/**
 * Prints a line for each event until the daemon ends, or the reader of the lines.
 *
 * @throws {SystemError} if the daemon cannot be reached, refuses, or disconnects.
 */
export async function watch(
  { socketPath, container, isJson, isWide }: WatchOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  using connection = await connect(socketPath, ports);
  const end = await connection.exchange<End>(
    encodeLine(formatRequest({ method: "watch" })),
    {
      timeoutMs: Infinity,
      take: lineReader((line) => {
        if (line.kind === "end") {
          ports.print(isJson ? JSON.stringify(endJson(line)) : endText(line));
          return line;
        }
        const { event } = line;
        if (!event.attachment.containerId.startsWith(container)) {
          return undefined;
        }
        const isRead = ports.print(
          isJson ? jsonLine(event) : textLine(event, isWide),
        );
        return isRead ? undefined : { kind: "reader-gone" };
      }),
    },
  );
  switch (end.kind) {
    case "upstream":
      throw upstreamError(socketPath);
    case "reader-gone":
      return outcome(EXIT_STATUS.ok);
    case "end":
      return outcome(EXIT_STATUS.failure);
  }
}

async function connect(
  socketPath: string,
  ports: OperatorPorts,
): Promise<DaemonConnection> {
  try {
    return await ports.connect(socketPath);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { message, isDenied } = error;
    const reason = `error dialing DHCP daemon: ${message}`;
    throw unreachableError({ reason, isDenied });
  }
}

function outcome(status: Outcome["status"]): Outcome {
  return {
    status,
    json: () => ({}),
    lines: () => [],
    notes: [],
    isPrinted: true,
  };
}

/** Returns a function that takes the pieces of the daemon's answer, until `onLine` ends it. */
function lineReader(
  onLine: (line: WatchLine) => End | undefined,
): (piece: Uint8Array) => End | undefined {
  const decoder = new LineDecoder(MAX_RESPONSE_BYTES);
  return (piece) => {
    decoder.push(piece);
    for (;;) {
      const text = decoder.next();
      if (text === undefined) return undefined;
      // Upstream's daemon reads our request as a malformed HTTP request.
      if (text.startsWith("HTTP/")) return { kind: "upstream" };
      const response = parseResponse(text);
      if (response.kind === "error") throw refusalError(response.error);
      const line = parseWatchLine(response.body);
      const end = line && onLine(line);
      if (end !== undefined) return end;
    }
  };
}

function textLine(event: LeaseEvent, isWide: boolean): string {
  const { kind, atMs, attachment, address, server, expiresMs, detail } = event;
  const containerId = isWide
    ? attachment.containerId
    : attachment.containerId.slice(0, SHORT_ID_LENGTH);
  const parts = [
    dateOf(atMs) ?? "",
    kind.padEnd(KIND_WIDTH),
    attachmentText({ ...attachment, containerId }),
    address,
    ...(server === "" ? [] : [`from ${server}`]),
    ...(isHeld(event) ? [`expiry in ${formatUntil(expiresMs, atMs)}`] : []),
    ...(detail === "" ? [] : [`(${detail})`]),
  ];
  return escapedText(parts.filter((part) => part !== "").join(" "));
}

function jsonLine(event: LeaseEvent): string {
  const { kind, atMs, attachment, address, server, expiresMs, detail } = event;
  return escapedText(JSON.stringify({
    time: dateOf(atMs),
    event: kind,
    ...attachment,
    address: address || null,
    server: server || null,
    expiry: isHeld(event) ? dateOf(expiresMs) : null,
    detail,
  }));
}

/** Returns whether the lease is in use after the event. */
function isHeld({ kind }: LeaseEvent): boolean {
  return ["acquired", "renewed", "rebound", "address-changed"].includes(kind);
}

function endText(
  { reason, missed }: Extract<WatchLine, { kind: "end" }>,
): string {
  return reason === "too-slow"
    ? `watch-ended: this reader was too slow and missed ${missed} events`
    : "watch-ended: the daemon stops";
}

function endJson(
  { reason, missed }: Extract<WatchLine, { kind: "end" }>,
): Readonly<Record<string, unknown>> {
  return { event: "watch-ended", reason, missed };
}
