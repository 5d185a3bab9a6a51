/** The events of leases, as the daemon sends them to watchers. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import type { Attachment } from "../../cni/attachment.ts";
import { requiredAttachment } from "./required_keys.ts";

/** The kinds of events. */
export const LEASE_EVENT_KINDS = [
  "acquired",
  /** By the server that granted it. */
  "renewed",
  /** By any server, after T2 or after the link came up again. */
  "rebound",
  /** Renewed with another address. */
  "address-changed",
  "released",
  "expired",
  /** A server has refused to renew it (DHCPNAK). */
  "refused",
  /** An acquisition, or a renewal that an operator asked for, has failed. */
  "failed",
] as const;

/** One of {@link LEASE_EVENT_KINDS}. */
export type LeaseEventKind = typeof LEASE_EVENT_KINDS[number];

/** An event of a lease. Times are in milliseconds since 1970. */
export interface LeaseEvent {
  readonly kind: LeaseEventKind;
  readonly atMs: number;
  readonly attachment: Attachment;
  /** With its prefix length; empty if there is none. */
  readonly address: string;
  /** Empty if there is none. */
  readonly server: string;
  /** When the lease expires; Infinity for never, and if there is no lease any more. */
  readonly expiresMs: number;
  /** The reason, or what has changed; may be empty, and may have text of a server. */
  readonly detail: string;
}

/** Why the daemon ends a watch. */
export type WatchEnd = "stopping" | "too-slow";

/** A line that a watcher receives. */
export type WatchLine =
  | { readonly kind: "event"; readonly event: LeaseEvent }
  /** The last line. */
  | {
    readonly kind: "end";
    readonly reason: WatchEnd;
    /** How many events the watcher has missed, at least. */
    readonly missed: number;
  };

/** Returns a line as JSON, for {@link parseWatchLine}. */
export function watchLineToJson(
  line: WatchLine,
): Readonly<Record<string, unknown>> {
  return line.kind === "event"
    ? { event: line.event }
    : { end: { reason: line.reason, missed: line.missed } };
}

/**
 * Parses a line.
 *
 * @returns Undefined if it is neither, such as an event that only later versions know.
 * @throws {DecodeError} if a value is missing or has the wrong type.
 */
export function parseWatchLine(json: JsonObject): WatchLine | undefined {
  const event = json.object("event");
  if (event !== undefined) {
    const kind = LEASE_EVENT_KINDS.find((known) =>
      known === event.string("kind")
    );
    return kind && { kind: "event", event: parseLeaseEvent(event) };
  }
  const end = json.object("end");
  return end && {
    kind: "end",
    reason: end.string("reason") === "too-slow" ? "too-slow" : "stopping",
    missed: end.integer("missed") ?? 0,
  };
}

/**
 * Parses an event from the JSON that `JSON.stringify` makes of it: null stands for Infinity.
 *
 * @throws {DecodeError} if a value is missing or has the wrong type.
 */
export function parseLeaseEvent(json: JsonObject): LeaseEvent {
  const name = json.string("kind");
  const kind = LEASE_EVENT_KINDS.find((known) => known === name);
  if (kind === undefined) {
    throw new DecodeError(`kind is ${JSON.stringify(name)}`, json.at("kind"));
  }
  return {
    kind,
    atMs: json.integer("atMs") ?? 0,
    attachment: requiredAttachment(json),
    address: json.string("address") ?? "",
    server: json.string("server") ?? "",
    expiresMs: json.integer("expiresMs") ?? Infinity,
    detail: json.string("detail") ?? "",
  };
}
