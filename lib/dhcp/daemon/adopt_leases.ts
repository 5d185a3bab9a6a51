/** Goes on with the leases of an earlier daemon, and gives back those that are over. @module */

import { SystemError } from "../../base/errors.ts";
import { decideAdoption } from "./adoption_policy.ts";
import { clientSettings } from "./client_identity.ts";
import { giveBack } from "./release.ts";
import { Keeper } from "./lease_client.ts";
import { attachmentLog, type KeeperContext } from "./lease_client_context.ts";
import type { LeaseRecord } from "./lease_record.ts";
import type { AttachedInterface } from "./ports.ts";
import { attachmentText } from "../../cni/attachment.ts";

/**
 * Takes up every lease on the disk that still stands.
 *
 * @param enter Told of each new keeper once it runs.
 */
export async function adoptLeases(
  context: KeeperContext,
  enter: (keeper: Keeper) => void,
): Promise<void> {
  const { leases, log } = context.ports;
  const tombstones = leases.readTombstones();
  const { records, oddities } = leases.readAll();
  for (const { path, reason } of [...oddities, ...tombstones.oddities]) {
    log("warn", "file-ignored", { path, reason });
  }
  const deleted = new Set(tombstones.attachments.map(attachmentText));
  await Promise.all(records.map(async (record) => {
    const isDeleted = deleted.has(attachmentText(record.attachment));
    await adoptOne(record, { isDeleted, context, enter });
  }));
  for (const attachment of tombstones.attachments) {
    // What could not be given back now is the next daemon's to give back.
    if (leases.read(attachment) === undefined) {
      leases.removeTombstone(attachment);
    }
  }
}

/** Gives back a stored lease that no keeper works for, and forgets it. @throws {SystemError} */
export async function dropLease(
  record: LeaseRecord,
  context: KeeperContext,
): Promise<void> {
  const attached = findPlace(record, context);
  await dropThrough(record, { attached, context });
}

async function dropThrough(
  record: LeaseRecord,
  { attached, context }: {
    readonly attached: AttachedInterface | undefined;
    readonly context: KeeperContext;
  },
): Promise<void> {
  const { ports: { leases }, flags } = context;
  const { attachment, grant, identity, isLost, options } = record;
  const linkKind = undefined;
  const settings = clientSettings(identity, options, { flags, linkKind });
  const log = attachmentLog(attachment, context.ports);
  const held = { grant, isLost, settings, attached };
  await giveBack(held, context.ports, log);
  leases.remove(attachment);
}

async function adoptOne(
  record: LeaseRecord,
  { isDeleted, context, enter }: {
    readonly isDeleted: boolean;
    readonly context: KeeperContext;
    readonly enter: (keeper: Keeper) => void;
  },
): Promise<void> {
  const { attachment, identity, options } = record;
  const { bootId } = context.ports;
  const log = attachmentLog(attachment, context.ports);
  try {
    const attached = findPlace(record, context);
    const addresses = attached?.addresses();
    const adoption = decideAdoption(record, { bootId, isDeleted, addresses });
    if (adoption.kind === "drop") {
      log("info", "lease-dropped", { reason: adoption.reason });
      return await dropThrough(record, { attached, context });
    }
    if (attached === undefined) return;
    const subject = { attachment, attached, identity, options };
    const keeper = new Keeper(subject, context);
    try {
      keeper.resume(adoption.record);
    } catch (error) {
      keeper.suspend();
      throw error;
    }
    enter(keeper);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // The file stays: the next start may have more luck.
    log("error", "lease-not-resumed", { reason: error.message });
  }
}

/** The interface of a stored lease; undefined if it is gone. @throws {SystemError} */
function findPlace(
  { bootId, place }: LeaseRecord,
  { ports }: KeeperContext,
): AttachedInterface | undefined {
  // What is at the same place after a start of the machine is another namespace.
  return bootId === ports.bootId
    ? ports.interfaces.findAgain(place)
    : undefined;
}
