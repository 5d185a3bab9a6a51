/** Network interfaces in rtnetlink (rtnetlink(7), linux/if_link.h). Pure. @module */

import { DecodeError } from "../base/errors.ts";
import {
  decodeAttributes,
  encodeAttributes,
  textAttribute,
  u32Attribute,
} from "./attribute.ts";
import { concatBytes, viewOf } from "../base/bytes.ts";

const IFLA_ADDRESS = 1;
const IFLA_BROADCAST = 2;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_SLAVE_KIND = 4;

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x10000;

const AF_UNSPEC = 0;

/**
 * ```text
 * struct ifinfomsg { u8 family; u8 pad; u16 type; i32 index; u32 flags; u32 change; }
 * ```
 */
const IFINFOMSG = 16;

/** The interface that another one is a part of, such as a bridge. */
export interface LinkMaster {
  readonly index: number;
  /** `bridge`, `bond`, `vrf`, ...; undefined if it is unknown. */
  readonly kind: string | undefined;
}

/** The state of an interface. */
export interface LinkInfo {
  /** Index of the interface, unique within its namespace. */
  readonly index: number;
  readonly name: string;
  /** ARP hardware type (linux/if_arp.h): 1 Ethernet, 32 InfiniBand, 65534 none. */
  readonly htype: number;
  /** Hardware address; empty if the link has none. */
  readonly macAddress: Uint8Array;
  /** Hardware broadcast address; empty if the link has none. */
  readonly broadcastAddress: Uint8Array;
  readonly mtu: number;
  /** Whether it is administratively up (IFF_UP). */
  readonly isUp: boolean;
  /**
   * Whether frames can be sent and received: up, with carrier, operational (IFF_RUNNING and
   * IFF_LOWER_UP).
   */
  readonly hasCarrier: boolean;
  /** `veth`, `macvlan`, `ipvlan`, ...; undefined for a network card. */
  readonly kind: string | undefined;
  /** Undefined if it is not part of another interface. */
  readonly master: LinkMaster | undefined;
}

/**
 * Returns whether the traffic of an interface belongs to another one, so that addresses on it are
 * of no use. Only a VRF leaves them in use.
 */
export function isPort({ master }: Pick<LinkInfo, "master">): boolean {
  return master !== undefined && master.kind !== "vrf";
}

/** Encodes the body of a request for interface `index`. */
export function encodeLinkByIndex(index: number): Uint8Array {
  return encodeHeader(index);
}

/** Encodes the body of a request for the interface called `name`. */
export function encodeLinkByName(name: string): Uint8Array {
  return concatBytes([
    encodeHeader(0),
    encodeAttributes([[IFLA_IFNAME, new TextEncoder().encode(`${name}\0`)]]),
  ]);
}

/** Encodes the body of a request that sets interface `index` up or down. */
export function encodeLinkState(
  index: number,
  state: "up" | "down",
): Uint8Array {
  const header = encodeHeader(index);
  const view = viewOf(header);
  view.setUint32(8, state === "up" ? IFF_UP : 0, true);
  view.setUint32(12, IFF_UP, true);
  return header;
}

/**
 * Decodes the body of an RTM_NEWLINK or RTM_DELLINK.
 *
 * @returns Undefined if it is about a bridge port and not about the interface itself; such messages
 *   have the same type.
 * @throws {DecodeError} if the body is malformed.
 */
export function decodeLink(body: Uint8Array): LinkInfo | undefined {
  if (body.length < IFINFOMSG) {
    throw new DecodeError(
      `Cannot decode a link: ${body.length} bytes, expected at least ${IFINFOMSG}`,
      "0",
    );
  }
  const view = viewOf(body);
  if (view.getUint8(0) !== AF_UNSPEC) return undefined;
  const flags = view.getUint32(8, true);
  const attributes = decodeAttributes(body.subarray(IFINFOMSG));
  const linkInfo = decodeAttributes(
    attributes.get(IFLA_LINKINFO) ?? new Uint8Array(),
  );
  const masterIndex = u32Attribute(attributes, IFLA_MASTER);
  const isUp = (flags & IFF_UP) !== 0;
  return {
    index: view.getInt32(4, true),
    name: textAttribute(attributes, IFLA_IFNAME) ?? "",
    htype: view.getUint16(2, true),
    macAddress: copyOf(attributes.get(IFLA_ADDRESS)),
    broadcastAddress: copyOf(attributes.get(IFLA_BROADCAST)),
    mtu: u32Attribute(attributes, IFLA_MTU) ?? 0,
    isUp,
    hasCarrier: isUp && (flags & IFF_RUNNING) !== 0 &&
      (flags & IFF_LOWER_UP) !== 0,
    kind: textAttribute(linkInfo, IFLA_INFO_KIND),
    master: masterIndex === undefined ? undefined : {
      index: masterIndex,
      kind: textAttribute(linkInfo, IFLA_INFO_SLAVE_KIND),
    },
  };
}

function encodeHeader(index: number): Uint8Array {
  const header = new Uint8Array(IFINFOMSG);
  viewOf(header).setInt32(4, index, true);
  return header;
}

/** Copies, because the receive buffer is reused. */
function copyOf(bytes: Uint8Array | undefined): Uint8Array {
  return bytes?.slice() ?? new Uint8Array(0);
}
