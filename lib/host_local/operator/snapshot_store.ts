/** The reservations of a network as they were read: shows what a command would do. Pure. @module */

import type { ContainerInterface } from "../../cni/attachment.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseIpAddress,
} from "../../net/ip_address.ts";
import type {
  AddressHistory,
  HistorySettings,
  Moment,
} from "../address_history.ts";
import { AddressPreferences } from "../address_preferences.ts";
import type { AddPlan, Reservations } from "../add_plan.ts";
import { FILE_NAME } from "../file_name.ts";
import type {
  PendingReservations,
  Reservation,
  ReservationStore,
} from "../ports.ts";
import { cursorName, formatOwner, ownerKey } from "../reservation_format.ts";
import { ReservationTable } from "../reservation_table.ts";
import {
  type FiledReservation,
  type FileFacts,
  historyOf,
  type NetworkFacts,
  ownerOf,
  reservationsIn,
} from "./network_facts.ts";

/** A store that changes nothing. It answers as the store of the plugin does after its repairs. */
export class SnapshotStore implements ReservationStore {
  /** What the next command undoes: the reservations of an ADD that never answered. */
  readonly undone: readonly FiledReservation[];
  readonly #reclaimed: Reservation[] = [];
  readonly #table = new ReservationTable();
  /** By address. */
  readonly #reservations = new Map<string, FiledReservation>();
  readonly #files: ReadonlyMap<string, FileFacts>;
  readonly #isExposed: boolean;
  readonly #onPlan: (plan: AddPlan) => void;
  readonly #settings: HistorySettings | undefined;
  readonly #history: AddressHistory;
  readonly #now: Moment;

  /**
   * @param facts Undefined if the network has no directory.
   * @param options `settings`: what the configuration wants to be remembered; `onPlan`: receives
   *   what an ADD would reserve.
   */
  constructor(
    facts: NetworkFacts | undefined,
    { settings, now, onPlan = () => {} }: {
      readonly settings: HistorySettings | undefined;
      readonly now: Moment;
      readonly onPlan?: (plan: AddPlan) => void;
    },
  ) {
    this.#onPlan = onPlan;
    this.#settings = facts?.exposure === undefined ? settings : undefined;
    this.#history = historyOf(facts);
    this.#now = now;
    this.#isExposed = facts?.exposure !== undefined;
    this.#files = new Map(
      (facts?.files ?? []).map((file) => [file.name, file]),
    );
    const reservations = facts === undefined ? [] : reservationsIn(facts);
    this.undone = reservations.filter((each) => this.#isUndone(each));
    for (const reservation of reservations) {
      if (this.undone.includes(reservation)) continue;
      const { address, owner } = reservation;
      this.#table.insert(address, ownerKey(owner));
      this.#reservations.set(formatIpAddress(address), reservation);
    }
  }

  #isUndone({ owner, file }: FiledReservation): boolean {
    const pending = this.#files.get(FILE_NAME.pending);
    if (this.#isExposed || pending?.kind !== "file") return false;
    const key = ownerKey(ownerOf(pending));
    return key !== "" && key === ownerKey(owner) &&
      file.inode === pending.inode;
  }

  [Symbol.dispose](): void {
    // Nothing is open.
  }

  find(address: IpAddress): Reservation | undefined {
    return this.#reservations.get(formatIpAddress(address));
  }

  preferencesOf(
    attachment: ContainerInterface | undefined,
  ): AddressPreferences | undefined {
    const settings = this.#settings;
    return settings && new AddressPreferences({
      history: this.#history,
      settings,
      attachment,
      now: this.#now,
    });
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return this.#table.firstFree(from, last);
  }

  heldBy(attachment: ContainerInterface): readonly IpAddress[] {
    const own = this.#heldUnder([formatOwner(attachment)]);
    const held = own.length > 0
      ? own
      : this.#heldUnder([attachment.containerId]);
    return held.map(({ address }) => address);
  }

  /** Returns the reservations of owners, in the order of their file names. */
  #heldUnder(owners: readonly string[]): readonly FiledReservation[] {
    return [...this.#reservations.values()]
      .filter(({ owner }) => owners.includes(ownerKey(owner)))
      .sort((a, b) => a.file.name < b.file.name ? -1 : 1);
  }

  reservationsOf(attachment: ContainerInterface): Reservations {
    const owners = [formatOwner(attachment), attachment.containerId];
    const isUnanswered = this.#wasLeftUnanswered(attachment);
    return {
      held: this.#heldUnder(owners).map(({ address, fromEarlierBoot }) => ({
        address,
        reusable: isUnanswered || fromEarlierBoot,
      })),
      cursor: (index) => this.cursor(index),
      firstFree: (from, last) => this.firstFree(from, last),
    };
  }

  #wasLeftUnanswered(attachment: ContainerInterface): boolean {
    const answered = this.#files.get(FILE_NAME.answered);
    return !this.#isExposed && answered?.kind === "file" &&
      ownerKey(ownerOf(answered)) === formatOwner(attachment);
  }

  /** Returns the last address that was reserved from range set `index`, if it is known. */
  cursor(index: number): IpAddress | undefined {
    const file = this.#files.get(cursorName(index));
    return parseIpAddress(file?.content ?? "");
  }

  reserve(_: ContainerInterface, plan: AddPlan): PendingReservations {
    this.#onPlan(plan);
    return {
      synced: () => Promise.resolve(),
      keep: () => {},
      [Symbol.dispose]: () => {},
    };
  }

  reclaim(reservations: readonly Reservation[]): void {
    for (const { address } of reservations) {
      this.#table.remove(address);
      this.#reservations.delete(formatIpAddress(address));
    }
    this.#reclaimed.push(...reservations);
  }

  /** What an ADD would release because a range set is full. */
  get reclaimed(): readonly Reservation[] {
    return this.#reclaimed;
  }

  get isExposed(): boolean {
    return this.#isExposed;
  }

  release(): void {
    // Changes nothing.
  }

  releaseUnless(): void {
    // Changes nothing.
  }

  async unlockAndSync(): Promise<void> {
    // There is no lock, and nothing to sync.
  }
}
