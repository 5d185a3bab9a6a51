/**
 * Clients in each state, reached by events; without jitter, and every xid is {@link XID}.
 *
 * @module
 */

import type { ClientSettings } from "../../lib/dhcp/client/settings.ts";
import { type Lease, leaseFromAck } from "../../lib/dhcp/client/lease.ts";
import { ClientDriver } from "./client_driver.ts";
import { ip, reply, settings } from "./dhcp_messages.ts";

/** The xid of every exchange of a {@link ClientDriver} without random numbers. */
export const XID = 2 ** 31;
/** The lease time here, in milliseconds; T1 is 1/2 of it, T2 7/8. */
export const LEASE_MS = 3_600_000;
/** The leased address. */
export const ADDRESS = ip("192.0.2.50");
/** That address, and the server that granted it. */
export const HELD = { address: ADDRESS, server: ip("192.0.2.1") };

/** The lease that the ACK of `reply()` grants. */
export function lease(sentMs: number): Lease {
  const result = leaseFromAck(reply("ACK", XID), { sentMs });
  if (result.kind === "unusable") throw new Error(result.reason);
  return result.lease;
}

/** The states that a client can be created in. */
export type ClientStateName =
  | "STOPPED"
  | "INIT (pause)"
  | "INIT (link down)"
  | "SELECTING"
  | "REQUESTING"
  | "PROBING"
  | "BOUND"
  | "BOUND (link down)"
  | "RENEWING"
  | "REBINDING"
  | "INIT-REBOOT (link down)"
  | "INIT-REBOOT (link down, lease)"
  | "REBOOTING"
  | "REBOOTING (lease)";

/** Creates a client in the named state. */
export function clientIn(
  name: ClientStateName,
  given?: ClientSettings,
): ClientDriver {
  const client = new ClientDriver(given);
  switch (name) {
    case "STOPPED":
      return client;
    case "INIT (pause)":
      return clientIn("REQUESTING", given).advance(10_000);
    case "INIT (link down)":
      return client.event({ kind: "start", link: "down" });
    case "SELECTING":
      return client.event(START);
    case "REQUESTING":
      return clientIn("SELECTING", given).receive(reply("OFFER", XID));
    case "PROBING":
      return clientIn("REQUESTING", settings({ timings: { probeMs: 500 } }))
        .receive(reply("ACK", XID));
    case "BOUND":
      return clientIn("REQUESTING", given).receive(reply("ACK", XID));
    case "BOUND (link down)":
      return clientIn("BOUND", given).event({ kind: "linkDown" });
    case "RENEWING":
      return clientIn("BOUND", given).advance(LEASE_MS / 2);
    case "REBINDING":
      return clientIn("BOUND", given).advance(LEASE_MS * 7 / 8);
    case "INIT-REBOOT (link down)":
      return client.event({ ...START, link: "down", held: HELD });
    case "INIT-REBOOT (link down, lease)":
      // After the pause that follows a link that goes down for the second time.
      return clientIn("REBOOTING (lease)", given)
        .event({ kind: "linkDown" }).advance(1000);
    case "REBOOTING":
      return client.event({ ...START, held: HELD });
    case "REBOOTING (lease)":
      return clientIn("BOUND (link down)", given).event({ kind: "linkUp" });
  }
}

const START = { kind: "start", link: "up" } as const;
