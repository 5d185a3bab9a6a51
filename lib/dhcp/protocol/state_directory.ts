/** Where leases are kept, so that plugin and daemon agree on it without a word. Pure. @module */

const SOCKET_SUFFIX = ".sock";

/**
 * The state directory of the daemon that listens at `socketPath`: the same path without `.sock`. So it is
 * `/run/cni/dhcp` by default, and below the same prefix as the socket.
 */
export function stateDirOf(socketPath: string): string {
  return socketPath.endsWith(SOCKET_SUFFIX)
    ? socketPath.slice(0, -SOCKET_SUFFIX.length)
    : `${socketPath}.d`;
}

const NAME = /^([0-9a-f]{32})\.(lease|release)$/;
const TEMPORARY = /^\.[0-9a-f]{32}\.(lease|release)(\.[0-9]+)?\.tmp$/;

/** What a file of the directory is by its name; temporary: it is under way to that. */
export type StateFileKind =
  | "lease"
  | "release"
  | "temporary-lease"
  | "temporary-release"
  | "foreign";

/** The kind of the file called `name`. */
export function stateFileKind(name: string): StateFileKind {
  const [, temporary] = name.match(TEMPORARY) ?? [];
  if (temporary === "lease") return "temporary-lease";
  if (temporary === "release") return "temporary-release";
  const [, , kind] = name.match(NAME) ?? [];
  return kind === "lease" || kind === "release" ? kind : "foreign";
}

/**
 * The name of the file of an attachment. The attachment itself may be longer than a file name can be.
 *
 * @param digest SHA-256 of the attachment's text, in hexadecimal.
 */
export function stateFileName(
  digest: string,
  kind: "lease" | "release",
): string {
  return `${digest.slice(0, 32)}.${kind}`;
}
