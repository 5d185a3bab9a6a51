/** The lease file of one attachment over time. @module */

import { SystemError } from "../../base/errors.ts";
import { formatHex } from "../../base/hex.ts";
import type { LogEvent } from "../../base/log_event.ts";
import type { Log } from "../../base/log_line.ts";
import { sameAddress } from "../../net/ip_address.ts";
import type { Offer } from "../client/state.ts";
import type {
  ClientIdentity,
  Grant,
  InterfaceTransition,
  LeasedGrant,
  LeaseRecord,
} from "./lease_record.ts";
import type { LeaseStore } from "./ports.ts";

/** The parts of a record that do not change during the life of a lease. */
export type FixedParts = Pick<
  LeaseRecord,
  "attachment" | "location" | "options" | "bootId"
>;

/** Parts of a record that have changed. */
export interface RecordChanges {
  readonly grant?: Grant;
  readonly identity?: ClientIdentity;
  readonly isLost?: boolean;
  readonly wasSeen?: boolean;
  /** Null: the interface has the values of the lease now. */
  readonly change?: InterfaceTransition | null;
  /** Undefined: as before. */
  readonly serverMac?: Uint8Array | undefined;
}

/** The changing parts of a record, and its file. */
export class StoredLease {
  readonly #fixed: FixedParts;
  readonly #store: LeaseStore;
  readonly #log: Log;
  #grant: Grant | undefined;
  #identity: ClientIdentity;
  #isLost = false;
  #wasSeen = false;
  #change: InterfaceTransition | undefined;
  #serverMac: Uint8Array | undefined;

  constructor(
    fixed: FixedParts,
    identity: ClientIdentity,
    { store, log }: { readonly store: LeaseStore; readonly log: Log },
  ) {
    this.#fixed = fixed;
    this.#identity = identity;
    this.#store = store;
    this.#log = log;
  }

  /** What a server has granted; undefined if there is no file. */
  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** The identity by which the server knows the client. */
  get identity(): ClientIdentity {
    return this.#identity;
  }

  /** Hardware address of the server, or of the router to it. */
  get serverMac(): Uint8Array | undefined {
    return this.#serverMac;
  }

  /** Whether the lease must not be used any more, and the client seeks another. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether the address was seen on the interface. */
  get wasSeen(): boolean {
    return this.#wasSeen;
  }

  /**
   * Returns the lease if another client with `identity` can resume it: servers know both as one.
   */
  resumableGrant(
    { clientIdentifier }: ClientIdentity,
  ): LeasedGrant | undefined {
    const isSame = formatHex(this.#identity.clientIdentifier) ===
      formatHex(clientIdentifier);
    const grant = this.#grant;
    return grant?.kind === "leased" && !this.#isLost && isSame
      ? grant
      : undefined;
  }

  /** Continues with the content of an existing file. */
  restore({ grant, isLost, wasSeen, change, serverMac }: LeaseRecord): void {
    this.#grant = grant;
    this.#isLost = isLost;
    this.#wasSeen = wasSeen;
    this.#change = change;
    this.#serverMac = serverMac;
  }

  /**
   * Inherits the file of the same attachment at another location: it stays as it is until the next
   * `write`.
   */
  inherit(grant: LeasedGrant): void {
    this.#grant = grant;
  }

  /** Whether the file holds this very offer. */
  hasOffer({ address, server }: Offer): boolean {
    return this.#grant?.kind === "offered" &&
      sameAddress(this.#grant.offer.address, address) &&
      sameAddress(this.#grant.offer.server, server);
  }

  /**
   * Writes the file, unless there is no grant yet.
   *
   * @returns Why the file cannot be written; the reason is also logged.
   */
  write(changes: RecordChanges): SystemError | undefined {
    const record = this.#changed(changes);
    if (record === undefined) return undefined;
    try {
      this.#store.write(record);
      return undefined;
    } catch (error) {
      return this.#failure("lease-not-stored", error);
    }
  }

  /** As {@link write}; the file outlives a crash of the machine only once the promise resolves. */
  async writeAsync(changes: RecordChanges): Promise<SystemError | undefined> {
    const record = this.#changed(changes);
    if (record === undefined) return undefined;
    try {
      await this.#store.writeAsync(record);
      return undefined;
    } catch (error) {
      return this.#failure("lease-not-stored", error);
    }
  }

  /** Removes the file, if there is one. */
  remove(): void {
    if (this.#grant === undefined) return;
    this.#grant = undefined;
    try {
      this.#store.remove(this.#fixed.attachment);
    } catch (error) {
      this.#failure("lease-not-removed", error);
    }
  }

  /** @returns The record with the changes; undefined if there is no grant yet. */
  #changed(changes: RecordChanges): LeaseRecord | undefined {
    this.#grant = changes.grant ?? this.#grant;
    this.#identity = changes.identity ?? this.#identity;
    this.#isLost = changes.isLost ?? this.#isLost;
    this.#wasSeen = changes.wasSeen ?? this.#wasSeen;
    this.#serverMac = changes.serverMac ?? this.#serverMac;
    if (changes.change !== undefined) {
      this.#change = changes.change ?? undefined;
    }
    const grant = this.#grant;
    return grant && {
      ...this.#fixed,
      identity: this.#identity,
      grant,
      isLost: this.#isLost,
      wasSeen: this.#wasSeen,
      change: this.#change,
      serverMac: this.#serverMac,
    };
  }

  /** Logs why the file system refused. */
  #failure(event: LogEvent, error: unknown): SystemError {
    if (!(error instanceof SystemError)) throw error;
    this.#log("error", event, { reason: error.message });
    return error;
  }
}
