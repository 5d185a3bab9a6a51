/** RELEASE of a stored lease without a running client. @module */

import { SystemError } from "../../base/errors.ts";
import type { Log, LogFields } from "../../base/log_line.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { release } from "../client/request.ts";
import type { ClientSettings } from "../client/settings.ts";
import { type Offer, offerOf } from "../client/state.ts";
import { encodeMessage } from "../codec/dhcp_message.ts";
import type { HostDevice } from "../config/host_device.ts";
import type { Grant } from "./lease_record.ts";
import type { PacketRate } from "./packet_rate.ts";
import type { AttachedInterface, DaemonPorts, Datagram } from "./ports.ts";

/**
 * How long a RELEASE waits for the server's hardware address: the caller of a DEL waits as well.
 */
export const FLUSH_TIMEOUT_MS = 500;

/** Returns the address of a grant and the server that granted it. */
export function grantedOffer(grant: Grant): Offer {
  return grant.kind === "offered" ? grant.offer : offerOf(grant.lease);
}

/**
 * Sends one RELEASE: through the interface of the lease, or from the host if the interface is gone
 * or cannot send. A failure is logged; the server then frees the address when the lease expires.
 */
export async function releaseGrant(
  { grant, isLost, settings, attached, hostDevice: device, serverMac: server }:
    {
      readonly grant: Grant | undefined;
      /** The server holds nothing for the client any more. */
      readonly isLost: boolean;
      readonly settings: ClientSettings;
      /** Undefined if the interface is gone. */
      readonly attached: AttachedInterface | undefined;
      readonly hostDevice: HostDevice | undefined;
      readonly serverMac: Uint8Array | undefined;
    },
  { ports, rate }: {
    readonly ports: Pick<DaemonPorts, "interfaces" | "randomU32">;
    readonly rate: PacketRate;
  },
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
  const fields = {
    address: formatIpAddress(offer.address),
    server: formatIpAddress(offer.server),
  };
  await rate.turn("final");
  try {
    const route = { device, client: settings.chaddr, server };
    const isSent = attached !== undefined &&
      await sendThrough(attached, datagram, { server, log, fields });
    const via = isSent
      ? "interface"
      : ports.interfaces.sendFromHost(datagram, route);
    log("info", "lease-released", { ...fields, via });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    log("warn", "release-failed", { ...fields, reason: error.message });
  }
}

/** @returns False if the interface cannot send. */
async function sendThrough(
  attached: AttachedInterface,
  datagram: Datagram,
  { server, log, fields }: {
    readonly server: Uint8Array | undefined;
    readonly log: Log;
    readonly fields: LogFields;
  },
): Promise<boolean> {
  try {
    using socket = attached.open({ server, onReadable: () => {} });
    socket.send(datagram);
    await socket.flushed(FLUSH_TIMEOUT_MS);
    return true;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    log("warn", "send-failed", { ...fields, reason: error.message });
    return false;
  }
}
