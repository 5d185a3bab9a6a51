/**
 * What the dhcp plugin needs of the system. Uses no FFI and loads nothing of the daemon. @module
 */

import type { DhcpPorts } from "../plugin/ports.ts";
import { connectUnix } from "../../sys/unix_client.ts";
import { writeReleaseNote } from "./release_notes.ts";

/** The plugin's ports. @param warn Takes a line for stderr. */
export function dhcpPluginPorts(warn: (message: string) => void): DhcpPorts {
  return {
    connect: connectUnix,
    leaveTombstone: writeReleaseNote,
    workingDirectory: () => Deno.cwd(),
    warn,
  };
}
