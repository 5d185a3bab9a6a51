/** Restart: resumes the leases of an earlier daemon, and releases those that are over. @module */

import { SystemError } from "../../base/errors.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { attachmentLog } from "./attachment_log.ts";
import { clientSettings } from "./client_identity.ts";
import { LeaseClient, type LeaseClientContext } from "./lease_client.ts";
import type { LeaseRecord } from "./lease_record.ts";
import type { AttachedInterface, DaemonPorts } from "./ports.ts";
import { releaseGrant } from "./release.ts";
import { decideResume } from "./resume_policy.ts";

/**
 * Resumes or releases every stored lease.
 *
 * @param onResumed Receives each new client once it runs.
 */
export async function resumeLeases(
  context: LeaseClientContext,
  onResumed: (client: LeaseClient) => void,
): Promise<void> {
  const { leases, releaseNotes, log } = context.ports;
  const notes = releaseNotes.readAll();
  const stored = leases.readAll();
  for (const { path, reason } of [...stored.unusable, ...notes.unusable]) {
    log("warn", "file-ignored", { path, reason });
  }
  const deleted = new Set(notes.attachments.map(attachmentText));
  await Promise.all(stored.records.map(async (record) => {
    const isDeleted = deleted.has(attachmentText(record.attachment));
    await resumeOne(record, { isDeleted, context, onResumed });
  }));
  for (const attachment of notes.attachments) {
    // The next daemon releases what cannot be released now.
    if (leases.read(attachment) === undefined) {
      removeReleaseNote(attachment, context.ports);
    }
  }
}

/** Removes a release note whose lease is released. A failure is logged. */
export function removeReleaseNote(
  attachment: Attachment,
  { releaseNotes, log }: Pick<DaemonPorts, "releaseNotes" | "log">,
): void {
  try {
    releaseNotes.remove(attachment);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { message: reason } = error;
    attachmentLog(attachment, log)("error", "release-note-not-removed", {
      reason,
    });
  }
}

/**
 * Releases a stored lease without a client, and removes its file. That it cannot be removed is
 * logged.
 *
 * @throws {SystemError} if the interface cannot be read.
 */
export async function releaseStoredLease(
  record: LeaseRecord,
  context: LeaseClientContext,
): Promise<void> {
  const attached = findInterface(record, context);
  await releaseThrough(attached, record, context);
}

async function resumeOne(
  record: LeaseRecord,
  { isDeleted, context, onResumed }: {
    readonly isDeleted: boolean;
    readonly context: LeaseClientContext;
    readonly onResumed: (client: LeaseClient) => void;
  },
): Promise<void> {
  const { attachment, identity, options } = record;
  const { bootId } = context.ports;
  const log = attachmentLog(attachment, context.ports.log);
  try {
    const attached = findInterface(record, context);
    const hasInterface = attached !== undefined;
    const decision = decideResume(record, { bootId, isDeleted, hasInterface });
    if (decision.kind === "release") {
      log("info", "lease-dropped", { reason: decision.reason });
      return await releaseThrough(attached, record, context);
    }
    if (attached === undefined) return;
    const subject = { attachment, attached, identity, options };
    const client = new LeaseClient(subject, context);
    try {
      client.resume(decision.record);
    } catch (error) {
      client.suspend();
      // The interface can be removed after it was found.
      if (findInterface(record, context) !== undefined) throw error;
      log("info", "lease-dropped", { reason: "its interface was removed" });
      return await releaseThrough(undefined, record, context);
    }
    onResumed(client);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // The file stays, so that the next daemon tries again.
    log("error", "lease-not-resumed", { reason: error.message });
  }
}

async function releaseThrough(
  attached: AttachedInterface | undefined,
  record: LeaseRecord,
  { ports, flags, rate }: LeaseClientContext,
): Promise<void> {
  const { attachment, grant, identity, isLost, options, serverMac } = record;
  const { hostDevice } = options;
  const settings = clientSettings(identity, options, {
    flags,
    linkKind: undefined,
    mtu: undefined,
  });
  const log = attachmentLog(attachment, ports.log);
  const held = { grant, isLost, settings, attached, hostDevice, serverMac };
  await releaseGrant(held, { ports, rate }, log);
  // The lease is released, whatever becomes of the file.
  try {
    ports.leases.remove(attachment);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    log("error", "lease-not-removed", { reason: error.message });
  }
}

/** Returns the interface of a stored lease; undefined if it is gone. */
function findInterface(
  { bootId, location }: LeaseRecord,
  { ports }: LeaseClientContext,
): AttachedInterface | undefined {
  // After a boot another namespace is at the same location.
  return bootId === ports.bootId
    ? ports.interfaces.findAgain(location)
    : undefined;
}
