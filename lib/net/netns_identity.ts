/** How network namespaces are told apart. Pure. @module */

/**
 * The file that represents a network namespace in the kernel. Two namespaces that exist at the same
 * time never have the same one. An inode number is reused after the end of its namespace.
 */
export interface NetnsIdentity {
  /** File system, as `major:minor`. */
  readonly device: string;
  /** Inode number, in decimal. */
  readonly inode: string;
  /**
   * The kernel's number of the namespace, in decimal, which no other has until the next boot.
   * Undefined if it is unknown, and before Linux 5.14.
   */
  readonly cookie?: string | undefined;
}

/**
 * Returns whether two identities are of the same namespace. Without both cookies they can be of two
 * that did not exist at the same time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const one = { device: "0:4", inode: "4026531840" };
 * assertEquals(isSameNetns(one, { ...one }), true);
 * assertEquals(isSameNetns(one, { ...one, inode: "4026532281" }), false);
 * assertEquals(isSameNetns(one, { ...one, cookie: "7" }), true);
 * assertEquals(isSameNetns({ ...one, cookie: "8" }, { ...one, cookie: "7" }), false);
 * ```
 */
export function isSameNetns(one: NetnsIdentity, other: NetnsIdentity): boolean {
  return one.device === other.device && one.inode === other.inode &&
    (one.cookie === undefined || other.cookie === undefined ||
      one.cookie === other.cookie);
}
