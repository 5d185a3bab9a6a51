/** The state of the container of each reservation, with few reads of files. Pure. @module */

import { cacheName, type Liveness, livenessOf } from "./liveness.ts";
import type { RecordedReservation } from "./network_facts.ts";
import { containerOf } from "./network_facts.ts";
import type { Owner } from "../reservation_format.ts";
import type { OperatorPorts } from "./ports.ts";
import type { CachedAttachment, RuntimeTraces } from "./runtime_traces.ts";

/** Each takes a read. Beyond that, the content of the cache is not used. */
const MAX_CACHED_READS = 2_000;

/** What is known about the container of a reservation. */
export interface ContainerState {
  readonly liveness: Liveness;
  readonly cached: CachedAttachment | undefined;
}

/** Finds out about containers. */
export class ContainerStates {
  readonly #ports: Pick<OperatorPorts, "readCached">;
  readonly #traces: RuntimeTraces;
  /** Whether there is no trace of any container. */
  readonly #isEmpty: boolean;
  #readsLeft = MAX_CACHED_READS;
  /** What is known about a container that left no trace anywhere: the same for each. */
  #nothing: ContainerState | undefined;

  constructor(ports: Pick<OperatorPorts, "readTraces" | "readCached">) {
    this.#ports = ports;
    this.#traces = ports.readTraces();
    const { containers, namespaces, cached } = this.#traces;
    this.#isEmpty = containers.size + namespaces.size + cached.size === 0;
  }

  /**
   * Returns what is known about the container of a reservation in a network.
   *
   * @param owner That of the reservation, if the caller has asked for it already.
   */
  of(
    networkName: string,
    reservation: RecordedReservation,
    owner = reservation.owner,
  ): ContainerState {
    if (this.#isTraceless(reservation, owner)) {
      return this.#nothing ??= this.#find(networkName, reservation);
    }
    return this.#find(networkName, reservation);
  }

  #find(
    networkName: string,
    reservation: RecordedReservation,
  ): ContainerState {
    const cached = this.#readCached(networkName, reservation);
    const { unreadable } = reservation;
    const question = { networkName, reservation, unreadable, cached };
    return { liveness: livenessOf(question, this.#traces), cached };
  }

  /** Returns whether the host has nothing at all about the container of a reservation. */
  #isTraceless(
    { fromEarlierBoot, unreadable }: RecordedReservation,
    owner: Owner,
  ): boolean {
    if (fromEarlierBoot || unreadable !== undefined) return false;
    const containerId = containerOf(owner);
    if (this.#isEmpty || containerId === undefined) {
      return containerId !== undefined;
    }
    const { containers, namespaces, cached } = this.#traces;
    return cached.size === 0 && !containers.has(containerId) &&
      !namespaces.has(containerId);
  }

  #readCached(
    networkName: string,
    { owner }: RecordedReservation,
  ): CachedAttachment | undefined {
    if (this.#traces.cached.size === 0 || containerOf(owner) === undefined) {
      return undefined;
    }
    const path = this.#traces.cached.get(cacheName(networkName, owner));
    if (path === undefined || this.#readsLeft === 0) return undefined;
    this.#readsLeft--;
    return this.#ports.readCached(path);
  }
}
