/**
 * The states of a client: those of RFC 2131 figure 5, PROBING (section 3.1 step 5) and STOPPED.
 * Pure data.
 *
 * @module
 */

import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { DhcpOptions } from "../codec/options.ts";
import { NO_RESTARTS, type Restarts } from "./backoff.ts";
import type { Failure } from "./failure.ts";
import type { Lease } from "./lease.ts";

/** One message and its retransmissions. Times are absolute, in milliseconds. */
export interface Exchange {
  readonly xid: number;
  readonly startedMs: number;
  /** The `secs` field of the last send. */
  readonly secs: number;
  /** Whether the last send had the BROADCAST bit. */
  readonly isBroadcast: boolean;
  /** How often the message was sent; at least 1. */
  readonly sends: number;
  readonly lastSentMs: number;
  readonly nextSendMs: number;
  /** When the client abandons the exchange. */
  readonly endsMs: number;
  /** Why answers were refused, once each: the reasons that were logged as warnings. */
  readonly refusals: readonly string[];
}

/** The search for a lease, over all its exchanges. */
export interface Acquisition {
  readonly startedMs: number;
  /** When it fails; Infinity if no caller waits for it. */
  readonly deadlineMs: number;
  /**
   * The xid of every DISCOVER until a server refuses the client: a late answer still counts.
   * Undefined before the first.
   */
  readonly xid: number | undefined;
  /** Exchanges that were not answered. */
  readonly exchanges: number;
  /** DISCOVERs sent since the last offer. */
  readonly discovers: number;
  /** An address to request. */
  readonly address: Ipv4Address | undefined;
  /**
   * What a server may hold for this client, although its ACK never arrived or the client left the
   * state: to be released.
   */
  readonly granted: Offer | undefined;
  /** The last thing that went wrong. */
  readonly problem: Failure | undefined;
}

/** An offer that the client has accepted. */
export interface Offer {
  readonly address: Ipv4Address;
  readonly server: Ipv4Address;
}

/** Returns the address and the server of a lease: what a RELEASE names. */
export function offerOf({ address, serverIdentifier }: Lease): Offer {
  return { address, server: serverIdentifier };
}

/** What every state carries. */
export interface Common {
  readonly link: "up" | "down";
  readonly restarts: Restarts;
}

/**
 * Not started, failed or stopped: sends nothing and ignores every event except start and resume.
 */
export interface Stopped extends Common {
  readonly state: "STOPPED";
}

/** About to send the first DISCOVER, once a pause is over and the link is up. */
export interface Init extends Common {
  readonly state: "INIT";
  readonly acquisition: Acquisition;
  /** Nothing is sent earlier, whatever happens to the link until then. */
  readonly startsMs: number;
}

/** DISCOVER sent. */
export interface Selecting extends Common {
  readonly state: "SELECTING";
  readonly acquisition: Acquisition;
  readonly exchange: Exchange;
}

/** An offer was accepted and the REQUEST for it sent. */
export interface Requesting extends Common {
  readonly state: "REQUESTING";
  readonly acquisition: Acquisition;
  readonly exchange: Exchange;
  readonly offer: Offer;
  /** The options of the OFFER. */
  readonly offered: DhcpOptions;
  /** From the last DISCOVER to the OFFER. */
  readonly offerTookMs: number;
}

/** The address was granted and is being probed for a conflict. */
export interface Probing extends Common {
  readonly state: "PROBING";
  readonly acquisition: Acquisition;
  readonly lease: Lease;
  readonly endsMs: number;
}

/** The address may be used. */
export interface Bound extends Common {
  readonly state: "BOUND";
  readonly lease: Lease;
}

/** T1 has passed: REQUESTs go to the server of the lease. */
export interface Renewing extends Common {
  readonly state: "RENEWING";
  readonly lease: Lease;
  readonly exchange: Exchange;
}

/** T2 has passed: REQUESTs go to every server. */
export interface Rebinding extends Common {
  readonly state: "REBINDING";
  readonly lease: Lease;
  readonly exchange: Exchange;
}

/** About to ask whether an address is still valid. */
export interface InitReboot extends Common {
  readonly state: "INIT-REBOOT";
  readonly acquisition: Acquisition;
  readonly address: Ipv4Address;
  /** The lease of that address if it has not expired: it stays in use meanwhile. */
  readonly lease: Lease | undefined;
  /** As in INIT. */
  readonly startsMs: number;
}

/** The REQUEST of INIT-REBOOT was sent. */
export interface Rebooting extends Common {
  readonly state: "REBOOTING";
  readonly acquisition: Acquisition;
  readonly address: Ipv4Address;
  readonly lease: Lease | undefined;
  readonly exchange: Exchange;
}

/** The state of one client. Immutable: a transition returns a new one. */
export type ClientState =
  | Stopped
  | Init
  | Selecting
  | Requesting
  | Probing
  | Bound
  | Renewing
  | Rebinding
  | InitReboot
  | Rebooting;

/** The state of a client that was not started yet. */
export const INITIAL_STATE: Stopped = {
  state: "STOPPED",
  link: "up",
  restarts: NO_RESTARTS,
};

/** Returns the parts of a state that outlive it. */
export function commonOf({ link, restarts }: Common): Common {
  return { link, restarts };
}

/** Returns the lease whose address is in use; undefined if there is none. */
export function leaseInUse(state: ClientState): Lease | undefined {
  switch (state.state) {
    case "BOUND":
    case "RENEWING":
    case "REBINDING":
    case "INIT-REBOOT":
    case "REBOOTING":
      return state.lease;
    case "STOPPED":
    case "INIT":
    case "SELECTING":
    case "REQUESTING":
    case "PROBING":
      return undefined;
  }
}

/** Returns when a client may send its first message; Infinity while its link is down. */
export function mayStartAtMs({ link, startsMs }: Init | InitReboot): number {
  return link === "up" ? startsMs : Infinity;
}

/** Returns when the client needs its next timer event, in milliseconds; Infinity for never. */
export function wakeAtMs(state: ClientState): number {
  switch (state.state) {
    case "STOPPED":
      return Infinity;
    case "INIT":
      return Math.min(mayStartAtMs(state), state.acquisition.deadlineMs);
    case "SELECTING":
    case "REQUESTING":
      return Math.min(
        state.exchange.nextSendMs,
        state.exchange.endsMs,
        state.acquisition.deadlineMs,
      );
    case "PROBING":
      return state.endsMs;
    case "BOUND":
      return state.lease.t1Ms;
    case "RENEWING":
    case "REBINDING":
      return Math.min(state.exchange.nextSendMs, state.exchange.endsMs);
    case "INIT-REBOOT":
      return Math.min(
        mayStartAtMs(state),
        state.acquisition.deadlineMs,
        state.lease?.expiresMs ?? Infinity,
      );
    case "REBOOTING":
      return Math.min(
        state.exchange.nextSendMs,
        state.exchange.endsMs,
        state.acquisition.deadlineMs,
        state.lease?.expiresMs ?? Infinity,
      );
  }
}
