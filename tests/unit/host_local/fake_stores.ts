/** Reservations in memory, for handlers: what `ReservationStore` promises and no more. @module */

import { SystemError } from "../../../lib/base/errors.ts";
import type { StoreConfig } from "../../../lib/host_local/config.ts";
import type {
  AddPlan,
  Reservations,
} from "../../../lib/host_local/add_plan.ts";
import {
  formatOwner,
  ownerKey,
  parseOwner,
} from "../../../lib/host_local/reservation.ts";
import type {
  Reservation,
  ReservationStore,
  ReservationStores,
} from "../../../lib/host_local/reservation_store.ts";
import {
  formatIpAddress,
  type IpAddress,
} from "../../../lib/net/ip_address.ts";
import { ip, tableOf } from "./builders.ts";
import type { ContainerInterface } from "../../../lib/cni/attachment.ts";

/** Where the network `net` is in tests of handlers. */
export const DIRECTORY = "/d/net";

/** When its reservations were made. */
export const RESERVED_AT_MS = Date.UTC(2026, 0, 1);

/** One network, `/d/net`; every other has no directory. */
export class FakeStores implements ReservationStores, ReservationStore {
  /** Contents by address text. */
  readonly files: Map<string, string>;
  /** How it was opened and closed. */
  readonly log: string[] = [];
  readonly #exists: boolean;
  readonly #failure: SystemError | undefined;

  constructor(
    { files = {}, exists = true, failure }: {
      readonly files?: Readonly<Record<string, string>>;
      readonly exists?: boolean;
      /** What every way of opening it throws. */
      readonly failure?: SystemError;
    } = {},
  ) {
    this.files = new Map(Object.entries(files));
    this.#exists = exists;
    this.#failure = failure;
  }

  #open(how: string, { directory }: StoreConfig): this {
    if (this.#failure !== undefined) throw this.#failure;
    this.log.push(`${how} ${directory}`);
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
    this.log.push("close");
  }

  add(
    attachment: ContainerInterface,
    plan: (reservations: Reservations) => AddPlan,
    answer: (plan: AddPlan) => void,
  ): void {
    const chosen = plan({
      held: this.heldBy(attachment).map((address) => ({
        address,
        reusable: false,
      })),
      cursor: () => undefined,
      firstFree: (from, last) => this.firstFree(from, last),
    });
    const names = chosen.choices.map(({ address }) => formatIpAddress(address));
    for (const name of names) this.files.set(name, formatOwner(attachment));
    try {
      answer(chosen);
    } catch (error) {
      for (const name of names) this.files.delete(name);
      throw error;
    }
  }

  release(attachment: ContainerInterface): void {
    for (const address of this.heldBy(attachment)) {
      this.files.delete(formatIpAddress(address));
    }
  }

  releaseUnless(keep: (reservation: Reservation) => boolean): void {
    for (const reservation of this.list()) {
      if (!keep(reservation)) {
        this.files.delete(formatIpAddress(reservation.address));
      }
    }
  }

  heldBy(attachment: ContainerInterface): readonly IpAddress[] {
    return this.list()
      .filter(({ owner }) => ownerKey(owner) === formatOwner(attachment))
      .map(({ address }) => address);
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

  list(): readonly Reservation[] {
    return [...this.files.keys()].flatMap((name) => this.find(ip(name)) ?? []);
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return tableOf([...this.files.keys()]).firstFree(from, last);
  }
}
