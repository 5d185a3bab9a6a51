/** Reservations in memory: what `ReservationStore` promises, and no more. @module */

import type { SystemError } from "../../../lib/base/errors.ts";
import type { ContainerInterface } from "../../../lib/cni/attachment.ts";
import type {
  AddPlan,
  Reservations,
} from "../../../lib/host_local/add_plan.ts";
import type { StoreConfig } from "../../../lib/host_local/config.ts";
import type {
  PendingReservations,
  Reservation,
  ReservationStore,
  ReservationStores,
} from "../../../lib/host_local/ports.ts";
import {
  formatOwner,
  ownerKey,
  parseOwner,
} from "../../../lib/host_local/reservation_format.ts";
import {
  formatIpAddress,
  type IpAddress,
} from "../../../lib/net/ip_address.ts";
import { ip, tableOf } from "./builders.ts";

/** The directory of the network `net` in tests of handlers. */
export const DIRECTORY = "/d/net";

/** When its reservations were made. */
export const RESERVED_AT_MS = Date.UTC(2026, 0, 1);

/** One network, `/d/net`. Every other network has no directory. */
export class FakeStores implements ReservationStores, ReservationStore {
  /** Contents by address. */
  readonly files: Map<string, string>;
  /** How it was opened and closed. */
  readonly calls: string[] = [];
  readonly #exists: boolean;
  readonly #failure: SystemError | undefined;
  readonly #syncFailure: SystemError | undefined;
  readonly #releaseFailure: SystemError | undefined;

  constructor(
    { files = {}, exists = true, failure, syncFailure, releaseFailure }: {
      readonly files?: Readonly<Record<string, string>>;
      readonly exists?: boolean;
      /** Thrown whenever it is opened. */
      readonly failure?: SystemError;
      /** Thrown whenever something is synced. */
      readonly syncFailure?: SystemError;
      /** Thrown after a release. */
      readonly releaseFailure?: SystemError;
    } = {},
  ) {
    this.files = new Map(Object.entries(files));
    this.#exists = exists;
    this.#failure = failure;
    this.#syncFailure = syncFailure;
    this.#releaseFailure = releaseFailure;
  }

  #open(how: string, { directory }: StoreConfig): this {
    if (this.#failure !== undefined) throw this.#failure;
    this.calls.push(`${how} ${directory}`);
    return this;
  }

  openOrCreate(config: StoreConfig): Promise<ReservationStore> {
    return Promise.resolve().then(() => this.#open("create", config));
  }

  openForChange(config: StoreConfig): Promise<ReservationStore | undefined> {
    return Promise.resolve().then(() =>
      this.#exists ? this.#open("change", config) : undefined
    );
  }

  openForReading(config: StoreConfig): Promise<ReservationStore | undefined> {
    return Promise.resolve().then(() =>
      this.#exists ? this.#open("read", config) : undefined
    );
  }

  probe(config: StoreConfig): void {
    this.#open("probe", config);
  }

  [Symbol.dispose](): void {
    this.calls.push("close");
  }

  readonly isExposed = false;

  reclaim(reservations: readonly Reservation[]): void {
    for (const { address } of reservations) {
      this.files.delete(formatIpAddress(address));
    }
  }

  preferencesOf(): undefined {
    return undefined;
  }

  reservationsOf(attachment: ContainerInterface): Reservations {
    const owners = [formatOwner(attachment), attachment.containerId];
    return {
      held: this.#addressesOf(owners)
        .map((address) => ({ address, reusable: false })),
      cursor: () => undefined,
      firstFree: (from, last) => this.firstFree(from, last),
    };
  }

  reserve(
    attachment: ContainerInterface,
    { choices }: AddPlan,
  ): PendingReservations {
    const names = choices.filter(({ reused }) => !reused)
      .map(({ address }) => formatIpAddress(address));
    for (const name of names) this.files.set(name, formatOwner(attachment));
    let isKept = false;
    return {
      synced: () => this.#synced(),
      keep: () => {
        isKept = true;
        for (const address of choices.flatMap(({ replaced }) => replaced)) {
          this.files.delete(formatIpAddress(address));
        }
      },
      [Symbol.dispose]: () => {
        if (!isKept) names.forEach((name) => this.files.delete(name));
      },
    };
  }

  release(attachment: ContainerInterface): void {
    for (const address of this.heldBy(attachment)) {
      this.files.delete(formatIpAddress(address));
    }
    if (this.#releaseFailure !== undefined) throw this.#releaseFailure;
  }

  releaseUnless(keep: (reservation: Reservation) => boolean): void {
    for (const reservation of this.#all()) {
      if (ownerKey(reservation.owner) !== "" && !keep(reservation)) {
        this.files.delete(formatIpAddress(reservation.address));
      }
    }
    if (this.#releaseFailure !== undefined) throw this.#releaseFailure;
  }

  unlockAndSync(): Promise<void> {
    this.calls.push("unlock and sync");
    return this.#synced();
  }

  async #synced(): Promise<void> {
    await Promise.resolve();
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
  }

  heldBy(attachment: ContainerInterface): readonly IpAddress[] {
    const own = this.#addressesOf([formatOwner(attachment)]);
    return own.length > 0 ? own : this.#addressesOf([attachment.containerId]);
  }

  find(address: IpAddress): Reservation | undefined {
    const name = formatIpAddress(address);
    const content = this.files.get(name);
    return content === undefined ? undefined : {
      address,
      owner: parseOwner(content),
      reservedAtMs: RESERVED_AT_MS,
      fromEarlierBoot: false,
      location: `${DIRECTORY}/${name}`,
    };
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return tableOf([...this.files.keys()]).firstFree(from, last);
  }

  #all(): Reservation[] {
    return [...this.files.keys()].sort()
      .flatMap((name) => this.find(ip(name)) ?? []);
  }

  #addressesOf(owners: readonly string[]): IpAddress[] {
    return this.#all()
      .filter(({ owner }) => owners.includes(ownerKey(owner)))
      .map(({ address }) => address);
  }
}
