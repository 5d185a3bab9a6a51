/** The lease files: one for each lease, in the state directory. @module */

import { formatHex } from "../../base/hex.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import {
  makeStateDirectory,
  writeOpenStateFile,
  writeStateFile,
} from "../../sys/atomic_file.ts";
import { BackgroundSync } from "../../sys/disk_sync.ts";
import {
  attempt,
  isNotFound,
  removeFile,
  tryRemoveFile,
} from "../../sys/files.ts";
import type { LeaseRecord } from "../daemon/lease_record.ts";
import type {
  Digest,
  LeaseStore,
  Scheduler,
  UnusableFile,
} from "../daemon/ports.ts";
import { stateFileName } from "../protocol/state_directory.ts";
import {
  checkFileName,
  isUnusable,
  listStateFiles,
  readStateFile,
  readStateFiles,
  removeFiles,
  type StateFile,
} from "./state_files.ts";
import {
  formatLeaseRecord,
  parseLeaseRecord,
} from "../daemon/lease_file_format.ts";

/** The lease files of one daemon. */
export class LeaseFiles implements LeaseStore {
  readonly #directory: string;
  readonly #digest: Digest;
  readonly #scheduler: Pick<Scheduler, "nowMs" | "wallMs">;
  /** Names of the files of leases that were removed although their files could not be. */
  readonly #leftOver = new Set<string>();
  readonly #sync = new BackgroundSync();

  /** Makes the state directory. @throws {SystemError} if the file system refuses. */
  constructor(
    directory: string,
    { digest, scheduler }: {
      readonly digest: Digest;
      readonly scheduler: Pick<Scheduler, "nowMs" | "wallMs">;
    },
  ) {
    this.#directory = directory;
    this.#digest = digest;
    this.#scheduler = scheduler;
    makeStateDirectory(directory);
  }

  write(record: LeaseRecord): void {
    // An offer soon becomes a lease, or nothing.
    const isDurable = record.grant.kind === "leased";
    this.#write(
      record,
      (name, content) =>
        writeStateFile(this.#directory, name, { content, isDurable }),
    );
  }

  async writeAsync(record: LeaseRecord): Promise<void> {
    const directory = this.#directory;
    const synced = this.#write(record, (name, content) => {
      const file = writeOpenStateFile(directory, name, content);
      return this.#sync.file(file, `${directory}/${name}`);
    });
    await Promise.all([synced, this.#sync.directory(directory)]);
  }

  remove(attachment: Attachment): void {
    const name = this.#nameOf(attachment);
    this.#leftOver.add(name);
    removeFile(`${this.#directory}/${name}`);
    this.#leftOver.delete(name);
  }

  read(attachment: Attachment): LeaseRecord | undefined {
    const name = this.#nameOf(attachment);
    if (this.#leftOver.has(name)) return undefined;
    try {
      return load(`${this.#directory}/${name}`, this.#digest);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      return undefined; // The daemon reported an unusable file when it started.
    }
  }

  readAll(): {
    readonly records: readonly LeaseRecord[];
    readonly unusable: readonly UnusableFile[];
  } {
    const files = listStateFiles(this.#directory);
    // Left behind by a daemon that was killed.
    const abandoned = removeFiles(
      files.filter(({ isFile, kind }) => isFile && kind === "temporary-lease"),
    );
    const { records, unusable } = loadAll(files, this.#digest);
    const foreign = files.filter(({ kind }) => kind === "foreign")
      .map(({ path }) => ({ path, reason: "not a file of the dhcp daemon" }));
    return {
      records,
      unusable: [...foreign, ...abandoned, ...unusable],
    };
  }

  #write<T>(
    record: LeaseRecord,
    writeFile: (name: string, content: string) => T,
  ): T {
    const name = this.#nameOf(record.attachment);
    const content = formatLeaseRecord(record, this.#describe(record));
    const written = this.#inDirectory(() => writeFile(name, content));
    this.#leftOver.delete(name);
    // The file system is writable, perhaps again.
    for (const each of this.#leftOver) {
      if (tryRemoveFile(`${this.#directory}/${each}`)) {
        this.#leftOver.delete(each);
      }
    }
    return written;
  }

  #inDirectory<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // The directory was removed.
      makeStateDirectory(this.#directory);
      return body();
    }
  }

  #nameOf(attachment: Attachment): string {
    return fileNameOf(attachment, this.#digest);
  }

  /** Returns the values of a lease that operators look for. */
  #describe({ grant }: LeaseRecord): Readonly<Record<string, string>> {
    if (grant.kind === "offered") return {};
    const { lease } = grant;
    return {
      address: formatCidr(lease),
      server: formatIpAddress(lease.serverIdentifier),
      renewal: this.#formatDate(lease.t1Ms),
      expiry: this.#formatDate(lease.expiresMs),
    };
  }

  #formatDate(atMs: number): string {
    if (atMs === Infinity) return "never";
    const offsetMs = this.#scheduler.wallMs() - this.#scheduler.nowMs();
    return new Date(offsetMs + atMs).toISOString();
  }
}

/** Leases, and the files that are ignored. */
type LoadedLeases = ReturnType<LeaseStore["readAll"]>;

/**
 * Reads every lease of a state directory, and changes nothing.
 *
 * @throws {SystemError} if the directory cannot be read.
 */
export function readLeaseFiles(
  directory: string,
  digest: Digest,
): LoadedLeases {
  return attempt(
    "read",
    directory,
    () => loadAll(listStateFiles(directory), digest),
  );
}

function loadAll(files: readonly StateFile[], digest: Digest): LoadedLeases {
  const { values, unusable } = readStateFiles(
    files.filter(({ kind }) => kind === "lease"),
    (path) => load(path, digest),
  );
  return { records: values, unusable };
}

function load(path: string, digest: Digest): LeaseRecord {
  const record = parseLeaseRecord(readStateFile(path));
  checkFileName(path, fileNameOf(record.attachment, digest));
  return record;
}

function fileNameOf(attachment: Attachment, digest: Digest): string {
  const text = new TextEncoder().encode(attachmentText(attachment));
  return stateFileName(formatHex(digest(text)), "lease");
}
