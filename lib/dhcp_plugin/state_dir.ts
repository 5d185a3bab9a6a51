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
const TEMPORARY = /^\.[0-9a-f]{32}\.(lease|release)\.tmp$/;

/** What a file of the directory is by its name. */
export type StateFileKind = "lease" | "release" | "temporary" | "foreign";

/** The kind of the file called `name`. */
export function stateFileKind(name: string): StateFileKind {
  if (TEMPORARY.test(name)) return "temporary";
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

/** The name under which a file is written before it gets its own. */
export function temporaryName(name: string): string {
  return `.${name}.tmp`;
}
