/** What can happen to a client and what it then wants done. Pure data. @module */

import type { LogEvent } from "../../base/log_event.ts";
import type { DhcpMessage, MessageTypeName } from "../codec/dhcp_message.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { Failure } from "./failure.ts";
import type { Lease, LeaseField } from "./lease.ts";
import type { ClientSettings } from "./settings.ts";
import type { Offer } from "./state.ts";

/** What happens to a client. */
export type ClientEvent =
  /**
   * Somebody wants an address and waits for it, `settings.timings.resendTimeoutMs` at most. With `held`, what it had
   * before, the client first asks whether that still holds (INIT-REBOOT); if it ends without a lease, it gives it back.
   */
  | {
    readonly kind: "start";
    readonly link: "up" | "down";
    readonly held?: Offer;
  }
  /**
   * A lease from earlier is taken up again: as it stands, or with `verify` through INIT-REBOOT. Nobody waits; a lease
   * that cannot be kept is reported lost and a new one sought.
   */
  | {
    readonly kind: "resume";
    readonly link: "up" | "down";
    readonly lease: Lease;
    readonly verify: boolean;
  }
  /** A message came in on the link. Any message: what is not for this client is ignored. */
  | { readonly kind: "packet"; readonly message: DhcpMessage }
  /** The time of the last `setTimer` has come. Early and late timers do no harm. */
  | { readonly kind: "timer" }
  /** The client ends. With `release` an address that it has, or may have by now, is given back. */
  | { readonly kind: "stop"; readonly release: boolean }
  | { readonly kind: "linkDown" }
  | { readonly kind: "linkUp" }
  /** Another host was seen to use the client's address (RFC 5227). */
  | { readonly kind: "conflict" };

/** Why a lease is gone. */
export type LossReason = "expired" | "nak" | "conflict";

/** What a client wants done, in order. */
export type ClientEffect =
  /** Send `bytes`, an encoded DHCP message, in one UDP datagram from port 68 to port 67. */
  | {
    readonly kind: "send";
    readonly type: MessageTypeName;
    readonly xid: number;
    /** 0.0.0.0 or the leased address. */
    readonly source: Ipv4Address;
    /** 255.255.255.255 (to all hosts of the link) or a server's address. */
    readonly destination: Ipv4Address;
    readonly bytes: Uint8Array;
  }
  /** Replaces the timer: one `timer` event at `atMs`; undefined: none. */
  | { readonly kind: "setTimer"; readonly atMs: number | undefined }
  /** Probe the address for `durationMs`; report `conflict` if it is in use, nothing if not. */
  | {
    readonly kind: "probe";
    readonly address: Ipv4Address;
    readonly durationMs: number;
  }
  /** The address may be used from now on. */
  | { readonly kind: "leaseAcquired"; readonly lease: Lease }
  /** Only the deadlines moved: store the lease again. */
  | { readonly kind: "leaseRenewed"; readonly lease: Lease }
  /** Renewed with other values: store it again, and apply `changed` to the interface. */
  | {
    readonly kind: "leaseChanged";
    readonly lease: Lease;
    readonly previous: Lease;
    readonly changed: readonly LeaseField[];
  }
  /** The address must not be used any more. The client goes on seeking another by itself. */
  | {
    readonly kind: "leaseLost";
    readonly lease: Lease;
    readonly reason: LossReason;
    /** What the server said with its NAK; else empty. */
    readonly message: string;
  }
  /** The acquisition that was waited for failed; the client is STOPPED. */
  | { readonly kind: "failed"; readonly failure: Failure }
  | {
    readonly kind: "log";
    readonly level: "debug" | "info" | "warn";
    /** A fixed name, e.g. `offer-refused`. */
    readonly event: LogEvent;
    readonly fields: Readonly<Record<string, string | number>>;
  };

/** What a transition may look at besides state and event. */
export interface ClientContext {
  readonly settings: ClientSettings;
  /** Monotonic time in milliseconds; never goes back between two transitions of one client. */
  readonly nowMs: number;
  /** Gives an unpredictable unsigned 32-bit number at each call; xids are made of it (RFC 2131 section 4.1). */
  readonly randomU32: () => number;
}
