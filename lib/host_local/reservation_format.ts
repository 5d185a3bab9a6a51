/**
 * The names and contents of the files that record reservations, as upstream writes them. Pure.
 *
 * @module
 */

import { trimWhiteSpace } from "../base/whitespace.ts";
import type { ContainerInterface } from "../cni/attachment.ts";
import { isValidName } from "../cni/environment.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseAnyFamily,
} from "../net/ip_address.ts";

/** The owner of an address. */
export type Owner =
  | { readonly kind: "attachment"; readonly attachment: ContainerInterface }
  /** A file of a very old upstream version, which holds the container ID alone. */
  | { readonly kind: "container"; readonly containerId: string }
  /** Any other text. The address counts as taken, and no DEL releases it. */
  | { readonly kind: "unknown" }
  /** An empty file: a process crashed after it created the file and before it wrote the owner. */
  | { readonly kind: "none" };

/**
 * Formats the content of a reservation file: CR LF on every system, and no line feed at the end.
 */
export function formatOwner(
  { containerId, ifName }: ContainerInterface,
): string {
  return `${containerId}\r\n${ifName}`;
}

/** What {@link formatOwner} returns for a usual interface name; most files need no closer look. */
const USUAL_CONTENT = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*\r\n[!-~]+$/;

/**
 * Parses the content of a reservation file. White space around it and a bare LF inside are
 * tolerated.
 */
export function parseOwner(content: string): Owner {
  if (USUAL_CONTENT.test(content)) {
    const end = content.indexOf("\r");
    return {
      kind: "attachment",
      attachment: {
        containerId: content.slice(0, end),
        ifName: content.slice(end + 2),
      },
    };
  }
  // A crash of the file system can leave a file of NUL bytes where the text should be.
  const text = trimWhiteSpace(content.replaceAll("\0", ""));
  if (text === "") return { kind: "none" };
  const [first = "", ifName, ...more] = text.split(/\r?\n/);
  const containerId = trimWhiteSpace(first);
  if (!isValidName(containerId) || more.length > 0) return { kind: "unknown" };
  if (ifName === undefined) return { kind: "container", containerId };
  return { kind: "attachment", attachment: { containerId, ifName } };
}

/**
 * Returns the text that an owner is looked up by; the empty text for owners that no command looks
 * up.
 */
export function ownerKey(owner: Owner): string {
  switch (owner.kind) {
    case "attachment":
      return formatOwner(owner.attachment);
    case "container":
      return owner.containerId;
    case "unknown":
    case "none":
      return "";
  }
}

/**
 * Parses the name of a reservation file. Returns undefined for every name that is not an address in
 * canonical form.
 */
export function parseReservationName(name: string): IpAddress | undefined {
  const address = parseAnyFamily(name);
  // An IPv4 address has only one text that is accepted.
  return address?.family === 4 ||
      (address !== undefined && formatIpAddress(address) === name)
    ? address
    : undefined;
}

/**
 * Returns the name of the file with the last address reserved from range set `index`: the next
 * search starts there.
 */
export function cursorName(index: number): string {
  return `last_reserved_ip.${index}`;
}

/** Returns the index of the range set whose cursor has this name; undefined for other names. */
export function parseCursorName(name: string): number | undefined {
  const [, index] = /^last_reserved_ip\.(\d+)$/.exec(name) ?? [];
  return index === undefined ? undefined : Number(index);
}
