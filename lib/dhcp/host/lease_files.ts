/** Leases on disk: one file each in the state directory. @module */

import { ConfigError, DecodeError, SystemError } from "../../base/errors.ts";
import { formatHex } from "../../base/hex.ts";
import {
  formatLeaseRecord,
  type LeaseRecord,
  parseLeaseRecord,
} from "../daemon/lease_record.ts";
import type { Digest, LeaseStore, Oddity, Scheduler } from "../daemon/ports.ts";
import {
  type StateFileKind,
  stateFileKind,
  stateFileName,
} from "../protocol/state_directory.ts";
import { parseReleaseNote } from "../protocol/release_note.ts";
import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { lstat, readText, removeFile } from "../../sys/files.ts";
import { makeStateDirectory, writeStateFile } from "../../sys/atomic_file.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";

/** Much larger than any lease; a larger file is not read. */
const MAX_BYTES = 1024 * 1024;

/** No plugin takes so long to write a note. */
const MAX_WRITING_MS = 60_000;

/** Where the files are. */
export interface LeaseDirectories {
  /** Leases. */
  readonly stateDir: string;
  /** Where the plugin leaves its notes: often the same. */
  readonly noteDir: string;
}

/** The lease files of one daemon. */
export class LeaseFiles implements LeaseStore {
  readonly #directories: LeaseDirectories;
  readonly #digest: Digest;
  readonly #scheduler: Scheduler;

  /** Makes the state directory. @throws {SystemError} */
  constructor(
    directories: LeaseDirectories,
    digest: Digest,
    scheduler: Scheduler,
  ) {
    this.#directories = directories;
    this.#digest = digest;
    this.#scheduler = scheduler;
    makeStateDirectory(directories.stateDir);
  }

  write(record: LeaseRecord): void {
    const name = this.#nameOf(record.attachment, "lease");
    const content = formatLeaseRecord(record, this.#describe(record));
    // An offer is a lease in a moment, or nothing.
    const isDurable = record.grant.kind === "leased";
    const { stateDir } = this.#directories;
    writeStateFile(stateDir, name, { content, isDurable });
  }

  remove(attachment: Attachment): void {
    const name = this.#nameOf(attachment, "lease");
    removeFile(`${this.#directories.stateDir}/${name}`);
  }

  read(attachment: Attachment): LeaseRecord | undefined {
    const { stateDir } = this.#directories;
    const name = this.#nameOf(attachment, "lease");
    try {
      return this.#load({ directory: stateDir, name, kind: "lease" }, asLease);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      return undefined; // Whatever it is, it is no lease: it was reported when the daemon started.
    }
  }

  readAll(): {
    readonly records: readonly LeaseRecord[];
    readonly oddities: readonly Oddity[];
  } {
    const { stateDir } = this.#directories;
    const { values, oddities } = this.#read(stateDir, "lease", asLease);
    return { records: values, oddities };
  }

  readTombstones(): {
    readonly attachments: readonly Attachment[];
    readonly oddities: readonly Oddity[];
  } {
    const { noteDir } = this.#directories;
    const { values, oddities } = this.#read(noteDir, "release", (text) => {
      const attachment = parseReleaseNote(text);
      return { value: attachment, attachment };
    });
    return { attachments: values, oddities };
  }

  removeTombstone(attachment: Attachment): void {
    const name = this.#nameOf(attachment, "release");
    removeFile(`${this.#directories.noteDir}/${name}`);
  }

  /** Every file of one kind; what is of no kind, or not what its name says, is reported and left alone. */
  #read<T>(
    directory: string,
    kind: "lease" | "release",
    parse: Parse<T>,
  ): { readonly values: T[]; readonly oddities: Oddity[] } {
    const values: T[] = [];
    const oddities: Oddity[] = [];
    for (const { name, isFile } of listDirectory(directory)) {
      const path = `${directory}/${name}`;
      const found = stateFileKind(name);
      if (isFile && this.#isAbandoned(path, found)) removeFile(path);
      const isAlien = found === "foreign" && kind === "lease";
      if (isAlien) oddities.push({ path, reason: "no file of this daemon" });
      if (found !== kind) continue;
      try {
        values.push(this.#load({ directory, name, kind }, parse));
      } catch (error) {
        if (!isUnusable(error)) throw error;
        oddities.push({ path, reason: error.message });
      }
    }
    return { values, oddities };
  }

  /** The content of one file. @throws What {@link isUnusable} knows, if it is not what its name says. */
  #load<T>(
    { directory, name, kind }: {
      readonly directory: string;
      readonly name: string;
      readonly kind: "lease" | "release";
    },
    parse: Parse<T>,
  ): T {
    const path = `${directory}/${name}`;
    const info = lstat(path);
    if (info?.isFile !== true) throw new SystemError("not a regular file");
    if (info.size > MAX_BYTES) throw new SystemError("too large");
    const { value, attachment } = parse(readText(path));
    if (name !== this.#nameOf(attachment, kind)) {
      throw new DecodeError("content of another name", "attachment");
    }
    return value;
  }

  /** Leases are written by one daemon, which has not begun to; notes by any number of plugins, and one may be at it. */
  #isAbandoned(path: string, kind: StateFileKind): boolean {
    if (kind === "temporary-lease") return true;
    if (kind !== "temporary-release") return false;
    const writtenMs = lstat(path)?.mtime?.getTime() ?? Infinity;
    return writtenMs + MAX_WRITING_MS < this.#scheduler.wallMs();
  }

  #nameOf(attachment: Attachment, kind: "lease" | "release"): string {
    const text = new TextEncoder().encode(attachmentText(attachment));
    return stateFileName(formatHex(this.#digest(text)), kind);
  }

  #describe({ grant }: LeaseRecord): Readonly<Record<string, string>> {
    const toDate = (atMs: number): string => {
      const { nowMs, wallMs } = {
        nowMs: this.#scheduler.nowMs(),
        wallMs: this.#scheduler.wallMs(),
      };
      return atMs === Infinity
        ? "never"
        : new Date(wallMs + atMs - nowMs).toISOString();
    };
    if (grant.kind === "offered") return {};
    const { lease } = grant;
    return {
      address: formatCidr(lease),
      server: formatIpAddress(lease.serverIdentifier),
      renewal: toDate(lease.t1Ms),
      expiry: toDate(lease.expiresMs),
    };
  }
}

/** Makes something of the text of a file, and tells whose it is. */
type Parse<T> = (
  text: string,
) => { readonly value: T; readonly attachment: Attachment };

function asLease(text: string): ReturnType<Parse<LeaseRecord>> {
  const value = parseLeaseRecord(text);
  return { value, attachment: value.attachment };
}

function isUnusable(
  error: unknown,
): error is SystemError | DecodeError | ConfigError {
  return error instanceof SystemError || error instanceof DecodeError ||
    error instanceof ConfigError;
}

/** Nothing if there is no such directory. */
function listDirectory(path: string): readonly Deno.DirEntry[] {
  if (lstat(path)?.isDirectory !== true) return [];
  return [...Deno.readDirSync(path)];
}
