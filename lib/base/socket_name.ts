/** Names of Unix sockets. Pure. @module */

/**
 * Returns whether `name` is that of an abstract socket, which has no file (unix(7)): it begins with
 * `@`, as in Go and systemd.
 */
export function isAbstract(name: string): boolean {
  return name.startsWith("@");
}
