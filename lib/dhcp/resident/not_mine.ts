/** Which calls the daemon must leave to the standalone executable. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import { CniError } from "../../cni/error.ts";
import { parseDocument } from "../../cni/network_config.ts";
import type {
  LauncherRequest,
  RootIdentity,
} from "../../resident/launcher_protocol.ts";
import { parseSocketPath } from "../config/dhcp_config.ts";

const SLASH = 0x2f;
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a daemon shares with the callers that it serves. */
export interface Place {
  /** The path of its socket, without its `-hostprefix`. */
  readonly socketPath: string;
  /** The directory `<hostprefix>/`; undefined if it cannot be read. */
  readonly root: RootIdentity | undefined;
}

/**
 * Returns why the standalone executable has to run a call; undefined if the daemon runs it.
 *
 * Paths are compared as text: a socket that the configuration names in another way, such as through
 * a symbolic link, is called by the standalone executable.
 */
export function notMine(
  { environment, stdin, root }: LauncherRequest,
  place: Place,
): string | undefined {
  if (
    root.device !== place.root?.device || root.inode !== place.root.inode
  ) return "the caller has another root directory";
  const netns = environment.get("CNI_NETNS");
  if (netns !== undefined && netns.length > 0 && netns[0] !== SLASH) {
    return "CNI_NETNS is relative";
  }
  const socketPath = socketPathIn(stdin);
  return socketPath === undefined || socketPath === place.socketPath
    ? undefined
    : `daemonSocketPath is ${JSON.stringify(socketPath)}`;
}

/** @returns Undefined if there is none: the command fails, or needs no configuration. */
function socketPathIn(stdin: Uint8Array): string | undefined {
  try {
    return parseSocketPath({ json: parseDocument(DECODER.decode(stdin)) });
  } catch (error) {
    if (error instanceof DecodeError || error instanceof CniError) {
      return undefined;
    }
    throw error;
  }
}
