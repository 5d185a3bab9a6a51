/** What the plugin needs from the operating system; tests pass fakes. Types only. @module */

import type { Log } from "../../base/log_line.ts";
import type { Attachment } from "../../cni/attachment.ts";

/** A connection to the daemon, which disposing closes; closing cancels a call in progress. */
export interface DaemonConnection extends Disposable {
  /**
   * Sends a line and returns the line that comes back.
   *
   * @param options `timeoutMs`: for both together. `maxLineBytes`: the longest response.
   * @throws {SystemError} if there is no complete response in time.
   * @throws {DecodeError} if the response is too long or not UTF-8.
   */
  call(
    line: string,
    options: { readonly timeoutMs: number; readonly maxLineBytes: number },
  ): Promise<string>;
  /**
   * Sends bytes and passes each received piece to `take` until `take` returns the response.
   *
   * @throws {SystemError} if there is no complete response in time.
   */
  exchange<T>(
    bytes: Uint8Array,
    options: {
      readonly timeoutMs: number;
      readonly take: (piece: Uint8Array) => T | undefined;
    },
  ): Promise<T>;
}

/** The operating system as the handlers see it. */
export interface PluginPorts {
  /**
   * Connects to the daemon.
   *
   * @throws {SystemError} if it cannot: `dial unix <path>: connect: <reason>`, as upstream has it.
   */
  connect(socketPath: string): Promise<DaemonConnection>;
  /**
   * Writes the release note that asks the next daemon on `socketPath` to release a lease.
   *
   * @returns False if no daemon can listen there, so that none would read the note.
   * @throws {SystemError} if it cannot be written.
   */
  writeReleaseNote(
    socketPath: string,
    attachment: Attachment,
  ): Promise<boolean>;
  /** Returns the absolute path of the working directory. */
  workingDirectory(): string;
  readonly log: Log;
}
