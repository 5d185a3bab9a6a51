/** What host-local needs from outside: stored reservations, files, a clock and a log. @module */

import type { Log } from "../base/log_line.ts";
import type { ContainerInterface } from "../cni/attachment.ts";
import type { IpAddress } from "../net/ip_address.ts";
import type { AddressPreferences } from "./address_preferences.ts";
import type { AddPlan, Reservations } from "./add_plan.ts";
import type { StoreConfig } from "./config.ts";
import type { Owner } from "./reservation_format.ts";
import type { FreeAddresses } from "./round_robin.ts";

/** The effects that the handlers use. */
export interface HostLocalPorts {
  readonly stores: ReservationStores;
  /**
   * Reads a regular file that the configuration names.
   *
   * @throws {SystemError} if it is no such file, has more than `maxBytes`, or cannot be read.
   */
  readNamedFile(path: string, maxBytes: number): string;
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  readonly log: Log;
  /** Absent if this process cannot tell which containers the host has. */
  readonly findReclaimable?: FindReclaimable;
}

/** A reservation of a container that no longer exists, and two facts that each prove it. */
export interface Reclaimable {
  readonly reservation: Reservation;
  /** The container ended: its boot is over, or its network namespace is gone. */
  readonly ended: string;
  /** A complete list of the containers that exist does not have it. */
  readonly absent: string;
}

/** Returns the reservations of a network that may be released without its runtime. */
export type FindReclaimable = (
  networkName: string,
  reservations: readonly Reservation[],
) => Promise<readonly Reclaimable[]>;

/** One reserved address, as it is stored. */
export interface Reservation {
  readonly address: IpAddress;
  readonly owner: Owner;
  /** Wall clock, milliseconds since 1970. */
  readonly reservedAtMs: number;
  /** Whether it was made before the last boot of the machine. */
  readonly fromEarlierBoot: boolean;
  /** Where it is stored, for messages. */
  readonly location: string;
}

/**
 * The reservations of one ADD, written but not final: disposing of them undoes them unless they are
 * kept.
 */
export interface PendingReservations extends Disposable {
  /**
   * Waits until they are on the disk.
   *
   * @throws {SystemError} if the file system refuses.
   */
  synced(): Promise<void>;

  /** Makes the reservations final, once the result is printed. What fails in here is logged. */
  keep(): void;
}

/**
 * The reservations of one network. No other process can change them until the store is disposed of.
 */
export interface ReservationStore extends FreeAddresses, Disposable {
  /**
   * Returns what an ADD prefers among free addresses; undefined if the network configuration wants
   * nothing to be remembered.
   *
   * @param attachment Undefined for any new container.
   */
  preferencesOf(
    attachment: ContainerInterface | undefined,
  ): AddressPreferences | undefined;

  /** Returns what the plan of an ADD of `attachment` has to know. */
  reservationsOf(attachment: ContainerInterface): Reservations;

  /**
   * Reserves what the plan of an ADD chooses: all of it or nothing.
   *
   * @throws {SystemError} if it cannot be written; nothing is reserved then.
   */
  reserve(attachment: ContainerInterface, plan: AddPlan): PendingReservations;

  /**
   * Releases what the attachment holds; if that is nothing, what its container holds without an
   * interface name.
   *
   * @throws {SystemError} if something cannot be released; everything else is.
   */
  release(attachment: ContainerInterface): void;

  /**
   * Releases every reservation of a known owner that `keep` returns false for.
   *
   * @throws {SystemError} if something cannot be released; everything else is.
   */
  releaseUnless(keep: (reservation: Reservation) => boolean): void;

  /**
   * Releases reservations of this network, which have been found since it was opened.
   *
   * @throws {SystemError} if something cannot be released; everything else is.
   */
  reclaim(reservations: readonly Reservation[]): void;

  /**
   * Lets other calls have the network, and waits until what was released is on the disk: the
   * runtime does not repeat the DEL, so a reservation that returned after a crash of the machine
   * would keep its address. The store is of no use afterwards.
   *
   * @throws {SystemError} if the file system refuses.
   */
  unlockAndSync(): Promise<void>;

  /** Whether other users could have written the reservations. */
  readonly isExposed: boolean;

  /** Returns the addresses that {@link release} would release. */
  heldBy(attachment: ContainerInterface): readonly IpAddress[];

  /** Returns the reservation of `address`, or undefined if the address is free. */
  find(address: IpAddress): Reservation | undefined;
}

/** Opens the reservations of a network. */
export interface ReservationStores {
  /**
   * Opens a network for ADD and creates its directory if there is none.
   *
   * @throws {SystemError} if the directory cannot be used, or another process holds the lock for
   *   too long.
   */
  openOrCreate(config: StoreConfig): Promise<ReservationStore>;

  /**
   * Opens a network for DEL and GC. Returns undefined if the network has no directory.
   *
   * @throws {SystemError} if the directory cannot be used, or another process holds the lock for
   *   too long.
   */
  openForChange(config: StoreConfig): Promise<ReservationStore | undefined>;

  /**
   * Opens a network for CHECK and STATUS: nothing is created, repaired or removed. Returns
   * undefined if the network has no directory.
   *
   * @throws {SystemError} if the directory cannot be used, or another process holds the lock for
   *   too long.
   */
  openForReading(config: StoreConfig): Promise<ReservationStore | undefined>;

  /**
   * Checks that an ADD could use the directory: it can be created or written, and locked. Does not
   * wait and creates nothing.
   *
   * @throws {SystemError} if it could not.
   */
  probe(config: StoreConfig): void;
}
