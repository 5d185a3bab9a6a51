/** What one DHCP client is and wants, resolved from the network configuration and the daemon's flags. @module */

import type { DhcpOptions } from "../codec/options.ts";

/** Spans of time in milliseconds; finite unless said otherwise. */
export interface Timings {
  /** Nominal wait after the first send of a message, before it is sent again. */
  readonly firstResendMs: number;
  /** One exchange (DISCOVER or REQUEST with all its repetitions) is given up after this; upstream's `-timeout`. */
  readonly timeoutMs: number;
  /** Longest pause between two exchanges; upstream's `-resendmax`. */
  readonly resendMaxMs: number;
  /**
   * An acquisition that a caller waits for fails after this: upstream's `-resendtimeout`, or the network's own
   * `timeout`. Must leave the caller time to hear of it.
   */
  readonly resendTimeoutMs: number;
  /** How long the address is probed for a conflict before it is used (RFC 5227); 0: not probed. */
  readonly probeMs: number;
}

/** Upstream's defaults where upstream has the setting. */
export const DEFAULT_TIMINGS: Timings = {
  firstResendMs: 300,
  timeoutMs: 10_000,
  resendMaxMs: 62_000,
  resendTimeoutMs: 208_000,
  probeMs: 0,
};

/** The immutable input of the state machine. */
export interface ClientSettings {
  /** ARP hardware type of the link, 1 for Ethernet. */
  readonly htype: number;
  /** Hardware address, at most 16 bytes; empty for links with longer ones, which then need `broadcast` (RFC 4390). */
  readonly chaddr: Uint8Array;
  /** Content of option 61, type byte included; an option 61 in `provided` goes before it. */
  readonly clientIdentifier: Uint8Array;
  /** Options to send (`provide`); they replace what the client itself would put under the same code. */
  readonly provided: DhcpOptions;
  /** Content of option 55 (`request` and the defaults), in order; empty: option 55 is not sent unless provided. */
  readonly requestedCodes: readonly number[];
  /**
   * The BROADCAST bit: asked for always, never, or (`auto`) once two DISCOVERs in a row found no answer, as happens
   * on links that cannot deliver a unicast to an address that is not set yet (ipvlan).
   */
  readonly broadcast: boolean | "auto";
  readonly timings: Timings;
}
