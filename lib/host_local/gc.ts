/** Which reservations GC keeps (SPEC section 2, "GC"). Pure. @module */

import type { ContainerInterface } from "../cni/attachment.ts";
import type { Reservation } from "./ports.ts";
import { formatOwner, type Owner } from "./reservation_format.ts";

/**
 * Returns a predicate for the reservations that GC keeps: those of listed attachments, and those
 * younger than `graceMs`.
 *
 * A reservation without an interface name is kept if any interface of its container is listed.
 */
export function keptByGc({ attachments, graceMs, nowMs }: {
  /** The attachments that are in use. */
  readonly attachments: readonly ContainerInterface[];
  /** Milliseconds. */
  readonly graceMs: number;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
}): (reservation: Reservation) => boolean {
  const isListed = listedOwners(attachments);
  return ({ owner, reservedAtMs }) =>
    isListed(owner) || nowMs - reservedAtMs < graceMs;
}

function listedOwners(
  attachments: readonly ContainerInterface[],
): (owner: Owner) => boolean {
  const exact = new Set(attachments.map(formatOwner));
  const containers = new Set(attachments.map(({ containerId }) => containerId));
  return (owner) => {
    switch (owner.kind) {
      case "attachment":
        return exact.has(formatOwner(owner.attachment));
      case "container":
        return containers.has(owner.containerId);
      case "unknown":
      case "none":
        return false;
    }
  };
}
