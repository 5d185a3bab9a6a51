/**
 * The settings of one DHCP client, resolved from the network configuration and the daemon's flags.
 * Pure data.
 *
 * @module
 */

import type { DhcpOptions } from "../codec/options.ts";

/** Durations in milliseconds; finite. */
export interface Timings {
  /**
   * How long the client waits for the answer to a REQUEST, and at first to a DISCOVER that no
   * caller waits for; upstream's `-timeout`.
   */
  readonly timeoutMs: number;
  /** Longest wait before a message is sent again; upstream's `-resendmax`. */
  readonly resendMaxMs: number;
  /**
   * How long an acquisition may take that a caller waits for: upstream's `-resendtimeout`, or the
   * network's own `timeout`. The caller must still be there to receive the failure.
   */
  readonly resendTimeoutMs: number;
  /** How long the address is probed for a conflict before it is used (RFC 5227); 0: not probed. */
  readonly probeMs: number;
}

/** Upstream's defaults where upstream has the setting. */
export const DEFAULT_TIMINGS: Timings = {
  timeoutMs: 10_000,
  resendMaxMs: 62_000,
  resendTimeoutMs: 208_000,
  probeMs: 0,
};

/** The immutable input of the state machine. */
export interface ClientSettings {
  /** ARP hardware type of the link, 1 for Ethernet. */
  readonly htype: number;
  /**
   * Hardware address, at most 16 bytes; empty for links with longer ones, which need `broadcast`
   * (RFC 4390).
   */
  readonly chaddr: Uint8Array;
  /** Content of option 61, type byte included; an option 61 in `provided` takes precedence. */
  readonly clientIdentifier: Uint8Array;
  /** Options to send (`provide`); they replace the client's own options of the same code. */
  readonly provided: DhcpOptions;
  /**
   * Content of option 55 (`request` and the defaults), in order; empty: option 55 is not sent
   * unless provided.
   */
  readonly requestedCodes: readonly number[];
  /**
   * The BROADCAST bit: set always, never, or (`auto`) after two DISCOVERs in a row without an
   * answer. Some links cannot deliver a unicast to an address that is not set yet (ipvlan).
   */
  readonly broadcast: boolean | "auto";
  /** The size of the largest message that the client accepts (option 57). */
  readonly maximumMessageSize: number;
  readonly timings: Timings;
}
