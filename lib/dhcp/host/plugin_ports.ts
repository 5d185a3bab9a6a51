/** What the dhcp plugin needs of the system. Uses no FFI and loads nothing of the daemon. @module */

import { formatHex } from "../../base/hex.ts";
import type { DhcpPorts } from "../plugin/ports.ts";
import { stateDirOf, stateFileName } from "../protocol/state_directory.ts";
import { formatReleaseNote } from "../protocol/release_note.ts";
import { makeStateDirectory, writeStateFile } from "../../sys/atomic_file.ts";
import { connectUnix } from "../../sys/unix_client.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";

async function leaveTombstone(
  socketPath: string,
  attachment: Attachment,
): Promise<void> {
  const text = new TextEncoder().encode(attachmentText(attachment));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const name = stateFileName(formatHex(digest), "release");
  const directory = stateDirOf(socketPath);
  writeNote(directory, name, formatReleaseNote(attachment));
}

function writeNote(directory: string, name: string, content: string): void {
  makeStateDirectory(directory);
  // Runtimes repeat a DEL that takes them too long, while it goes on.
  const writer = Deno.pid;
  writeStateFile(directory, name, { content, isDurable: true, writer });
}

/** The plugin's ports. @param warn Takes a line for stderr. */
export function dhcpPluginPorts(warn: (message: string) => void): DhcpPorts {
  return {
    connect: connectUnix,
    leaveTombstone,
    workingDirectory: () => Deno.cwd(),
    warn,
  };
}
