/** Why an acquisition failed: the step that failed, and what the client observed. Pure. @module */

import type { Ipv4Address } from "../../net/ipv4_address.ts";

/** The step that failed. */
export type Failure =
  /** The link never came up. */
  | { readonly kind: "link-down" }
  /** No server answered. */
  | {
    readonly kind: "no-offer";
    readonly discovers: number;
    /** What went wrong before these DISCOVERs. */
    readonly before?: Failure;
  }
  /** Servers answered, but none with a usable offer. */
  | {
    readonly kind: "offer-refused";
    readonly discovers: number;
    readonly reason: string;
  }
  /** The server whose offer was accepted stopped answering. */
  | {
    readonly kind: "no-ack";
    readonly address: Ipv4Address;
    readonly server: Ipv4Address;
    readonly requests: number;
  }
  /** The server refused the REQUEST; `message` is option 56, possibly empty. */
  | {
    readonly kind: "nak";
    readonly server: Ipv4Address;
    readonly message: string;
  }
  /** The ACK lacks a value without which an address cannot be used. */
  | {
    readonly kind: "unusable-ack";
    readonly server: Ipv4Address;
    readonly reason: string;
  }
  /** Another host already uses the address. */
  | { readonly kind: "conflict"; readonly address: Ipv4Address };
