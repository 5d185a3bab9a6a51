/**
 * What happens to a lease, in its file and on its interface. The order is such that the next daemon
 * can complete what this one has begun, whenever it ends.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";
import { sameAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Lease } from "../client/lease.ts";
import type { Offer } from "../client/state.ts";
import { identityOnLink } from "./client_identity.ts";
import type { InterfaceSync } from "./interface_sync.ts";
import type { LeasedGrant, LeasedRecord } from "./lease_record.ts";
import type { AttachedInterface } from "./ports.ts";
import type { RecordChanges, StoredLease } from "./stored_lease.ts";

/** What {@link LeaseSync} changes and reads. */
export interface LeaseSyncParts {
  readonly stored: StoredLease;
  readonly interfaceSync: InterfaceSync;
  readonly attached: Pick<AttachedInterface, "addresses">;
  readonly log: Log;
}

/**
 * Keeps the file and the interface of a lease in step with it.
 *
 * `serverMac` is the hardware address of the server, or of the router to it; undefined if it is
 * unknown.
 */
export class LeaseSync {
  readonly #stored: StoredLease;
  readonly #interface: InterfaceSync;
  readonly #attached: Pick<AttachedInterface, "addresses">;
  readonly #log: Log;

  constructor({ stored, interfaceSync, attached, log }: LeaseSyncParts) {
    this.#stored = stored;
    this.#interface = interfaceSync;
    this.#attached = attached;
    this.#log = log;
  }

  /** Continues with a stored lease, and completes a change of the interface. */
  resume(record: LeasedRecord): void {
    const { grant: { lease }, change, isLost } = record;
    this.#stored.restore(record);
    if (change === undefined || isLost) return this.#interface.assume(lease);
    this.#interface.complete(change.from, lease);
    this.#stored.write({ change: null });
  }

  /**
   * Stores an offer before its REQUEST is sent, so that it can be released whatever happens.
   *
   * @returns Why it cannot be stored; undefined if it is.
   */
  accept(
    offer: Offer,
    serverMac: Uint8Array | undefined,
  ): SystemError | undefined {
    // The file of a lost lease stays, so that the next daemon continues to seek another.
    if (this.#stored.isLost || this.#stored.hasOffer(offer)) return undefined;
    const grant = { kind: "offered", offer } as const;
    return this.#stored.write({ grant, serverMac });
  }

  /**
   * Begins to store a lease, which the main plugin puts on the interface. A lease that replaces a
   * lost one is put there at once.
   *
   * @returns Why it cannot be stored, once that is known; undefined at once for a lease that
   * replaces a lost one: the container gets it whether or not it can be stored.
   */
  acquire(
    lease: Lease,
    serverMac: Uint8Array | undefined,
  ): Promise<SystemError | undefined> | undefined {
    if (this.#stored.isLost) {
      this.#follow(lease, serverMac);
      return undefined;
    }
    const storing = this.#stored.writeAsync(assumed(lease, serverMac));
    this.#interface.assume(lease);
    this.recordAddressSeen(lease);
    return storing;
  }

  /** Stores the deadlines of a lease whose values are the same. */
  renew(lease: Lease, serverMac: Uint8Array | undefined): void {
    const before = this.#stored.grant;
    if (before?.kind === "leased") this.#interface.renew(before.lease, lease);
    this.#stored.write({ grant: leased(lease), serverMac });
    this.recordAddressSeen(lease);
  }

  /** Stores a lease with other values, and brings the interface to them. */
  change(
    { lease, previous }: { readonly lease: Lease; readonly previous: Lease },
    serverMac: Uint8Array | undefined,
  ): void {
    this.recordAddressSeen(previous);
    this.#follow(lease, serverMac);
  }

  /** Removes a lost lease from the interface. Its file stays until there is another lease. */
  lose(lease: Lease): void {
    this.#stored.write({ grant: leased(lease), isLost: true, change: null });
    this.#interface.remove(lease);
  }

  /** Stores a changed hardware address, for answers of servers; the client identifier stays. */
  followMac(link: Pick<LinkInfo, "macAddress">): void {
    const before = this.#stored.identity;
    const identity = identityOnLink(before, link);
    if (identity === undefined) return;
    this.#log("info", "mac-changed", {
      before: formatMacAddress(before.chaddr),
      after: formatMacAddress(identity.chaddr),
    });
    this.#stored.write({ identity });
  }

  /** Records in the lease file that the address of the lease is on the interface, once it is. */
  recordAddressSeen(lease: Lease | undefined): void {
    if (this.#stored.wasSeen || lease === undefined) return;
    let addresses: readonly Ipv4Cidr[];
    try {
      addresses = this.#attached.addresses();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // The next event makes the client read them again.
      const { message: reason } = error;
      return this.#log("warn", "interface-unreadable", { reason });
    }
    const isPresent = addresses.some(({ address }) =>
      sameAddress(address, lease.address)
    );
    if (isPresent) this.#stored.write({ wasSeen: true });
  }

  /**
   * Brings the interface to another lease. The file holds both leases meanwhile, so that the next
   * daemon can complete the change.
   */
  #follow(lease: Lease, serverMac: Uint8Array | undefined): void {
    // An address that never was on the interface is in a machine behind it, which no one can
    // notify.
    if (!this.#stored.wasSeen) return this.#assume(lease, serverMac);
    const { follows, applied } = this.#interface;
    const change = follows ? { from: applied } : null;
    this.#stored.write({ ...assumed(lease, serverMac), change });
    this.#interface.update(lease);
    if (change !== null) this.#stored.write({ change: null });
    this.recordAddressSeen(lease);
  }

  /** Stores a lease that the main plugin puts on the interface. */
  #assume(lease: Lease, serverMac: Uint8Array | undefined): void {
    this.#stored.write(assumed(lease, serverMac));
    this.#interface.assume(lease);
    this.recordAddressSeen(lease);
  }
}

function leased(lease: Lease): LeasedGrant {
  return { kind: "leased", lease };
}

/** Returns what to store of a lease whose address was not seen on the interface yet. */
function assumed(
  lease: Lease,
  serverMac: Uint8Array | undefined,
): RecordChanges {
  return { grant: leased(lease), isLost: false, wasSeen: false, serverMac };
}
