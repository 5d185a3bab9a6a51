/** What is on the disk of one lease. @module */

import type { LogEvent } from "../../base/log_event.ts";
import { SystemError } from "../../base/errors.ts";
import { formatHex } from "../../base/hex.ts";
import type { Offer } from "../client/state.ts";
import { sameAddress } from "../../net/ip_address.ts";
import type {
  ClientIdentity,
  Grant,
  InterfaceTransition,
  LeasedGrant,
  LeaseRecord,
} from "./lease_record.ts";
import type { LeaseStore } from "./ports.ts";
import type { Log } from "../../base/log_line.ts";

/** The parts of a record that do not change over the life of a lease. */
export type FixedParts = Pick<
  LeaseRecord,
  "attachment" | "place" | "options" | "bootId"
>;

/** The changing parts of a record, and its file. */
export class WrittenLease {
  readonly #fixed: FixedParts;
  readonly #store: LeaseStore;
  readonly #log: Log;
  #grant: Grant | undefined;
  #identity: LeaseRecord["identity"];
  #isLost = false;
  #wasSeen = false;
  #change: InterfaceTransition | undefined;

  constructor(
    fixed: FixedParts,
    identity: LeaseRecord["identity"],
    { store, log }: { readonly store: LeaseStore; readonly log: Log },
  ) {
    this.#fixed = fixed;
    this.#identity = identity;
    this.#store = store;
    this.#log = log;
  }

  /** Undefined if there is no file. */
  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** As whom the server knows the client. */
  get identity(): LeaseRecord["identity"] {
    return this.#identity;
  }

  /** The lease must not be used any more, and another is being sought. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The address was seen on the interface. */
  get wasSeen(): boolean {
    return this.#wasSeen;
  }

  /** What another client of the attachment could go on with, if servers know it by the same identifier. */
  heirloom({ clientIdentifier }: ClientIdentity): LeasedGrant | undefined {
    const isSame = formatHex(this.#identity.clientIdentifier) ===
      formatHex(clientIdentifier);
    const grant = this.#grant;
    return grant?.kind === "leased" && !this.#isLost && isSame
      ? grant
      : undefined;
  }

  /** Takes up a file that is there. */
  takeUp({ grant, isLost, wasSeen, change }: LeaseRecord): void {
    this.#grant = grant;
    this.#isLost = isLost;
    this.#wasSeen = wasSeen;
    this.#change = change;
  }

  /** Takes over a file of the same attachment in another place: it stays as it is until something is written. */
  takeOver(grant: LeasedGrant): void {
    this.#grant = grant;
  }

  /** Whether this very offer is written down as the last thing. */
  isOffered({ address, server }: Offer): boolean {
    return this.#grant?.kind === "offered" &&
      sameAddress(this.#grant.offer.address, address) &&
      sameAddress(this.#grant.offer.server, server);
  }

  /**
   * Writes the file, if there is something to write.
   *
   * @param changes Parts that are others now.
   * @returns Why it could not be written, which is in the log as well.
   */
  write(
    changes: {
      readonly grant?: Grant;
      readonly identity?: LeaseRecord["identity"];
      readonly isLost?: boolean;
      readonly wasSeen?: boolean;
      /** Null: the interface has the values of the lease now. */
      readonly change?: InterfaceTransition | null;
    },
  ): SystemError | undefined {
    this.#grant = changes.grant ?? this.#grant;
    this.#identity = changes.identity ?? this.#identity;
    this.#isLost = changes.isLost ?? this.#isLost;
    this.#wasSeen = changes.wasSeen ?? this.#wasSeen;
    if (changes.change !== undefined) {
      this.#change = changes.change ?? undefined;
    }
    const grant = this.#grant;
    if (grant === undefined) return undefined;
    return this.#attempt("lease-not-stored", () =>
      this.#store.write({
        ...this.#fixed,
        identity: this.#identity,
        grant,
        isLost: this.#isLost,
        wasSeen: this.#wasSeen,
        change: this.#change,
      }));
  }

  /** Removes the file, if there is one. */
  forget(): void {
    if (this.#grant === undefined) return;
    this.#grant = undefined;
    const { attachment } = this.#fixed;
    this.#attempt("lease-not-removed", () => this.#store.remove(attachment));
  }

  #attempt(event: LogEvent, body: () => void): SystemError | undefined {
    try {
      body();
      return undefined;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("error", event, { reason: error.message });
      return error;
    }
  }
}
