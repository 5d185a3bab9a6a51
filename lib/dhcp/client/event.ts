/** What can happen to a client and what the client then wants done. Pure data. @module */

import type { LogEvent } from "../../base/log_event.ts";
import type { DhcpMessage, MessageTypeName } from "../codec/dhcp_message.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import type { Failure } from "./failure.ts";
import type { Lease } from "./lease.ts";
import type { ClientSettings } from "./settings.ts";
import type { Offer } from "./state.ts";

/** What happens to a client. */
export type ClientEvent =
  /**
   * A caller wants an address and waits at most `settings.timings.resendTimeoutMs` for it. With
   * `held`, the address it had before, the client first asks whether that address is still valid
   * (INIT-REBOOT), and releases it if the acquisition fails.
   */
  | {
    readonly kind: "start";
    readonly link: "up" | "down";
    readonly held?: Offer;
  }
  /**
   * The client continues with a lease from earlier. No caller waits: if the lease cannot be kept
   * the client reports it lost and seeks another.
   */
  | {
    readonly kind: "resume";
    readonly link: "up" | "down";
    readonly lease: Lease;
  }
  /** A message arrived on the link. Any message: what is not for this client is ignored. */
  | {
    readonly kind: "packet";
    readonly message: DhcpMessage;
    /** The sender in the IPv4 header: the server or a relay. */
    readonly source: Ipv4Address;
  }
  /** The time of the last `setTimer` has come. Early and late timers do no harm. */
  | { readonly kind: "timer" }
  /** The client ends. With `release` it releases an address that it has, or may have by now. */
  | { readonly kind: "stop"; readonly release: boolean }
  /** The lease is to be renewed now, before T1; ignored without a lease. */
  | { readonly kind: "renew" }
  | { readonly kind: "linkDown" }
  | { readonly kind: "linkUp" }
  /** The probe found another host that uses the address (RFC 5227). */
  | { readonly kind: "conflict" };

/** Why a lease is lost. */
export type LossReason = "expired" | "nak";

/** What a client wants done, in order. */
export type ClientEffect =
  /** Send `bytes`, an encoded DHCP message, in one UDP datagram from port 68 to port 67. */
  | {
    readonly kind: "send";
    readonly type: MessageTypeName;
    readonly xid: number;
    /** Whether an earlier message asked the same: this one can wait if there are many others. */
    readonly isRepeat: boolean;
    /** 0.0.0.0 or the leased address. */
    readonly source: Ipv4Address;
    /** 255.255.255.255 (all hosts of the link) or a server's address. */
    readonly destination: Ipv4Address;
    readonly bytes: Uint8Array;
  }
  /** Replaces the timer: one `timer` event at `atMs`; undefined: none. */
  | { readonly kind: "setTimer"; readonly atMs: number | undefined }
  /** Probe the address for `durationMs`; report `conflict` if it is in use, nothing otherwise. */
  | {
    readonly kind: "probe";
    readonly address: Ipv4Address;
    readonly durationMs: number;
  }
  /** The REQUEST for this offer comes next: a server may have granted the address from then on. */
  | { readonly kind: "offerAccepted"; readonly offer: Offer }
  /** The address may be used from now on. */
  | { readonly kind: "leaseAcquired"; readonly lease: Lease }
  /** Only the deadlines changed: store the lease again. */
  | { readonly kind: "leaseRenewed"; readonly lease: Lease }
  /** Renewed with other values: store the lease again, and bring the interface up to date. */
  | {
    readonly kind: "leaseChanged";
    readonly lease: Lease;
    readonly previous: Lease;
  }
  /** No server answered the REQUESTs of a renewal before T1. The lease stays. */
  | { readonly kind: "renewalFailed"; readonly failure: Failure }
  /** The address must not be used any more. The client keeps seeking another by itself. */
  | {
    readonly kind: "leaseLost";
    readonly lease: Lease;
    readonly reason: LossReason;
    /** What the server said with its NAK; possibly empty. */
    readonly message: string;
  }
  /** The acquisition that a caller waited for failed; the client is STOPPED. */
  | { readonly kind: "failed"; readonly failure: Failure }
  | {
    readonly kind: "log";
    readonly level: "debug" | "info" | "warn";
    readonly event: LogEvent;
    readonly fields: Readonly<Record<string, string | number>>;
  };

/** What a transition may read in addition to state and event. */
export interface ClientContext {
  readonly settings: ClientSettings;
  /** Monotonic time in milliseconds; never goes back between two transitions of one client. */
  readonly nowMs: number;
  /** Returns an unpredictable unsigned 32-bit number; the source of xids (RFC 2131 section 4.1). */
  readonly randomU32: () => number;
}
