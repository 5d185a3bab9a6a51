/**
 * The state directory, where the daemon keeps leases and the plugin leaves release notes. Pure.
 *
 * @module
 */

import { isAbstract } from "../../base/socket_name.ts";

/** The file that a daemon locks while it uses the directory. */
export const LOCK_FILE = "lock";

const SOCKET_SUFFIX = ".sock";

/**
 * Returns the state directory of the daemon that listens on `socketPath`, so that plugin and daemon
 * agree on it without asking each other.
 *
 * It is the socket path without `.sock`: `/run/cni/dhcp` by default, and below the same prefix as
 * the socket. A path without that suffix gets the suffix `.d` instead. An abstract socket has none.
 */
export function stateDirOf(socketPath: string): string | undefined {
  if (isAbstract(socketPath)) return undefined;
  return socketPath.endsWith(SOCKET_SUFFIX)
    ? socketPath.slice(0, -SOCKET_SUFFIX.length)
    : `${socketPath}.d`;
}

const NAME = /^([0-9a-f]{32})\.(lease|release)$/;
const TEMPORARY = /^\.[0-9a-f]{32}\.(lease|release)(\.[0-9]+)?\.tmp$/;

/**
 * The kind of a file in the state directory. A temporary file is one that is still being written
 * and will be renamed to its final name.
 */
export type StateFileKind =
  | "lease"
  | "release"
  | "temporary-lease"
  | "temporary-release"
  | "lock"
  | "foreign";

/** Returns the kind that the name of a file in the state directory stands for. */
export function stateFileKind(name: string): StateFileKind {
  const [, temporary] = name.match(TEMPORARY) ?? [];
  if (temporary === "lease") return "temporary-lease";
  if (temporary === "release") return "temporary-release";
  if (name === LOCK_FILE) return "lock";
  const [, , kind] = name.match(NAME) ?? [];
  return kind === "lease" || kind === "release" ? kind : "foreign";
}

/**
 * Returns the name of the lease file or release note of an attachment.
 *
 * The name is a digest because an attachment can be longer than a file name.
 *
 * @param digest The SHA-256 of `attachmentText()`, in lower-case hexadecimal.
 */
export function stateFileName(
  digest: string,
  kind: "lease" | "release",
): string {
  return `${digest.slice(0, 32)}.${kind}`;
}
