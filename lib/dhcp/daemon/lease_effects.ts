/** What a lease is outside the state machine: a file, values on an interface, counters. @module */

import { SystemError } from "../../base/errors.ts";
import type { ClientEffect } from "../client/event.ts";
import type { Lease } from "../client/lease.ts";
import type { Offer } from "../client/state.ts";
import { sameAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { InterfacePolicy } from "./interface_sync.ts";
import type { KeeperSubject } from "./lease_client_context.ts";
import { type LeasedRecord, MAX_CHADDR } from "./lease_record.ts";
import type { Metrics } from "./metrics.ts";
import type { AttachedInterface, DaemonPorts } from "./ports.ts";
import { WrittenLease } from "./stored_lease.ts";
import type { Log } from "../../base/log_line.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** The effects of the state machine that are about a lease. */
export type LeaseEffect = Extract<
  ClientEffect,
  {
    readonly kind:
      | "leaseAcquired"
      | "leaseRenewed"
      | "leaseChanged"
      | "leaseLost";
  }
>;

/** Brings disk and interface up to date with what happens to a lease. */
export class HeldLease {
  /** What is on the disk. */
  readonly written: WrittenLease;
  /** What is on the interface. */
  readonly policy: InterfacePolicy;
  readonly #attached: AttachedInterface;
  readonly #metrics: Metrics;
  readonly #log: Log;

  constructor(
    { attachment, attached, identity, options }: KeeperSubject,
    { ports: { bootId, leases: store }, metrics, log }: {
      readonly ports: Pick<DaemonPorts, "bootId" | "leases">;
      readonly metrics: Metrics;
      readonly log: Log;
    },
  ) {
    const { place } = attached;
    const fixed = { attachment, place, options, bootId };
    this.written = new WrittenLease(fixed, identity, { store, log });
    this.policy = new InterfacePolicy(attached, options, log);
    this.#attached = attached;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Takes up a lease that is written down, and what the daemon before did not get to. */
  takeUp(record: LeasedRecord): void {
    const { written, policy } = this;
    const { grant: { lease }, change, isLost } = record;
    written.takeUp(record);
    if (change === undefined || isLost) return policy.entrust(lease);
    policy.finish(change.from, lease);
    written.write({ change: null });
  }

  /** Another hardware address: servers must be able to send to it. The client identifier stays. */
  followMac({ macAddress }: LinkInfo): void {
    const { written } = this;
    const { chaddr } = written.identity;
    const after = formatMacAddress(macAddress);
    const before = formatMacAddress(chaddr);
    const isUsable = macAddress.length > 0 && macAddress.length <= MAX_CHADDR;
    if (chaddr.length === 0 || !isUsable || before === after) return;
    this.#log("info", "mac-changed", { before, after });
    written.write({ identity: { ...written.identity, chaddr: macAddress } });
  }

  /** Remembers for good that the address of the lease is on the interface, once it is. */
  noteAddress(lease: Lease | undefined): void {
    const { written } = this;
    if (written.wasSeen || lease === undefined) return;
    let addresses: readonly Ipv4Cidr[];
    try {
      addresses = this.#attached.addresses();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // The next look may have more luck.
      return this.#log("warn", "interface-change-failed", {
        reason: error.message,
      });
    }
    const isThere = addresses.some(({ address }) =>
      sameAddress(address, lease.address)
    );
    if (isThere) written.write({ wasSeen: true });
  }

  /**
   * An offer is about to be taken: written down first, so that it can be given back whatever happens.
   *
   * @returns Why that cannot be done.
   */
  offered(offer: Offer): SystemError | undefined {
    const { written } = this;
    // A lost lease stays written down, so that the next daemon goes on seeking another.
    return written.isLost || written.isOffered(offer)
      ? undefined
      : written.write({ grant: { kind: "offered", offer } });
  }

  /** @returns Why the lease cannot be written down; it is used nevertheless. */
  take(effect: LeaseEffect): SystemError | undefined {
    const { written, policy } = this;
    const { lease } = effect;
    const grant = { kind: "leased", lease } as const;
    switch (effect.kind) {
      case "leaseAcquired":
        return this.#acquired(lease);
      case "leaseRenewed": {
        this.#metrics.count("leases_renewed");
        const before = written.grant;
        if (before?.kind === "leased") policy.renewed(before.lease, lease);
        const error = written.write({ grant });
        this.noteAddress(lease);
        return error;
      }
      case "leaseChanged":
        this.#metrics.count("leases_changed");
        this.noteAddress(effect.previous);
        return this.#follow(lease);
      case "leaseLost": {
        this.#metrics.count(`leases_lost_${effect.reason}`);
        const error = written.write({ grant, isLost: true, change: null });
        policy.lose(lease);
        return error;
      }
      default:
        return effect satisfies never;
    }
  }

  #acquired(lease: Lease): SystemError | undefined {
    this.#metrics.count("leases_acquired");
    if (lease.mtu !== undefined) {
      this.#log("info", "mtu-offered", { mtu: lease.mtu });
    }
    return this.written.isLost ? this.#follow(lease) : this.#entrust(lease);
  }

  /** The interface is brought to a lease. Both ends of the way are written down, so that the next daemon can finish it. */
  #follow(lease: Lease): SystemError | undefined {
    const { written, policy } = this;
    // An address that never was on the interface is in a machine behind it: that hears of the change from nobody.
    if (!written.wasSeen) return this.#entrust(lease);
    const grant = { kind: "leased", lease } as const;
    const isLost = false;
    const wasSeen = false;
    const change = policy.follows ? { from: policy.applied } : null;
    const error = written.write({ grant, isLost, wasSeen, change });
    policy.update(lease);
    if (change !== null) written.write({ change: null });
    this.noteAddress(lease);
    return error;
  }

  /** Somebody else puts the lease on the interface. */
  #entrust(lease: Lease): SystemError | undefined {
    const { written, policy } = this;
    const grant = { kind: "leased", lease } as const;
    const error = written.write({ grant, isLost: false, wasSeen: false });
    policy.entrust(lease);
    this.noteAddress(lease);
    return error;
  }
}
