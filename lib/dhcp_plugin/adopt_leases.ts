/** Goes on with the leases of an earlier daemon, and gives back those that are over. @module */

import { SystemError } from "../base/errors.ts";
import { attachmentText } from "../dhcp4/client_identifier.ts";
import { decideAdoption } from "./adoption.ts";
import { clientSettings } from "./client_identity.ts";
import { giveBack } from "./give_back.ts";
import { Keeper } from "./keeper.ts";
import type { KeeperContext } from "./keeper_subject.ts";
import type { LeaseRecord } from "./lease_record.ts";
import type { AttachedInterface, Log } from "./ports.ts";

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
    log("warn", "file left alone", { path, reason });
  }
  const deleted = new Set(tombstones.attachments.map(attachmentText));
  await Promise.all(records.map(async (record) => {
    const isDeleted = deleted.has(attachmentText(record.attachment));
    await adoptOne(record, { isDeleted, context, enter });
  }));
  for (const attachment of tombstones.attachments) {
    leases.removeTombstone(attachment);
  }
}

async function adoptOne(
  record: LeaseRecord,
  { isDeleted, context, enter }: {
    readonly isDeleted: boolean;
    readonly context: KeeperContext;
    readonly enter: (keeper: Keeper) => void;
  },
): Promise<void> {
  const { attachment, place, identity, options } = record;
  const { interfaces, bootId } = context.ports;
  const name = attachmentText(attachment);
  const log: Log = (level, message, fields) =>
    context.ports.log(level, message, { attachment: name, ...fields });
  try {
    // What is at the same place after a start of the machine is another namespace.
    const attached = record.bootId === bootId
      ? interfaces.findAgain(place)
      : undefined;
    const addresses = attached?.addresses();
    const adoption = decideAdoption(record, { bootId, isDeleted, addresses });
    if (adoption.kind === "drop") {
      log("info", "dropped", { reason: adoption.reason });
      return await drop(record, { attached, context, log });
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
    log("error", "lease not adopted", { reason: error.message });
  }
}

async function drop(
  { grant, identity, options, attachment, isLost }: LeaseRecord,
  { attached, context: { ports, flags }, log }: {
    readonly attached: AttachedInterface | undefined;
    readonly context: KeeperContext;
    readonly log: Log;
  },
): Promise<void> {
  const linkKind = undefined;
  const settings = clientSettings(identity, options, { flags, linkKind });
  if (!isLost) await giveBack({ grant, settings, attached }, ports, log);
  ports.leases.remove(attachment);
}
