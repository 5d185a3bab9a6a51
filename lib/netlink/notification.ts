/** What rtnetlink tells unasked about interfaces: of which one, no more, since who hears of it looks. Pure. @module */

import { viewOf } from "./attribute.ts";
import { type NetlinkMessage, RTM } from "./netlink_message.ts";

const AF_UNSPEC = 0;
const AF_INET = 2;

/** The beginning that `struct ifinfomsg` and `struct ifaddrmsg` have in common: the family first, the index at 4. */
const COMMON = 8;

/** What happens to an interface. */
export type InterfaceEvent =
  /** Its state may be another: look. */
  | "changed"
  /** It is gone from its namespace. */
  | "removed"
  /** Its whole namespace is gone. */
  | "netns-gone";

/** Something happened to an interface. */
export interface LinkNotification {
  /** Number of the interface. */
  readonly ifIndex: number;
  /** Removed: it is gone from its namespace. Changed: it, or its IPv4 addresses. */
  readonly kind: "changed" | "removed";
}

/** Undefined if the message is about something else, or cut short. */
export function decodeLinkNotification(
  { type, body }: NetlinkMessage,
): LinkNotification | undefined {
  const wanted = familyOf(type);
  if (wanted === undefined || body.length < COMMON) return undefined;
  const view = viewOf(body);
  // Of a bridge's family: not about the interface but about its part in a bridge.
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
