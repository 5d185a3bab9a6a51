/**
 * The release notes: a plugin that finds no daemon leaves one for each DEL, and the next daemon
 * releases the lease.
 *
 * @module
 */

import { formatHex } from "../../base/hex.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { lstat, removeFile } from "../../sys/files.ts";
import type {
  Digest,
  ReleaseNoteStore,
  Scheduler,
  UnusableFile,
} from "../daemon/ports.ts";
import { parseReleaseNote } from "../protocol/release_note.ts";
import { stateFileName } from "../protocol/state_directory.ts";
import {
  checkFileName,
  listStateFiles,
  readStateFile,
  readStateFiles,
  removeFiles,
  type StateFile,
} from "./state_files.ts";

/** An older temporary file is left behind: no plugin takes so long to write a release note. */
const MAX_WRITING_MS = 60_000;
/** Longer than a tick of the kernel, which is the clock of most file systems. */
const CLOCK_RESOLUTION_MS = 2000;

/** The release notes for one daemon. */
export class ReleaseNotes implements ReleaseNoteStore {
  readonly directory: string;
  readonly #digest: Digest;
  readonly #scheduler: Pick<Scheduler, "wallMs">;
  /** When the directory was changed last, as far as its changes are known. */
  #changedMs = NaN;

  /** @param directory As `stateDirOf` the socket. */
  constructor(
    directory: string,
    { digest, scheduler }: {
      readonly digest: Digest;
      readonly scheduler: Pick<Scheduler, "wallMs">;
    },
  ) {
    this.directory = directory;
    this.#digest = digest;
    this.#scheduler = scheduler;
  }

  /**
   * Returns whether there may be new release notes since the last call.
   *
   * @throws {SystemError} if the directory cannot be read.
   */
  hasChanged(): boolean {
    const changedMs = lstat(this.directory)?.mtime?.getTime() ?? 0;
    if (changedMs === this.#changedMs) return false;
    // Within the resolution of the file system's clock, there may be another change.
    const isSettled =
      changedMs + CLOCK_RESOLUTION_MS < this.#scheduler.wallMs();
    this.#changedMs = isSettled ? changedMs : NaN;
    return true;
  }

  readAll(): {
    readonly attachments: readonly Attachment[];
    readonly unusable: readonly UnusableFile[];
  } {
    const files = listStateFiles(this.directory);
    const abandoned = removeFiles(
      files.filter((file) => this.#isAbandoned(file)),
    );
    const notes = files.filter(({ kind }) => kind === "release");
    const { values, unusable } = readStateFiles(
      notes,
      (path) => this.#load(path),
    );
    return { attachments: values, unusable: [...abandoned, ...unusable] };
  }

  remove(attachment: Attachment): void {
    removeFile(`${this.directory}/${this.#nameOf(attachment)}`);
  }

  #load(path: string): Attachment {
    const attachment = parseReleaseNote(readStateFile(path));
    checkFileName(path, this.#nameOf(attachment));
    return attachment;
  }

  /** Whether a temporary file is left behind. Several plugins may be writing release notes now. */
  #isAbandoned({ path, isFile, kind }: StateFile): boolean {
    if (!isFile || kind !== "temporary-release") return false;
    const writtenMs = lstat(path)?.mtime?.getTime() ?? Infinity;
    return writtenMs + MAX_WRITING_MS < this.#scheduler.wallMs();
  }

  #nameOf(attachment: Attachment): string {
    const text = new TextEncoder().encode(attachmentText(attachment));
    return stateFileName(formatHex(this.#digest(text)), "release");
  }
}
