/** Reservations in files, as upstream keeps them: the {@link ReservationStore} of the real plugin. @module */

import type { IpAddress } from "../../net/ip_address.ts";
import type { AddPlan, Reservations } from "../add_plan.ts";
import { formatOwner, ownerKey, parseOwner } from "../reservation.ts";
import type { Reservation, ReservationStore } from "../reservation_store.ts";
import { NameTakenError, reserve } from "./add_transaction.ts";
import { nowMs } from "../../sys/clock.ts";
import { readSmallFile, removeFile, syncDirectory } from "../../sys/files.ts";
import { FILE_NAME, type NetworkDirectory } from "./network_directory.ts";
import {
  byName,
  ReservationView,
  type ViewOptions,
} from "./indexed_reservations.ts";
import type { ContainerInterface } from "../../cni/attachment.ts";

/** What a store is opened with. */
export interface DiskStoreOptions extends ViewOptions {
  readonly directory: NetworkDirectory;
}

/** The reservations of one network under its lock. */
export class DiskStore implements ReservationStore {
  readonly #directory: NetworkDirectory;
  readonly #options: DiskStoreOptions;
  readonly #view: ReservationView;

  constructor(options: DiskStoreOptions) {
    this.#directory = options.directory;
    this.#options = options;
    this.#view = new ReservationView(options.directory, options);
  }

  [Symbol.dispose](): void {
    this.#view.close();
    this.#options.lock?.close();
  }

  find(address: IpAddress): Reservation | undefined {
    return this.#directory.find(address);
  }

  list(): readonly Reservation[] {
    return [...this.#view.read().table.entries()]
      .flatMap(([address]) => this.find(address) ?? []);
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return this.#view.decide(() => this.#view.firstFree(from, last));
  }

  heldBy(attachment: ContainerInterface): readonly IpAddress[] {
    return this.#view.decide(() => {
      const own = this.#view.addressesOf(formatOwner(attachment));
      return this.#view.doubtNothing(
        own.length > 0 ? own : this.#view.addressesOf(attachment.containerId),
      );
    });
  }

  add(
    attachment: ContainerInterface,
    plan: (reservations: Reservations) => AddPlan,
    answer: (plan: AddPlan) => void,
  ): void {
    const choose = (): AddPlan => plan(this.#reservationsFor(attachment));
    let chosen = this.#view.decide(choose);
    try {
      this.#reserve(attachment, chosen, answer);
    } catch (error) {
      if (!(error instanceof NameTakenError && this.#view.isIndexed)) {
        throw error;
      }
      this.#view.read();
      chosen = choose();
      this.#reserve(attachment, chosen, answer);
    }
    this.#settle(attachment, chosen);
  }

  #reservationsFor(attachment: ContainerInterface): Reservations {
    const addresses = [formatOwner(attachment), attachment.containerId]
      .flatMap((owner) => this.#view.addressesOf(owner))
      .toSorted(byName);
    // Only now the files have been read, if they are what answers.
    const unanswered = this.#wasLeftUnanswered(attachment);
    const held = addresses.map((address) => ({
      address,
      reusable: unanswered || this.find(address)?.fromEarlierBoot === true,
    }));
    return {
      held,
      cursor: (index) => this.#readCursor(index),
      firstFree: (from, last) => this.#view.firstFree(from, last),
    };
  }

  /** Whether the last ADD of this attachment reserved addresses and ended before it could say so. */
  #wasLeftUnanswered(attachment: ContainerInterface): boolean {
    if (this.#view.scan?.own.has(FILE_NAME.answered) !== true) return false;
    const path = this.#directory.join(FILE_NAME.answered);
    const owner = ownerKey(parseOwner(readSmallFile(path) ?? ""));
    return owner === formatOwner(attachment);
  }

  #readCursor(index: number): IpAddress | undefined {
    let cursor: IpAddress | undefined;
    this.#view.quietly("Error retrieving last reserved ip", () => {
      cursor = this.#directory.readCursor(index);
    });
    return cursor;
  }

  #reserve(
    attachment: ContainerInterface,
    chosen: AddPlan,
    answer: (plan: AddPlan) => void,
  ): void {
    reserve(this.#directory, {
      content: formatOwner(attachment),
      reservations: chosen.choices.flatMap(({ address, adopted }, setIndex) =>
        adopted ? [] : [{ address, setIndex }]
      ),
      answer: () => answer(chosen),
      warn: (message) =>
        this.#options.warn(`${this.#directory.path}: ${message}`),
    });
  }

  /** What an ADD leaves for after its answer; none of it can take the answer back. */
  #settle(attachment: ContainerInterface, { choices }: AddPlan): void {
    const abandoned = choices.flatMap((choice) => choice.abandoned);
    this.#view.quietly("old reservations of the container stay", () => {
      const now = new Date(nowMs());
      for (const { address, adopted } of choices) {
        if (adopted) Deno.utimeSync(this.#directory.pathOf(address), now, now);
      }
      for (const address of abandoned) {
        removeFile(this.#directory.pathOf(address));
      }
    });
    this.#view.quietly(
      "a finished ADD looks unanswered",
      () => removeFile(this.#directory.join(FILE_NAME.answered)),
    );
    this.#view.save((lookup) => {
      for (const address of abandoned) lookup.remove(address);
      for (const { address, adopted } of choices) {
        if (!adopted) lookup.insert(address, formatOwner(attachment));
      }
    });
  }

  release(attachment: ContainerInterface): void {
    this.#remove(this.heldBy(attachment));
  }

  releaseUnless(keep: (reservation: Reservation) => boolean): void {
    const unlisted = [...this.#view.read().table.entries()]
      .filter(([address, owner]) => {
        const reservation = owner === "" ? undefined : this.find(address);
        return reservation !== undefined && !keep(reservation);
      });
    this.#remove(unlisted.map(([address]) => address));
  }

  #remove(addresses: readonly IpAddress[]): void {
    const removed: IpAddress[] = [];
    // What could not be read may be among what was to go.
    const failures: unknown[] = [...this.#view.scan?.unreadable ?? []];
    for (const address of addresses) {
      try {
        removeFile(this.#directory.pathOf(address));
        removed.push(address);
      } catch (error) {
        failures.push(error);
      }
    }
    // An ADD whose answer nobody heard is over once its container goes, or anybody else comes.
    if (this.#view.scan?.own.has(FILE_NAME.answered)) {
      removeFile(this.#directory.join(FILE_NAME.answered));
    }
    if (removed.length > 0) syncDirectory(this.#directory.path);
    this.#view.save((lookup) =>
      removed.forEach((address) => lookup.remove(address))
    );
    if (failures.length > 0) throw failures[0];
  }
}
