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
/** In `struct ifinfomsg`. */
const FLAGS_OFFSET = 8;
const IFF_UP = 0x1;

/** Something that happens to an interface. */
export type InterfaceEvent =
  /** Its state may have changed: read it. */
  | "changed"
  /** The same, and it is down or was: the kernel has removed its routes. */
  | "set-down"
  /** It left its namespace: it was deleted or moved. */
  | "removed"
  /** Its namespace is gone. */
  | "netns-gone";

/** A notification about one interface. */
export interface LinkNotification {
  /** Index of the interface. */
  readonly ifIndex: number;
  /**
   * Removed: it left its namespace. Set-down: it is administratively down. Changed: the interface
   * or its IPv4 addresses did.
   */
  readonly kind: "changed" | "set-down" | "removed";
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
  return { ifIndex: view.getUint32(4, true), kind: kindOf(type, view) };
}

function kindOf(type: number, view: DataView): LinkNotification["kind"] {
  if (type === RTM.DELLINK) return "removed";
  const isDown = type === RTM.NEWLINK &&
    view.byteLength >= FLAGS_OFFSET + 4 &&
    (view.getUint32(FLAGS_OFFSET, true) & IFF_UP) === 0;
  return isDown ? "set-down" : "changed";
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
