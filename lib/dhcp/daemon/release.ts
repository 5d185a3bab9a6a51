/** RELEASE of what a stored lease holds, when no client runs for it. @module */

import { SystemError } from "../../base/errors.ts";
import { encodeMessage } from "../codec/dhcp_message.ts";
import { release } from "../client/request.ts";
import type { ClientSettings } from "../client/settings.ts";
import { type Offer, offerOf } from "../client/state.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Grant } from "./lease_record.ts";
import type { AttachedInterface, DaemonPorts, Datagram } from "./ports.ts";
import type { Log } from "../../base/log_line.ts";

/** A RELEASE waits no longer for the server's hardware address; the caller of a DEL must not either. */
export const FLUSH_TIMEOUT_MS = 500;

/** The address of a grant and the server it is from. */
export function grantedOffer(grant: Grant): Offer {
  return grant.kind === "offered" ? grant.offer : offerOf(grant.lease);
}

/**
 * Sends one RELEASE: through the interface of the lease, or from the host if that is gone. What fails is logged; the
 * server then frees the address when the lease ends.
 */
export async function giveBack(
  { grant, isLost, settings, attached }: {
    readonly grant: Grant | undefined;
    /** Then the server holds nothing for the client any more. */
    readonly isLost: boolean;
    readonly settings: ClientSettings;
    /** Undefined if the interface is gone. */
    readonly attached: AttachedInterface | undefined;
  },
  ports: Pick<DaemonPorts, "interfaces" | "randomU32">,
  log: Log,
): Promise<void> {
  if (grant === undefined || isLost) return;
  const offer = grantedOffer(grant);
  const { message, source, destination } = release(settings, {
    xid: ports.randomU32(),
    ...offer,
  });
  const { xid } = message;
  const datagram = { xid, source, destination, bytes: encodeMessage(message) };
  const server = formatIpAddress(offer.server);
  const address = formatIpAddress(offer.address);
  try {
    if (attached === undefined) ports.interfaces.sendFromHost(datagram);
    else await sendThrough(attached, datagram);
    const via = attached === undefined ? "host" : "interface";
    log("info", "lease-released", { address, server, via });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    log("warn", "release-failed", {
      address,
      server,
      reason: error.message,
    });
  }
}

async function sendThrough(
  attached: AttachedInterface,
  datagram: Datagram,
): Promise<void> {
  using exchange = attached.open(() => {});
  exchange.send(datagram);
  await exchange.flushed(FLUSH_TIMEOUT_MS);
}
