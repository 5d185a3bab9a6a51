/**
 * Lease files and release notes in memory. `lease_store_contract.ts` says what they share with real
 * ones.
 *
 * @module
 */

import { SystemError } from "../../../../lib/base/errors.ts";
import {
  type Attachment,
  attachmentText,
} from "../../../../lib/cni/attachment.ts";
import type { LeaseRecord } from "../../../../lib/dhcp/daemon/lease_record.ts";
import type {
  LeaseStore,
  ReleaseNoteStore,
} from "../../../../lib/dhcp/daemon/ports.ts";
import {
  formatLeaseRecord,
  parseLeaseRecord,
} from "../../../../lib/dhcp/daemon/lease_file_format.ts";

/** Lease files in memory. */
export class FakeLeaseStore implements LeaseStore {
  /** The content of each file, by attachment. */
  readonly files = new Map<string, string>();
  /** Whether writes fail. */
  isFull = false;
  /** Whether nothing can be written or removed. */
  isReadOnly = false;
  /** What {@link writeAsync} waits for after it has written: the disk. */
  synced: Promise<void> = Promise.resolve();
  readonly #leftOver = new Set<string>();

  write(record: LeaseRecord): void {
    if (this.isFull) throw new SystemError("disk full");
    if (this.isReadOnly) throw new SystemError("read-only");
    const name = attachmentText(record.attachment);
    this.files.set(name, formatLeaseRecord(record));
    this.#leftOver.delete(name);
  }

  async writeAsync(record: LeaseRecord): Promise<void> {
    this.write(record);
    await this.synced;
  }

  remove(attachment: Attachment): void {
    const name = attachmentText(attachment);
    this.#leftOver.add(name);
    if (this.isReadOnly) throw new SystemError("read-only");
    this.files.delete(name);
    this.#leftOver.delete(name);
  }

  read(attachment: Attachment): LeaseRecord | undefined {
    const name = attachmentText(attachment);
    if (this.#leftOver.has(name)) return undefined;
    const text = this.files.get(name);
    return text === undefined ? undefined : parseLeaseRecord(text);
  }

  readAll(): ReturnType<LeaseStore["readAll"]> {
    const records = [...this.files.values()].map(parseLeaseRecord);
    return { records, unusable: [] };
  }
}

/** Release notes in memory. */
export class FakeReleaseNotes implements ReleaseNoteStore {
  readonly #notes = new Map<string, Attachment>();
  /** Whether nothing can be removed. */
  isReadOnly = false;

  /** How many there are. */
  get size(): number {
    return this.#notes.size;
  }

  /** Leaves a release note, as a plugin does. */
  leave(attachment: Attachment): void {
    this.#notes.set(attachmentText(attachment), attachment);
  }

  readAll(): ReturnType<ReleaseNoteStore["readAll"]> {
    return { attachments: [...this.#notes.values()], unusable: [] };
  }

  remove(attachment: Attachment): void {
    const name = attachmentText(attachment);
    if (this.isReadOnly && this.#notes.has(name)) {
      throw new SystemError("read-only");
    }
    this.#notes.delete(name);
  }
}
