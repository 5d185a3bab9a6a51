/**
 * Notifications of rtnetlink about interfaces: which interface changed. What changed is not
 * decoded, because the receiver reads the interface anyway. Pure.
 *
 * @module
 */

import { viewOf } from "../base/bytes.ts";
import { type NetlinkMessage, RTM } from "./netlink_message.ts";

const AF_UNSPEC = 0;
const AF_INET = 2;

/**
 * What `struct ifinfomsg` and `struct ifaddrmsg` have in common: the family, and the index at 4.
 */
const COMMON = 8;

/** Something that happens to an interface. */
export type InterfaceEvent =
  /** Its state may have changed: read it. */
  | "changed"
  /** It left its namespace: it was deleted or moved. */
  | "removed"
  /** Its namespace is gone. */
  | "netns-gone";

/** A notification about one interface. */
export interface LinkNotification {
  /** Index of the interface. */
  readonly ifIndex: number;
  /** Removed: it left its namespace. Changed: the interface or its IPv4 addresses did. */
  readonly kind: "changed" | "removed";
}

/** Decodes a notification; undefined if it is about something else, or cut short. */
export function decodeLinkNotification(
  { type, body }: NetlinkMessage,
): LinkNotification | undefined {
  const wanted = familyOf(type);
  if (wanted === undefined || body.length < COMMON) return undefined;
  const view = viewOf(body);
  // A message of the bridge family is about a bridge port, not about the interface itself.
  if (view.getUint8(0) !== wanted) return undefined;
  const kind = type === RTM.DELLINK ? "removed" : "changed";
  return { ifIndex: view.getUint32(4, true), kind };
}

function familyOf(type: number): number | undefined {
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return AF_UNSPEC;
    case RTM.NEWADDR:
    case RTM.DELADDR:
      return AF_INET;
    default:
      return undefined;
  }
}
