/**
 * What is remembered about the addresses of a network, in its file `.history`.
 *
 * Loaded only if a network configuration wants something to be remembered, as a file of its own
 * (see tools/build/bundle.ts), which has a copy of the error classes. So the function that catches
 * errors of the plugin is a parameter.
 *
 * @module
 */

import type { LogEvent } from "../../base/log_event.ts";
import type { ContainerInterface } from "../../cni/attachment.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import { bootIdSeconds, nowMs, uptimeSeconds } from "../../sys/clock.ts";
import type { Choice } from "../add_plan.ts";
import {
  AddressHistory,
  type AddressUse,
  type HistorySettings,
  type Moment,
} from "../address_history.ts";
import { AddressPreferences } from "../address_preferences.ts";
import type { Owner } from "../reservation_format.ts";
import type { NetworkDirectory } from "./network_directory.ts";

/** Returns the present moment. */
export function presentMoment(): Moment {
  return {
    bootId: bootIdSeconds() ?? 0,
    uptimeSeconds: uptimeSeconds(),
    atMs: nowMs(),
  };
}

/** What a history is opened with. */
export interface HistoryOptions {
  readonly directory: NetworkDirectory;
  readonly settings: HistorySettings;
  /** Runs `body`, and logs the event if it fails. */
  readonly tryTo: (event: LogEvent, body: () => void) => boolean;
  /** When the call is made; by default now. */
  readonly now?: Moment;
}

/** Opens the history of a network. */
export function openHistory(options: HistoryOptions): HistoryFile {
  return new HistoryFile(options);
}

/**
 * The file, read at most once. No call fails because of it: what cannot be read or written is
 * logged, and forgotten.
 */
export class HistoryFile {
  readonly #options: HistoryOptions;
  readonly #now: Moment;
  #history: AddressHistory | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#now = options.now ?? presentMoment();
  }

  /** Returns what an ADD prefers; for any new container if `attachment` is undefined. */
  preferencesOf(
    attachment: ContainerInterface | undefined,
  ): AddressPreferences {
    const { settings } = this.#options;
    const history = this.#read();
    return new AddressPreferences({
      history,
      settings,
      attachment,
      now: this.#now,
    });
  }

  #read(): AddressHistory {
    if (this.#history !== undefined) return this.#history;
    const { directory, tryTo } = this.#options;
    let text: string | undefined;
    tryTo("history-unreadable", () => {
      text = directory.readHistory();
    });
    return this.#history = AddressHistory.parse(text);
  }

  /** Records what an ADD has reserved, and is about to release. */
  recordAdd(
    attachment: ContainerInterface,
    choices: readonly Choice[],
  ): void {
    const { settings: { recordsOwners, pod } } = this.#options;
    const reservedAtMs = this.#now.atMs;
    const released = choices.flatMap(({ replaced }) => replaced);
    this.#record(() => [
      ...released.flatMap((address) => this.#releaseOf(address)),
      ...(recordsOwners ? choices : []).map(({ address }) => ({
        address,
        attachment,
        pod,
        reservedAtMs,
        released: undefined,
      })),
    ]);
  }

  /**
   * Records the releases of addresses whose reservations still exist. If this process ends before
   * they are removed, they still hold the addresses, and are released again.
   */
  recordReleases(addresses: readonly IpAddress[]): void {
    this.#record(() =>
      addresses.flatMap((address) => this.#releaseOf(address))
    );
  }

  #releaseOf(address: IpAddress): readonly AddressUse[] {
    const { directory, settings } = this.#options;
    const found = directory.find(address);
    if (found === undefined) return [];
    const attachment = attachmentOf(found.owner);
    const known = this.#read().of(address);
    const isSame = known?.attachment.containerId === attachment.containerId &&
      known.attachment.ifName === attachment.ifName;
    return [{
      address,
      attachment,
      pod: (isSame ? known.pod : undefined) ?? settings.pod,
      reservedAtMs: isSame ? known.reservedAtMs : found.reservedAtMs,
      released: this.#now,
    }];
  }

  #record(findUses: () => readonly AddressUse[]): void {
    const { directory, settings, tryTo } = this.#options;
    tryTo("history-not-written", () => {
      const uses = findUses();
      if (uses.length === 0) return;
      const options = { settings, now: this.#now };
      const { kind, text } = this.#read().record(uses, options);
      if (kind === "append") directory.appendHistory(text);
      else directory.replaceHistory(text);
    });
  }
}

/** Returns the container and the interface that an owner names; empty if it names none. */
function attachmentOf(owner: Owner): ContainerInterface {
  switch (owner.kind) {
    case "attachment":
      return owner.attachment;
    case "container":
      return { containerId: owner.containerId, ifName: "" };
    case "unknown":
    case "none":
      return { containerId: "", ifName: "" };
  }
}
