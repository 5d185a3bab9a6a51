/** What the directory of a network says, read once, for the commands of operators. Pure. @module */

import type { IpAddress } from "../../net/ip_address.ts";
import type { Reservation } from "../ports.ts";
import { AddressHistory } from "../address_history.ts";
import { FILE_NAME } from "../file_name.ts";
import { type Owner, parseOwner } from "../reservation_format.ts";

/** An entry of the directory. */
export interface FileFacts {
  readonly name: string;
  readonly kind: "file" | "directory" | "link" | "other";
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
  /** Bytes. */
  readonly size: number;
  /** Wall clock, milliseconds since 1970. */
  readonly modifiedMs: number;
  readonly inode: number;
  /** The address that the name stands for; undefined if it is no address in canonical form. */
  readonly address: IpAddress | undefined;
  /** The text of a reservation, a cursor or a marker; undefined for anything else. */
  readonly content: string | undefined;
  /** Why the file cannot be read. */
  readonly unreadable?: string;
}

/** Whether the facts were read under the lock of the network. */
export type LockFacts =
  /** No other process changed anything meanwhile. */
  | { readonly kind: "held" }
  /** There is no lock file: no call was there yet. */
  | { readonly kind: "missing" }
  /** The lock could not be taken; the files may have changed while they were read. */
  | {
    readonly kind: "unavailable";
    /** Whether the operating system refused it; otherwise another process holds it. */
    readonly isRefused: boolean;
    readonly reason: string;
    readonly advice: string;
  };

/** What state the index is in. */
export type IndexFacts =
  | { readonly kind: "none" }
  | { readonly kind: "current" }
  | { readonly kind: "outdated" }
  | { readonly kind: "damaged"; readonly reason: string };

/** The directory of a network. */
export interface NetworkFacts {
  /** The name of the network. */
  readonly name: string;
  readonly directory: string;
  readonly mode: number;
  readonly uid: number;
  /** Why other users could change the files; absent if they could not. */
  readonly exposure?: string;
  readonly lock: LockFacts;
  readonly index: IndexFacts;
  /** In no particular order. */
  readonly files: readonly FileFacts[];
  /** Names of the reservations that were made before the last boot. */
  readonly earlierBoot: ReadonlySet<string>;
}

/** The reservations of a network, without what else its directory has. */
export interface NetworkReservations {
  /** The name of the network. */
  readonly name: string;
  readonly directory: string;
  /** Why other users could change the files; absent if they could not. */
  readonly exposure?: string;
  readonly lock: LockFacts;
  /** How many files could have been unreadable. */
  readonly fileCount: number;
  /** Why files could not be read. */
  readonly unreadable: readonly string[];
  /** What is remembered about addresses; empty if other users could have written it. */
  readonly history: AddressHistory;
  /** In the order of the addresses, IPv4 first. */
  readonly reservations: readonly RecordedReservation[];
}

/** A reservation as its file records it. */
export interface RecordedReservation extends Reservation {
  /** The name of the file. */
  readonly name: string;
  /** Why the file cannot be read; undefined if it can. */
  readonly unreadable: string | undefined;
}

/** A reservation, and everything about the file that records it. */
export interface FiledReservation extends RecordedReservation {
  readonly file: FileFacts;
}

/**
 * A reservation that takes little memory and time: a network can have 60,000. What few readers need
 * is made when it is asked for.
 */
export class ReservationRow implements RecordedReservation {
  constructor(
    readonly directory: string,
    readonly name: string,
    readonly address: IpAddress,
    /** The content of the file; undefined if it names no owner. */
    readonly text: string | undefined,
    readonly reservedAtMs: number,
    readonly fromEarlierBoot: boolean,
    readonly unreadable: string | undefined,
  ) {}

  get owner(): Owner {
    return this.text === undefined
      ? { kind: "unknown" }
      : parseOwner(this.text);
  }

  get location(): string {
    return `${this.directory}/${this.name}`;
  }
}

/** Returns the owner that a file names, as every command of the runtime reads it. */
export function ownerOf({ kind, content }: FileFacts): Owner {
  return kind === "file" && content !== undefined
    ? parseOwner(content)
    : { kind: "unknown" };
}

/** Returns every address that is taken, in order. Empty files are free addresses. */
export function reservationsIn(
  { directory, files, earlierBoot }: NetworkFacts,
): readonly FiledReservation[] {
  const reservations: FiledReservation[] = [];
  for (const file of files) {
    const { address, name } = file;
    if (address === undefined) continue;
    const owner = ownerOf(file);
    if (owner.kind === "none") continue;
    reservations.push({
      address,
      owner,
      reservedAtMs: file.modifiedMs,
      fromEarlierBoot: earlierBoot.has(name),
      location: `${directory}/${name}`,
      name,
      unreadable: file.unreadable,
      file,
    });
  }
  return inOrder(reservations);
}

/**
 * Sorts by address, IPv4 first. IPv4 addresses are sorted as numbers: with 60,000 of them, a
 * function that compares two would be called a million times.
 */
export function inOrder<T extends { readonly address: IpAddress }>(
  values: readonly T[],
): readonly T[] {
  const v4 = values.filter(({ address }) => address.family === 4);
  const v6 = values.filter(({ address }) => address.family === 6);
  // 32 bits, and the position below them, are exact up to 2^21 values.
  const keys = Float64Array.from(
    v4,
    ({ address }, index) => Number(address.value) * v4.length + index,
  ).sort();
  const sorted: T[] = [];
  for (const key of keys) {
    const value = v4[key % v4.length];
    if (value !== undefined) sorted.push(value);
  }
  return [
    ...sorted,
    ...v6.sort((a, b) => compareAddresses(a.address, b.address)),
  ];
}

/** Compares addresses: IPv4 before IPv6, then by value. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** Returns what is remembered about addresses; nothing if other users could have written it. */
export function historyOf(facts: NetworkFacts | undefined): AddressHistory {
  const file = facts?.files.find(({ name }) => name === FILE_NAME.history);
  const isBelieved = facts?.exposure === undefined && file?.kind === "file";
  return AddressHistory.parse(isBelieved ? file.content ?? "" : "");
}

/** Returns the container that an owner names, if it names one. */
export function containerOf(owner: Owner): string | undefined {
  switch (owner.kind) {
    case "attachment":
      return owner.attachment.containerId;
    case "container":
      return owner.containerId;
    case "unknown":
    case "none":
      return undefined;
  }
}

/** Returns the interface that an owner names, which can be any text; empty if there is none. */
export function interfaceOf(owner: Owner): string {
  return owner.kind === "attachment" ? owner.attachment.ifName : "";
}
