/**
 * What happens to an interface when its lease changes, is lost or comes back (`onChange`,
 * `onExpiry`).
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log, LogLevel } from "../../base/log_line.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import type { Lease } from "../client/lease.ts";
import { isPort, type LinkInfo } from "../../netlink/link_message.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { Announcements } from "./announcements.ts";
import {
  gatewayChanges,
  interfaceChanges,
  removalOf,
  routesOf,
} from "./interface_changes.ts";
import { acceptedRoutes } from "./route_policy.ts";
import type {
  AttachedInterface,
  DaemonPorts,
  InterfaceChange,
} from "./ports.ts";

const PORT = "the interface is a port of another one";

/**
 * Keeps an interface in step with its lease. What the operating system refuses is logged and does
 * not stop the client.
 *
 * With `onExpiry: "down"` a lost address is removed and the link set down. The link stays down
 * except while a DISCOVER waits for its answer: without an address nothing can use it then.
 *
 * The traffic of an interface that is part of another one, such as a bridge, belongs to that one:
 * it is never set down, and if it is a port, it gets no addresses and routes.
 */
export class InterfaceSync implements Disposable {
  readonly #interface: AttachedInterface;
  readonly #options: LeaseOptions;
  readonly #log: Log;
  readonly #announcements: Announcements;
  #applied: Lease | undefined;
  /** The values of a lost lease were removed. */
  #isCleared = false;
  #holdsLinkDown = false;
  /** The state that this object set last. */
  #linkState: "up" | "down" = "up";
  /** The link was down since its routes were added. */
  #lacksRoutes = false;

  constructor(
    attached: AttachedInterface,
    options: LeaseOptions,
    { scheduler, log }: Pick<DaemonPorts, "scheduler" | "log">,
  ) {
    this.#interface = attached;
    this.#options = options;
    this.#log = log;
    this.#announcements = new Announcements({ attached, scheduler, log });
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
    return this.#isCleared || this.#options.onChange === "apply";
  }

  /** Assumes that the main plugin puts the values of the lease on the interface, or has done so. */
  assume(lease: Lease): void {
    this.#applied = lease;
    this.#isCleared = false;
    this.#lacksRoutes = false;
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

  /**
   * Puts the values of a changed or new lease on the interface, if it {@link follows} and is not a
   * port.
   */
  update(lease: Lease): void {
    this.#warnAboutRoutes(lease);
    if (!this.follows) {
      return this.#ignore("info", lease, 'onChange is "keep"');
    }
    this.#releaseLink();
    if (this.#isPort()) return this.#ignore("warn", lease, PORT);
    const before = this.#applied;
    this.#applied = lease;
    this.#isCleared = false;
    this.#apply(interfaceChanges(before, lease, this.#options));
  }

  /** Replaces a lease by its renewal with the same values: the earlier one need not be kept. */
  renew(from: Lease, to: Lease): void {
    if (this.#applied === from) this.#applied = to;
  }

  /** Completes what an earlier daemon began and may have done in part. */
  complete(from: Lease | undefined, lease: Lease): void {
    this.#warnAboutRoutes(lease);
    this.#setState("up");
    if (this.#isPort()) {
      this.#applied = from;
      return this.#ignore("warn", lease, PORT);
    }
    this.#applied = lease;
    this.#apply(interfaceChanges(from, lease, this.#options));
  }

  /**
   * Removes a lost lease from the interface and sets the link down, unless `onExpiry` is "keep".
   */
  remove(lease: Lease): void {
    if (this.#options.onExpiry === "keep") return;
    this.#announcements.cancel();
    this.#apply(removalOf(this.#applied ?? lease, this.#options));
    this.#applied = undefined;
    this.#isCleared = true;
    const address = formatIpAddress(lease.address);
    if (this.#link()?.master !== undefined) {
      const reason = "the interface is part of another one";
      return this.#log("warn", "link-kept-up", { address, reason });
    }
    this.#log("warn", "link-set-down", { address });
    this.#holdsLinkDown = true;
    this.#setHeldLink("down");
  }

  /** Notes that the link was down: the kernel has removed the routes of the lease. */
  noteDown(): void {
    this.#lacksRoutes = this.#applied !== undefined;
  }

  /**
   * Puts the routes of the lease back once the link is up again. Routes that are missing for
   * another reason stay away, and so do those of an address that is not on the interface.
   */
  restoreRoutes(link: LinkInfo): void {
    const lease = this.#applied;
    const isWanted = this.#lacksRoutes && link.isUp && !isPort(link) &&
      this.#options.onChange === "apply";
    if (!isWanted || lease === undefined || !this.#has(lease)) return;
    this.#lacksRoutes = false;
    const routes = this.#apply(routesOf(lease, this.#options));
    if (routes > 0) this.#log("info", "routes-restored", { routes });
  }

  /** Ends the announcements. */
  [Symbol.dispose](): void {
    this.#announcements[Symbol.dispose]();
  }

  /** Sets a link that is held down up, to send a message. */
  beforeSend(): void {
    if (this.#holdsLinkDown) this.#setHeldLink("up");
  }

  /**
   * Sets a link that is held down back down, once no answer is expected. Releases it if the
   * interface has become part of another one.
   */
  afterExchange(): void {
    if (!this.#holdsLinkDown || this.#linkState === "down") return;
    if (this.#link()?.master === undefined) this.#setHeldLink("down");
    else this.#releaseLink();
  }

  #releaseLink(): void {
    if (!this.#holdsLinkDown) return;
    this.#setHeldLink("up");
    this.#holdsLinkDown = false;
  }

  /** Whether the address of a lease is on the interface; false if that is unknown. */
  #has({ address }: Lease): boolean {
    try {
      return this.#interface.addresses().some((other) =>
        sameAddress(other.address, address)
      );
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("warn", "interface-unreadable", { reason: error.message });
      return false;
    }
  }

  #isPort(): boolean {
    const link = this.#link();
    return link !== undefined && isPort(link);
  }

  /** Reads the interface; undefined if it is gone or cannot be read. */
  #link(): LinkInfo | undefined {
    try {
      return this.#interface.read();
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  #ignore(level: LogLevel, lease: Lease, reason: string): void {
    const address = formatIpAddress(lease.address);
    this.#log(level, "change-ignored", { address, reason });
  }

  #setHeldLink(state: "up" | "down"): void {
    if (this.#linkState === state) return;
    this.#linkState = state;
    this.#setState(state);
  }

  #setState(state: "up" | "down"): void {
    this.#attempt(`set-${state}`, () => {
      this.#interface.setState(state);
      return true;
    });
  }

  /** @returns How many of the changes were necessary and made. */
  #apply(changes: readonly InterfaceChange[]): number {
    const made = changes.filter((change) =>
      this.#attempt(change.kind, () => this.#interface.change(change))
    );
    for (const change of made) {
      if (change.kind !== "add-address") continue;
      this.#announcements.begin(change.address.address);
    }
    return made.length;
  }

  /** @returns What `body` returns; false if the operating system refuses. */
  #attempt(what: string, body: () => boolean): boolean {
    try {
      const isMade = body();
      this.#log("debug", "interface-changed", { change: what });
      return isMade;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("error", "interface-change-failed", {
        change: what,
        reason: error.message,
      });
      return false;
    }
  }

  #warnAboutRoutes(lease: Lease): void {
    for (const reason of acceptedRoutes(lease, this.#options).warnings) {
      this.#log("warn", "route-dropped", { reason });
    }
  }
}
