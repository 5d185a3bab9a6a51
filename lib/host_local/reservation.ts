/** The files of a network: what their names and contents mean, as upstream writes them. Pure. @module */

import type { ContainerInterface } from "../cni/attachment.ts";
import { isValidName } from "../cni/environment.ts";
import { trimWhiteSpace } from "../base/whitespace.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseAnyFamily,
} from "../net/ip_address.ts";

/** Who holds an address. */
export type Owner =
  | { readonly kind: "attachment"; readonly attachment: ContainerInterface }
  /** A file of a very old version, which holds the container ID alone. */
  | { readonly kind: "container"; readonly containerId: string }
  /** Text that is neither. The address counts as taken, and nobody's DEL frees it. */
  | { readonly kind: "unknown" }
  /** Nothing at all: what a crash between creating and writing leaves. */
  | { readonly kind: "nobody" };

/** The content of a reservation file; CR LF on every system and no line feed at the end. */
export function formatOwner(
  { containerId, ifName }: ContainerInterface,
): string {
  return `${containerId}\r\n${ifName}`;
}

/** Reads the content of a reservation file; white space around it and a bare LF inside are tolerated. */
export function parseOwner(content: string): Owner {
  // A crash of the file system can leave a file of NUL bytes where the text should be.
  const text = trimWhiteSpace(content.replaceAll("\0", ""));
  if (text === "") return { kind: "nobody" };
  const [first = "", ifName, ...more] = text.split(/\r?\n/);
  const containerId = trimWhiteSpace(first);
  if (!isValidName(containerId) || more.length > 0) return { kind: "unknown" };
  if (ifName === undefined) return { kind: "container", containerId };
  return {
    kind: "attachment",
    attachment: { containerId, ifName },
  };
}

/** One text for each owner that can be looked up, and the empty text for the others. */
export function ownerKey(owner: Owner): string {
  switch (owner.kind) {
    case "attachment":
      return formatOwner(owner.attachment);
    case "container":
      return owner.containerId;
    case "unknown":
    case "nobody":
      return "";
  }
}

/** The address whose reservation the file `name` is; undefined for every other file. Only canonical text counts. */
export function parseReservationName(name: string): IpAddress | undefined {
  const address = parseAnyFamily(name);
  return address !== undefined && formatIpAddress(address) === name
    ? address
    : undefined;
}

/** The file that holds the last address reserved out of the range set `index`: where the next search starts. */
export function cursorName(index: number): string {
  return `last_reserved_ip.${index}`;
}
