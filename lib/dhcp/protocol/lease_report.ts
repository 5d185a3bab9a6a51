/** What the daemon reports about a lease to operators, and its form as JSON. Pure. @module */

import type { JsonObject } from "../../base/json_reader.ts";
import type { Attachment } from "../../cni/attachment.ts";
import { requiredAttachment, requiredString } from "./required_keys.ts";

/** The values of a lease. Times are in milliseconds since 1970; Infinity for never. */
export interface ReportedLease {
  /** With its prefix length: `192.0.2.5/24`. */
  readonly address: string;
  readonly server: string;
  /** When the REQUEST was sent that the server answered. */
  readonly startMs: number;
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly expiresMs: number;
}

/** The last thing that went wrong with a lease. */
export interface ReportedProblem {
  /** The log event. */
  readonly event: string;
  /** The reason; may be empty, and may have text of a server. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A lease, or the acquisition of one. */
export interface LeaseReport {
  readonly attachment: Attachment;
  /** The state of RFC 2131 figure 5, or one of this project's. */
  readonly state: string;
  /** The path of the network namespace. */
  readonly netns: string;
  /** The name of the interface at ADD. */
  readonly ifName: string;
  /** Empty if it has none. */
  readonly macAddress: string;
  /** Undefined while there is none whose address may be used. */
  readonly lease: ReportedLease | undefined;
  /** How often the last message was sent without an answer; 0 if no answer is expected. */
  readonly unanswered: number;
  /** How many messages were sent, received and dropped, by type: `sent_discover`. */
  readonly packets: Readonly<Record<string, number>>;
  readonly lastProblem: ReportedProblem | undefined;
}

/**
 * Parses a report from the JSON that `JSON.stringify` makes of it: null stands for Infinity.
 *
 * @throws {DecodeError} if a value is missing or has the wrong type.
 */
export function parseLeaseReport(json: JsonObject): LeaseReport {
  const lease = json.object("lease");
  const problem = json.object("lastProblem");
  const packets = json.object("packets");
  return {
    attachment: requiredAttachment(json),
    state: requiredString(json, "state"),
    netns: json.string("netns") ?? "",
    ifName: json.string("ifName") ?? "",
    macAddress: json.string("macAddress") ?? "",
    lease: lease && {
      address: requiredString(lease, "address"),
      server: requiredString(lease, "server"),
      startMs: readTime(lease, "startMs"),
      t1Ms: readTime(lease, "t1Ms"),
      t2Ms: readTime(lease, "t2Ms"),
      expiresMs: readTime(lease, "expiresMs"),
    },
    unanswered: json.integer("unanswered") ?? 0,
    packets: Object.fromEntries(
      Object.keys(packets?.toJson() ?? {})
        .map((name) => [name, packets?.integer(name) ?? 0]),
    ),
    lastProblem: problem && {
      event: requiredString(problem, "event"),
      reason: problem.string("reason") ?? "",
      atMs: readTime(problem, "atMs"),
    },
  };
}

function readTime(json: JsonObject, key: string): number {
  return json.integer(key) ?? Infinity;
}
