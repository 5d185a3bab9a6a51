/** Requests that the commands for operators send to the daemon. @module */

import { DecodeError, SystemError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import { callDaemon } from "../plugin/call_daemon.ts";
import type { DaemonRequest } from "../protocol/daemon_protocol.ts";
import { type LeaseEvent, parseLeaseEvent } from "../protocol/lease_event.ts";
import {
  type LeaseReport,
  parseLeaseReport,
} from "../protocol/lease_report.ts";
import type { OperatorPorts } from "./ports.ts";

/** A healthy daemon answers at once, but for a renewal and a DHCPRELEASE. */
const TIMEOUT_MS = 20_000;

/** The leases of a daemon, or why there are none. */
export type DaemonLeases =
  | { readonly kind: "leases"; readonly leases: readonly LeaseReport[] }
  /** No daemon answers. */
  | {
    readonly kind: "unreachable";
    readonly reason: string;
    /** Whether this user may not connect. */
    readonly isDenied: boolean;
  }
  | { readonly kind: "upstream" };

/** Where a daemon is, and how to reach it. */
export interface DaemonAddress {
  readonly socketPath: string;
  readonly ports: Pick<OperatorPorts, "connect">;
}

/**
 * Asks for all leases.
 *
 * @throws {SystemError} if the daemon refuses.
 * @throws {DecodeError} if its answer cannot be read.
 */
export async function askForLeases(at: DaemonAddress): Promise<DaemonLeases> {
  const leases: LeaseReport[] = [];
  for (;;) {
    const last = leases.at(-1);
    const after = last === undefined ? "" : attachmentText(last.attachment);
    const reply = await ask({ method: "leases", after }, at);
    if (reply.kind !== "success") return reply;
    const page = reply.body.list(
      "leases",
      (element, path) => parseLeaseReport(new JsonObject(element, path)),
    ) ?? [];
    const [first] = page;
    if (first !== undefined && attachmentText(first.attachment) <= after) {
      throw new DecodeError("the leases are not in order", "leases");
    }
    leases.push(...page);
    const isLast = page.length === 0 || reply.body.boolean("more") !== true;
    if (isLast) return { kind: "leases", leases };
  }
}

/**
 * Asks the daemon to renew a lease.
 *
 * @returns What came of it.
 * @throws {SystemError} if it cannot be renewed.
 */
export async function askForRenewal(
  attachment: Attachment,
  at: DaemonAddress,
): Promise<LeaseEvent> {
  const body = await demand({ method: "renew", attachment }, at);
  return parseLeaseEvent(new JsonObject(body.value("event"), "event"));
}

/**
 * Asks the daemon to release a lease.
 *
 * @throws {SystemError} if it refuses.
 */
export async function askForRelease(
  attachment: Attachment,
  at: DaemonAddress,
): Promise<void> {
  await demand({ method: "release", attachment }, at);
}

/** Returns the error of a command that upstream's daemon cannot serve. */
export function upstreamError(socketPath: string): SystemError {
  return new SystemError(
    `the daemon at ${socketPath} is upstream's, which cannot tell anything about its leases`,
    {
      advice:
        "replace it with dhcp daemon of this executable; leases of upstream's daemon are lost when it ends",
    },
  );
}

/** Returns the error of a command that needs a daemon when none answers. */
export function unreachableError(
  { reason, isDenied }: { readonly reason: string; readonly isDenied: boolean },
): SystemError {
  return new SystemError(reason, {
    advice: isDenied
      ? ""
      : "start the daemon: dhcp daemon, or cni-dhcp.service; or name its socket with --socket",
    isDenied,
  });
}

/** Turns a refusal of the daemon into an error that a command reports. */
export function refusalError(error: CniError): SystemError {
  const isUnknown = error.code === CniErrorCode.decodingFailure;
  return new SystemError(error.message, {
    advice: isUnknown
      ? "if the daemon is of an earlier version, restart it with this executable"
      : error.details,
    cause: error,
  });
}

async function demand(
  request: DaemonRequest,
  at: DaemonAddress,
): Promise<JsonObject> {
  const reply = await ask(request, at);
  switch (reply.kind) {
    case "success":
      return reply.body;
    case "unreachable":
      throw unreachableError(reply);
    case "upstream":
      throw upstreamError(at.socketPath);
  }
}

async function ask(
  request: DaemonRequest,
  { socketPath, ports }: DaemonAddress,
): Promise<
  | { readonly kind: "success"; readonly body: JsonObject }
  | Exclude<DaemonLeases, { readonly kind: "leases" }>
> {
  try {
    using reply = await callDaemon(request, {
      socketPath,
      timeoutMs: TIMEOUT_MS,
      ports,
    });
    switch (reply.kind) {
      case "success":
        return { kind: "success", body: reply.body };
      case "unreachable": {
        const { message: reason, cause } = reply.error;
        const isDenied = cause instanceof SystemError && cause.isDenied;
        return { kind: "unreachable", reason, isDenied };
      }
      case "upstream":
        return { kind: "upstream" };
    }
  } catch (error) {
    throw error instanceof CniError ? refusalError(error) : error;
  }
}
