/**
 * What is remembered about addresses beyond their reservations: which pod had each, and when it was
 * released. Pure.
 *
 * Upstream's files have no place for it. It is kept in a file of its own, which may be lost: then
 * addresses are chosen as without it. A reservation always overrides what is remembered.
 *
 * @module
 */

import type { ContainerInterface } from "../cni/attachment.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseAnyFamily,
} from "../net/ip_address.ts";

/** A Kubernetes pod. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
}

/** A moment that changes of the wall clock do not move. */
export interface Moment {
  /** Identifies the boot of the machine. */
  readonly bootId: number;
  /** Seconds since that boot, rounded down. */
  readonly uptimeSeconds: number;
  /** Wall clock, milliseconds since 1970; only shown. */
  readonly atMs: number;
}

/** The last use of an address. */
export interface AddressUse {
  readonly address: IpAddress;
  /** A part is empty if it is unknown. */
  readonly attachment: ContainerInterface;
  readonly pod: Pod | undefined;
  /** Wall clock, milliseconds since 1970. */
  readonly reservedAtMs: number;
  /** Undefined if no release has been recorded. */
  readonly released: Moment | undefined;
}

/** What a network configuration wants to be remembered, and the pod of the call. */
export interface HistorySettings {
  /** How long an address is not reused after its release; 0 if that does not matter. */
  readonly cooldownSeconds: number;
  /** Whether pods get the address back that they had last. */
  readonly isSticky: boolean;
  /** Whether an ADD records the pod of an address. */
  readonly recordsOwners: boolean;
  /** The pod of the call; undefined if the caller has not named it. */
  readonly pod: Pod | undefined;
}

/** The maximum number of remembered addresses. The oldest are forgotten. */
export const MAX_REMEMBERED = 4_096;

/** How many remain when the oldest are forgotten, so that not every call has to do it. */
const LEFT_REMEMBERED = 3_072;

/** Lines beyond twice as many as are needed, before the file is rewritten. */
const SPARE_LINES = 64;

/** No line is longer: a torn write, or another program. It would be read in each call. */
const MAX_LINE_LENGTH = 2_048;

/** Longer texts are not recorded. */
const MAX_FIELD_LENGTH = 253;

const LINE =
  /^(\S+) (\S+) (\S+) (?:([^\s/]+)\/([^\s/]+)|-) (\d{1,15})(?: (\d{1,15}) (\d{1,15}) (\d{1,15}))?$/;

/** Returns whether two pods are the same. */
export function samePod(a: Pod | undefined, b: Pod | undefined): boolean {
  return a !== undefined && a.namespace === b?.namespace && a.name === b.name;
}

/** Formats a use as a line: `<address> <interface> <container> <pod> <reserved> [<released>]`. */
export function formatUse(
  { address, attachment, pod, reservedAtMs, released }: AddressUse,
): string {
  const { containerId, ifName } = attachment;
  return [
    formatIpAddress(address),
    field(ifName),
    field(containerId),
    pod === undefined ? "-" : `${pod.namespace}/${pod.name}`,
    Math.floor(reservedAtMs),
    ...(released === undefined
      ? []
      : [released.bootId, released.uptimeSeconds, Math.floor(released.atMs)]),
  ].join(" ");
}

function field(text: string): string {
  return text.length > MAX_FIELD_LENGTH || !/^[!-~]+$/.test(text) ? "-" : text;
}

function fromField(text: string | undefined): string {
  return text === undefined || text === "-" ? "" : text;
}

/** Parses a line; undefined if it is damaged. */
function parseUse(line: string): AddressUse | undefined {
  const [
    ,
    name = "",
    ifName,
    containerId,
    namespace,
    podName,
    reserved,
    bootId,
    uptime,
    at,
  ] = LINE.exec(line) ?? [];
  const address = parseAnyFamily(name);
  if (address === undefined) return undefined;
  return {
    address,
    attachment: {
      containerId: fromField(containerId),
      ifName: fromField(ifName),
    },
    pod: namespace === undefined || podName === undefined
      ? undefined
      : { namespace, name: podName },
    reservedAtMs: Number(reserved),
    released: bootId === undefined ? undefined : {
      bootId: Number(bootId),
      uptimeSeconds: Number(uptime),
      atMs: Number(at),
    },
  };
}

/** Returns how many seconds an address cools down from now on; 0 if it does not. */
export function coolingSeconds(
  { released }: Pick<AddressUse, "released">,
  { cooldownSeconds, now }: {
    readonly cooldownSeconds: number;
    readonly now: Moment;
  },
): number {
  if (released === undefined || cooldownSeconds === 0) return 0;
  const isInThisBoot = released.bootId === now.bootId &&
    released.uptimeSeconds <= now.uptimeSeconds;
  // After another boot, at least the time since then has passed.
  const before = isInThisBoot ? released.uptimeSeconds : 0;
  // Both are rounded down, so the difference can be a second too large.
  const passed = Math.max(0, now.uptimeSeconds - before - 1);
  return Math.max(0, cooldownSeconds - passed);
}

/** The last use of each address. */
export class AddressHistory {
  /** By address; the oldest event first. */
  readonly #uses = new Map<string, AddressUse>();
  /** The lines of the file, with those that later ones replace. */
  #lineCount = 0;
  /** Whether the last line of the file is complete. */
  #isComplete = true;

  /**
   * Parses a file. Damaged lines are ignored: what they said is forgotten. A file with one that is
   * too long is to be replaced.
   *
   * @param text Undefined for a file that cannot be read, and is to be replaced.
   */
  static parse(text: string | undefined): AddressHistory {
    const history = new AddressHistory();
    if (text === undefined) {
      history.#lineCount = Infinity;
      return history;
    }
    history.#isComplete = text === "" || text.endsWith("\n");
    for (const line of text.split("\n")) {
      if (line === "") continue;
      history.#lineCount++;
      const use = parseUse(line);
      if (use !== undefined) history.#set(use);
      else if (line.length > MAX_LINE_LENGTH) history.#lineCount = Infinity;
    }
    return history;
  }

  #set(use: AddressUse): void {
    const name = formatIpAddress(use.address);
    this.#uses.delete(name);
    this.#uses.set(name, use);
  }

  /** Whether nothing is remembered. */
  get isEmpty(): boolean {
    return this.#uses.size === 0;
  }

  /** Whether the pod of an address is remembered. */
  get hasPods(): boolean {
    return this.uses().some(({ pod }) => pod !== undefined);
  }

  /** Returns the last use of an address, if it is remembered. */
  of(address: IpAddress): AddressUse | undefined {
    return this.#uses.get(formatIpAddress(address));
  }

  /** Returns what is remembered, the oldest event first. */
  uses(): readonly AddressUse[] {
    return [...this.#uses.values()];
  }

  /**
   * Records uses, and forgets what is of no more use.
   *
   * @returns What to write: lines for the end of the file, or a whole new file.
   */
  record(
    uses: readonly AddressUse[],
    options: { readonly settings: HistorySettings; readonly now: Moment },
  ): { readonly kind: "append" | "replace"; readonly text: string } {
    for (const use of uses) this.#set(use);
    this.#lineCount += uses.length;
    for (const [name, use] of this.#uses) {
      if (!isUseful(use, options)) this.#uses.delete(name);
    }
    if (this.#uses.size > MAX_REMEMBERED) {
      const oldest = [...this.#uses.keys()].slice(0, -LEFT_REMEMBERED);
      for (const name of oldest) this.#uses.delete(name);
    }
    if (this.#lineCount <= 2 * this.#uses.size + SPARE_LINES) {
      const start = this.#isComplete ? "" : "\n";
      this.#isComplete = true;
      return { kind: "append", text: start + linesOf(uses) };
    }
    this.#lineCount = this.#uses.size;
    this.#isComplete = true;
    return { kind: "replace", text: linesOf(this.uses()) };
  }
}

function linesOf(uses: readonly AddressUse[]): string {
  return uses.map((use) => `${formatUse(use)}\n`).join("");
}

/** A released address matters while it cools down, or if its pod may get it back. */
function isUseful(
  use: AddressUse,
  { settings: { isSticky, cooldownSeconds }, now }: {
    readonly settings: HistorySettings;
    readonly now: Moment;
  },
): boolean {
  return use.released === undefined || (isSticky && use.pod !== undefined) ||
    coolingSeconds(use, { cooldownSeconds, now }) > 0;
}
