/** One network in a temporary directory: its files, and stores opened on them. @module */

import { formatLogLine, type Log } from "../../../../lib/base/log_line.ts";
import type { ContainerInterface } from "../../../../lib/cni/attachment.ts";
import { planAdd } from "../../../../lib/host_local/add_plan.ts";
import type { Reservation } from "../../../../lib/host_local/ports.ts";
import {
  formatOwner,
  type Owner,
} from "../../../../lib/host_local/reservation_format.ts";
import { bestEffort } from "../../../../lib/host_local/store/best_effort.ts";
import {
  type HistoryOptions,
  openHistory,
} from "../../../../lib/host_local/store/history_file.ts";
import {
  DiskStore,
  type DiskStoreOptions,
} from "../../../../lib/host_local/store/disk_store.ts";
import {
  type DirectoryScan,
  NetworkDirectory,
  type StoredReservation,
} from "../../../../lib/host_local/store/network_directory.ts";
import type { HeldLock } from "../../../../lib/host_local/store/network_lock.ts";
import {
  formatIpAddress,
  type IpAddress,
} from "../../../../lib/net/ip_address.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { attachment, ip, rangeSet } from "../../../unit/host_local/builders.ts";

/** What c1 and the others leave in an address file. */
export const C1: string = formatOwner(attachment());
export const C2: string = formatOwner(attachment({ containerId: "c2" }));
export const C9: string = formatOwner(attachment({ containerId: "c9" }));

/** How a store is opened. */
export interface OpenOptions
  extends Partial<Omit<DiskStoreOptions, "history">> {
  /** What is to be remembered about addresses, at what time. */
  readonly remember?: Pick<HistoryOptions, "settings" | "now">;
}

/** What an ADD is asked for. */
export interface AddCall {
  readonly containerId?: string;
  /** One range set a subnet. */
  readonly subnets?: readonly string[];
  readonly requested?: readonly string[];
  /** Called when the reservations are made, before the end. */
  readonly answer?: () => void;
  readonly options?: OpenOptions;
}

/** How much of a directory was read. */
export interface Reads {
  /** How often every file was read. */
  readonly scans: number;
  /** How many files were looked at one by one. */
  readonly files: number;
}

/** A directory that counts what is read of it. */
class CountedDirectory extends NetworkDirectory {
  constructor(
    path: string,
    readonly reads: { scans: number; files: number },
  ) {
    super(path);
  }

  override scan(): DirectoryScan {
    this.reads.scans++;
    return super.scan();
  }

  override find(
    address: IpAddress,
    known?: Owner,
  ): StoredReservation | undefined {
    this.reads.files++;
    return super.find(address, known);
  }

  override reservedAtMs(address: IpAddress): number | undefined {
    this.reads.files++;
    return super.reservedAtMs(address);
  }

  override has(address: IpAddress): boolean {
    this.reads.files++;
    return super.has(address);
  }
}

/** The directory of a network that nothing else uses. */
export class Network implements Disposable {
  readonly #root = new TempDir();
  readonly path: string = this.#root.join("net");
  /** The lines that stores opened here have logged. */
  readonly logged: string[] = [];
  /** What stores opened here have read so far. */
  readonly reads = { scans: 0, files: 0 };

  /** @param files Content by name. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    Deno.mkdirSync(this.path);
    this.write(files);
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }

  /** The path of the file `name`. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** A path beside the directory, for what is not part of the network. */
  outside(name: string): string {
    return this.#root.join(name);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) {
      Deno.writeTextFileSync(this.join(name), content, { mode: 0o600 });
    }
  }

  /**
   * Every name and its content, those that are no regular files as `<kind>`; without the index,
   * which is no text.
   */
  read(): Record<string, string> {
    const files: Record<string, string> = {};
    for (const entry of this.#entries()) {
      if (entry.name === ".index.db") continue;
      files[entry.name] = entry.isFile
        ? Deno.readTextFileSync(this.join(entry.name))
        : entry.isDirectory
        ? "<directory>"
        : entry.isSymlink
        ? "<link>"
        : "<special>";
    }
    return files;
  }

  #entries(): Deno.DirEntry[] {
    return [...Deno.readDirSync(this.path)].sort((a, b) =>
      a.name < b.name ? -1 : 1
    );
  }

  /**
   * Everything that a change would show in: names, kinds, inodes, sizes, modes, and times of files
   * and directory.
   */
  snapshot(): unknown {
    const facts = (path: string): unknown => {
      const { ino, size, mode, mtime, ctime, nlink } = Deno.lstatSync(path);
      return { ino, size, mode, mtime, ctime, nlink };
    };
    return [
      facts(this.path),
      ...this.#entries().map(({ name }) => [name, facts(this.join(name))]),
    ];
  }

  /** Opens the lock file, for the option of a store that shall have one. */
  lock(): HeldLock {
    const options = { read: true, write: true, create: true };
    const file = Deno.openSync(this.join("lock"), options);
    return { file, [Symbol.dispose]: () => file.close() };
  }

  /** Whether there is an index. */
  get hasIndex(): boolean {
    return this.#entries().some(({ name }) => name === ".index.db");
  }

  /** Makes the file `name` `ageMs` older than it is. */
  age(name: string, ageMs: number): void {
    const time = new Date(Date.now() - ageMs);
    Deno.utimeSync(this.join(name), time, time);
  }

  /** A store that may repair and has no lock, unless `options` says otherwise. */
  open({ remember, ...options }: OpenOptions = {}): DiskStore {
    const directory = new CountedDirectory(this.path, this.reads);
    const log: Log = (...event) =>
      void this.logged.push(formatLogLine(...event));
    const history = remember && openHistory({
      directory,
      tryTo: (event, body) => bestEffort(log, event, body),
      ...remember,
    });
    return new DiskStore({
      directory,
      lock: undefined,
      repair: true,
      log,
      history,
      ...options,
    });
  }

  /** How much `body` reads of the directory, through stores opened here. */
  readsOf(body: () => void): Reads {
    const { scans, files } = this.reads;
    body();
    return { scans: this.reads.scans - scans, files: this.reads.files - files };
  }

  /** Makes one ADD of interface eth0: of c1 from 10.0.0.0/24, by default. Returns the addresses. */
  add(
    {
      containerId = "c1",
      subnets = ["10.0.0.0/24"],
      requested = [],
      answer = () => {},
      options = {},
    }: AddCall = {},
  ): string[] {
    const rangeSets = subnets.map((subnet) => rangeSet(subnet));
    const requestedAddresses = requested.map(ip);
    using store = this.open(options);
    const preferences = store.preferencesOf(attachment({ containerId }));
    const { choices } = planAdd(
      { rangeSets, requestedAddresses, containerId, preferences },
      store.reservationsOf(attachment({ containerId })),
    );
    using reserved = store.reserve(attachment({ containerId }), { choices });
    answer();
    reserved.keep();
    return choices.map(({ address }) => formatIpAddress(address));
  }

  /** One DEL of interface eth0, unless it is said otherwise. */
  release(
    facts: Partial<ContainerInterface> = {},
    options: OpenOptions = {},
  ): void {
    using store = this.open(options);
    store.release(attachment(facts));
  }

  /** Makes one GC that keeps what `keep` returns true for. */
  gc(
    keep: (reservation: Reservation) => boolean,
    options: OpenOptions = {},
  ): void {
    using store = this.open(options);
    store.releaseUnless(keep);
  }

  /** The addresses that an attachment holds, as CHECK finds them. */
  heldBy(
    facts: Partial<ContainerInterface> = {},
    options: OpenOptions = {},
  ): string[] {
    using store = this.open(options);
    return store.heldBy(attachment(facts)).map(formatIpAddress);
  }
}

/** `count` files of containers o0, o1, ... from 10.0.0.2 on. */
export function crowd(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const host = index + 2;
      const owner = formatOwner(attachment({ containerId: `o${index}` }));
      return [`10.0.${host >> 8}.${host & 255}`, owner];
    }),
  );
}

/** A number of milliseconds ago that lies before the machine was started. */
export function beforeBootMs(): number {
  return Deno.osUptime() * 1000 + 3_600_000;
}
