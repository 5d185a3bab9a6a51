/** What the dhcp plugin needs from the outside. Types only. @module */

import type { Attachment } from "../../cni/attachment.ts";

/** A connection to the daemon. */
export interface DaemonConnection extends Disposable {
  /** Sends a line and waits for one. @throws {SystemError | DecodeError} */
  call(
    line: string,
    options: { readonly timeoutMs: number; readonly maxLineBytes: number },
  ): Promise<string>;
  /** Sends bytes; gives each piece that comes to `take` until that has the answer. @throws {SystemError} */
  exchange<T>(
    bytes: Uint8Array,
    options: {
      readonly timeoutMs: number;
      readonly take: (piece: Uint8Array) => T | undefined;
    },
  ): Promise<T>;
}

/** What the handlers need of the outside. */
export interface DhcpPorts {
  /** @throws {SystemError} with upstream's text `dial unix <path>: connect: <reason>`. */
  connect(socketPath: string): Promise<DaemonConnection>;
  /** Writes the note by which the next daemon gives a lease back. @throws {SystemError} */
  leaveTombstone(socketPath: string, attachment: Attachment): Promise<void>;
  /** Absolute. */
  workingDirectory(): string;
  /** Says on stderr what does not stop the command. */
  warn(message: string): void;
}
