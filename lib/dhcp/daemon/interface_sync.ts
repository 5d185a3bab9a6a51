/**
 * What happens to an interface when its lease changes, is lost or comes back (`onChange`,
 * `onExpiry`).
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Lease } from "../client/lease.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import {
  gatewayChanges,
  interfaceChanges,
  removalOf,
} from "./interface_changes.ts";
import { acceptedRoutes } from "./route_policy.ts";
import type { AttachedInterface, InterfaceChange } from "./ports.ts";

/**
 * Keeps an interface in step with its lease. What the operating system refuses is logged and does
 * not stop the client.
 *
 * With `onExpiry: "down"` a lost address is removed and the link set down. The link stays down
 * except while a DISCOVER waits for its answer: without an address nothing can use it then.
 */
export class InterfaceSync {
  readonly #interface: AttachedInterface;
  readonly #options: LeaseOptions;
  readonly #log: Log;
  #applied: Lease | undefined;
  #holdsLinkDown = false;
  /** The state that this object set last. */
  #linkState: "up" | "down" = "up";

  constructor(
    attachedInterface: AttachedInterface,
    options: LeaseOptions,
    log: Log,
  ) {
    this.#interface = attachedInterface;
    this.#options = options;
    this.#log = log;
  }

  /** Whether this object controls the state of the link; link events mean nothing then. */
  get holdsLinkDown(): boolean {
    return this.#holdsLinkDown;
  }

  /** The lease whose values are on the interface; undefined if there is none. */
  get applied(): Lease | undefined {
    return this.#applied;
  }

  /** Whether the interface follows a lease with other values. */
  get follows(): boolean {
    return this.#holdsLinkDown || this.#options.onChange === "apply";
  }

  /** Assumes that the main plugin puts the values of the lease on the interface, or has done so. */
  assume(lease: Lease): void {
    this.#applied = lease;
    this.#warnAboutRoutes(lease);
    this.#releaseLink();
  }

  /** Adds the routes that the main plugin needs to put the values of the lease on the interface. */
  prepare(lease: Lease): void {
    this.#apply(gatewayChanges("add-route", lease, this.#options));
  }

  /** Removes what {@link prepare} added: the main plugin may have failed. */
  undoPrepare(lease: Lease): void {
    this.#apply(gatewayChanges("remove-route", lease, this.#options));
  }

  /** Puts the values of a changed or new lease on the interface, if it {@link follows}. */
  update(lease: Lease): void {
    this.#warnAboutRoutes(lease);
    if (!this.follows) {
      this.#log("info", "change-ignored", {
        address: formatIpAddress(lease.address),
      });
      return;
    }
    this.#releaseLink();
    const before = this.#applied;
    this.#applied = lease;
    this.#apply(interfaceChanges(before, lease, this.#options));
  }

  /** Replaces a lease by its renewal with the same values: the earlier one need not be kept. */
  renew(from: Lease, to: Lease): void {
    if (this.#applied === from) this.#applied = to;
  }

  /** Completes what an earlier daemon began and may have done in part. */
  complete(from: Lease | undefined, lease: Lease): void {
    this.#warnAboutRoutes(lease);
    this.#applied = lease;
    this.#setState("up");
    this.#apply(interfaceChanges(from, lease, this.#options));
  }

  /**
   * Removes a lost lease from the interface and sets the link down, unless `onExpiry` is "keep".
   */
  remove(lease: Lease): void {
    if (this.#options.onExpiry === "keep") return;
    this.#log("warn", "link-set-down", {
      address: formatIpAddress(lease.address),
    });
    this.#apply(removalOf(this.#applied ?? lease, this.#options));
    this.#applied = undefined;
    this.#holdsLinkDown = true;
    this.#setHeldLink("down");
  }

  /** Sets a link that is held down up, to send a message. */
  beforeSend(): void {
    if (this.#holdsLinkDown) this.#setHeldLink("up");
  }

  /** Sets a link that is held down back down, once no answer is expected. */
  afterExchange(): void {
    if (this.#holdsLinkDown) this.#setHeldLink("down");
  }

  #releaseLink(): void {
    if (!this.#holdsLinkDown) return;
    this.#setHeldLink("up");
    this.#holdsLinkDown = false;
  }

  #setHeldLink(state: "up" | "down"): void {
    if (this.#linkState === state) return;
    this.#linkState = state;
    this.#setState(state);
  }

  #setState(state: "up" | "down"): void {
    this.#attempt(`set-${state}`, () => this.#interface.setState(state));
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

  #warnAboutRoutes(lease: Lease): void {
    for (const reason of acceptedRoutes(lease, this.#options).warnings) {
      this.#log("warn", "route-dropped", { reason });
    }
  }
}
