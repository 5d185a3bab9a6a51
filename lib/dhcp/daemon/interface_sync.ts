/** What happens to the interface of a lease that changes, is lost or comes back (`onChange`, `onExpiry`). @module */

import { SystemError } from "../../base/errors.ts";
import type { Lease } from "../client/lease.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { interfaceChanges, removal } from "./interface_changes.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import type { AttachedInterface, InterfaceChange } from "./ports.ts";
import { acceptedRoutes } from "./lease_result.ts";
import type { Log } from "../../base/log_line.ts";

/**
 * Keeps the interface in step with the lease. What the operating system refuses is logged and does not stop the client.
 *
 * With `onExpiry: "down"` a lost address is taken off and the interface set down, and it stays so but for the moments in
 * which an answer to a DISCOVER is waited for: without an address nothing can use it then.
 */
export class InterfacePolicy {
  readonly #interface: AttachedInterface;
  readonly #options: LeaseOptions;
  readonly #log: Log;
  #applied: Lease | undefined;
  #isParked = false;
  #isUp = true;

  constructor(
    attachedInterface: AttachedInterface,
    options: LeaseOptions,
    log: Log,
  ) {
    this.#interface = attachedInterface;
    this.#options = options;
    this.#log = log;
  }

  /** Whether the state of the link is this object's doing: what is heard of it means nothing then. */
  get isParked(): boolean {
    return this.#isParked;
  }

  /** The lease whose values are on the interface; undefined if none are. */
  get applied(): Lease | undefined {
    return this.#applied;
  }

  /** Whether the interface follows a lease with other values. */
  get follows(): boolean {
    return this.#isParked || this.#options.onChange === "apply";
  }

  /** A lease that somebody else puts on the interface, or has put there. */
  entrust(lease: Lease): void {
    this.#applied = lease;
    this.#warn(lease);
    this.#unpark();
  }

  /** The lease has other values, or there is one again: the interface gets them, if it {@link follows}. */
  update(lease: Lease): void {
    this.#warn(lease);
    if (!this.follows) {
      this.#log("info", "change-ignored", {
        address: formatIpAddress(lease.address),
      });
      return;
    }
    this.#unpark();
    const before = this.#applied;
    this.#applied = lease;
    this.#apply(interfaceChanges(before, lease, this.#options));
  }

  /** The lease goes on with the same values: what they came with first need not be kept. */
  renewed(from: Lease, to: Lease): void {
    if (this.#applied === from) this.#applied = to;
  }

  /** Goes on with what an earlier daemon began: a part of it may be done. */
  finish(from: Lease | undefined, lease: Lease): void {
    this.#warn(lease);
    this.#applied = lease;
    this.#setState("up");
    this.#apply(interfaceChanges(from, lease, this.#options));
  }

  /** The address must not be used any more. */
  lose(lease: Lease): void {
    if (this.#options.onExpiry === "keep") return;
    this.#log("warn", "link-set-down", {
      address: formatIpAddress(lease.address),
    });
    this.#apply(removal(this.#applied ?? lease, this.#options));
    this.#applied = undefined;
    this.#isParked = true;
    this.#sleep();
  }

  /** A message is to be sent. */
  beforeSend(): void {
    if (this.#isParked) this.#wake();
  }

  /** No answer is waited for. */
  afterExchange(): void {
    if (this.#isParked) this.#sleep();
  }

  #unpark(): void {
    if (!this.#isParked) return;
    this.#wake();
    this.#isParked = false;
  }

  #wake(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#setState("up");
  }

  #sleep(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#setState("down");
  }

  #setState(state: "up" | "down"): void {
    this.#attempt(
      `set-${state}`,
      () => this.#interface.setState(state),
    );
  }

  #apply(changes: readonly InterfaceChange[]): void {
    for (const change of changes) {
      this.#attempt(change.kind, () => this.#interface.change(change));
    }
  }

  #attempt(what: string, body: () => void): void {
    try {
      body();
      this.#log("debug", "interface-changed", { change: what });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("error", "interface-change-failed", {
        change: what,
        reason: error.message,
      });
    }
  }

  #warn(lease: Lease): void {
    for (const reason of acceptedRoutes(lease, this.#options).warnings) {
      this.#log("warn", "route-dropped", { reason });
    }
  }
}
