/** What host-local needs of the place where reservations are kept. @module */

import type { StoreConfig } from "./config.ts";
import type { AddPlan, Reservations } from "./add_plan.ts";
import type { Owner } from "./reservation.ts";
import type { IpAddress } from "../net/ip_address.ts";
import type { ContainerInterface } from "../cni/attachment.ts";

/** A reservation as it is kept. */
export interface Reservation {
  readonly address: IpAddress;
  readonly owner: Owner;
  /** Wall clock, milliseconds since 1970. */
  readonly reservedAtMs: number;
  /** Made before the machine was last started. */
  readonly fromEarlierBoot: boolean;
  /** Where it is, for messages. */
  readonly location: string;
}

/** The reservations of one network, for as long as nobody else can change them. */
export interface ReservationStore extends Disposable {
  /**
   * Reserves what `plan` chooses, all of it or nothing.
   *
   * @param plan May be called again, if what it saw turns out to be out of date.
   * @param answer Called once, when the reservations are on disk. If it throws, they are taken back.
   * @throws {SystemError} If it cannot be written. What `plan` and `answer` throw passes through.
   */
  add(
    attachment: ContainerInterface,
    plan: (reservations: Reservations) => AddPlan,
    answer: (plan: AddPlan) => void,
  ): void;

  /**
   * Frees what the attachment holds; without any of its own, what its container holds by a file without interface name.
   *
   * @throws {SystemError} If something that is to go cannot be removed; the rest is gone then.
   */
  release(attachment: ContainerInterface): void;

  /** Frees all reservations of known owners that `keep` is false for. Throws as {@link release} does. */
  releaseUnless(keep: (reservation: Reservation) => boolean): void;

  /** The addresses that {@link release} would free. */
  heldBy(attachment: ContainerInterface): readonly IpAddress[];

  /** The reservation of `address`, if there is one. */
  find(address: IpAddress): Reservation | undefined;

  /** Every reservation. */
  list(): readonly Reservation[];

  /** The lowest address from `from` to `last` that is free. */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined;
}

/** Opens the reservations of a network. */
export interface ReservationStores {
  /**
   * For ADD: makes the directory of the network if there is none.
   *
   * @throws {SystemError} If the directory cannot be used, or is locked by somebody else for too long.
   */
  openOrCreate(config: StoreConfig): Promise<ReservationStore>;

  /** For DEL and GC: undefined if the network has no directory. Throws as {@link openOrCreate} does. */
  openForChange(config: StoreConfig): Promise<ReservationStore | undefined>;

  /** To look only: as {@link openForChange}, but nothing is created, repaired or removed. */
  openForReading(config: StoreConfig): Promise<ReservationStore | undefined>;

  /**
   * Whether an ADD could use the directory: it is one, can be written and locked. Does not wait and creates nothing.
   *
   * @throws {SystemError} If not.
   */
  probe(config: StoreConfig): void;
}
