/** The states of a client: RFC 2131 figure 5, the probe of section 3.1 step 5, and STOPPED. Pure data. @module */

import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { NO_RESTARTS, type Restarts } from "./backoff.ts";
import type { Failure } from "./failure.ts";
import type { Lease } from "./lease.ts";

/** One message and its repetitions. Times are absolute, in milliseconds. */
export interface Exchange {
  readonly xid: number;
  /** `secs` of the last send. */
  readonly secs: number;
  /** Whether the last send had the BROADCAST bit. */
  readonly isBroadcast: boolean;
  /** How often the message was sent; at least 1. */
  readonly sends: number;
  readonly lastSentMs: number;
  readonly nextSendMs: number;
  /** The exchange is given up. */
  readonly endsMs: number;
}

/** The way to a lease, over all its exchanges. */
export interface Acquisition {
  readonly startedMs: number;
  /** When it fails; Infinity if nobody waits for it. */
  readonly deadlineMs: number;
  /** Exchanges that found no answer. */
  readonly exchanges: number;
  /** DISCOVERs sent since an offer came last. */
  readonly discovers: number;
  /** An address to ask for. */
  readonly address: Ipv4Address | undefined;
  /** What a server may hold for this client, although its ACK never came or the state was left: to be given back. */
  readonly granted: Offer | undefined;
  /** The last thing that went wrong. */
  readonly problem: Failure | undefined;
}

/** An offer that was taken. */
export interface Offer {
  readonly address: Ipv4Address;
  readonly server: Ipv4Address;
}

/** What is given back when a lease is. */
export function offerOf({ address, serverIdentifier }: Lease): Offer {
  return { address, server: serverIdentifier };
}

/** What every state carries. */
export interface Common {
  readonly link: "up" | "down";
  readonly restarts: Restarts;
}

/** Not begun, failed or told to stop: nothing is sent, every event but start and resume is ignored. */
export interface Stopped extends Common {
  readonly state: "STOPPED";
}

/** About to send the first DISCOVER: after a pause, and with the link up. */
export interface Init extends Common {
  readonly state: "INIT";
  readonly acquisition: Acquisition;
  /** Not before this, whatever happens to the link until then. */
  readonly startsMs: number;
}

/** DISCOVER sent. */
export interface Selecting extends Common {
  readonly state: "SELECTING";
  readonly acquisition: Acquisition;
  readonly exchange: Exchange;
}

/** An offer was taken and the REQUEST for it sent. */
export interface Requesting extends Common {
  readonly state: "REQUESTING";
  readonly acquisition: Acquisition;
  readonly exchange: Exchange;
  readonly offer: Offer;
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

/** About to ask whether an address still holds. */
export interface InitReboot extends Common {
  readonly state: "INIT-REBOOT";
  readonly acquisition: Acquisition;
  readonly address: Ipv4Address;
  /** The lease on it, if it is still running: it stays in use meanwhile. */
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

/** The state of one client. Immutable: a transition makes a new one. */
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

/** The parts of a state that outlive it. */
export function commonOf({ link, restarts }: Common): Common {
  return { link, restarts };
}

/** The lease whose address is in use, if there is one. */
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
    default:
      return state satisfies never;
  }
}

/** When a client that is about to begin may: not while its link is down. */
export function mayStartAtMs({ link, startsMs }: Init | InitReboot): number {
  return link === "up" ? startsMs : Infinity;
}

/** When the client wants its next timer event; Infinity for never. Absolute, in milliseconds. */
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
