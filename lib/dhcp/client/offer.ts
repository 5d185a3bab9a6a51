/** Whether a received message is an offer that the client can accept. Pure. @module */

import { formatIpAddress } from "../../net/ip_address.ts";
import { isAddressOfHost } from "../../net/subnet_host.ts";
import type { DhcpMessage } from "../codec/dhcp_message.ts";
import { leasedSubnet } from "./lease.ts";
import { checkReply, type ReplyCheck } from "./reply.ts";
import type { ClientSettings } from "./settings.ts";
import type { Requesting } from "./state.ts";

/** What {@link checkOffer} finds. */
export type OfferCheck =
  | { readonly kind: "offer" } & Pick<Requesting, "offer" | "offered">
  | Exclude<ReplyCheck, { readonly kind: "reply" }>;

/** Checks a message that may be an offer for the DISCOVER with this xid. */
export function checkOffer(
  message: DhcpMessage,
  xid: number,
  settings: ClientSettings,
): OfferCheck {
  const check = checkReply(message, xid, settings);
  if (check.kind !== "reply") return check;
  const { type, server } = check.reply;
  if (type !== "OFFER") {
    return { kind: "refused", reason: `DHCP${type} instead of DHCPOFFER` };
  }
  const { yiaddr: address, options: offered } = message;
  if (!isAddressOfHost(address, leasedSubnet(message))) {
    const reason = `address ${formatIpAddress(address)} in yiaddr`;
    return { kind: "refused", reason };
  }
  return { kind: "offer", offer: { address, server }, offered };
}
