/** Whose reservations a GC must keep. Pure. @module */

import type { ContainerInterface } from "../cni/attachment.ts";
import { formatOwner, type Owner } from "./reservation.ts";

/** Tells whether an owner is listed; a file without interface name stays for any interface of its container. */
export function listedOwners(
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
      case "nobody":
        return false;
    }
  };
}
