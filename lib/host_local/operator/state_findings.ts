/** Everything that can be inconsistent in the directory of a network. Pure. @module */

import { parseAnyFamily, parseIpAddress } from "../../net/ip_address.ts";
import { FILE_NAME } from "../file_name.ts";
import type { RangeSet } from "../range_set.ts";
import { findRange, isGateway } from "../range_set.ts";
import { ownerKey, parseCursorName } from "../reservation_format.ts";
import {
  type FiledReservation,
  type FileFacts,
  type NetworkFacts,
  ownerOf,
  reservationsIn,
} from "./network_facts.ts";
import type { RepairStep } from "./ports.ts";

/** Something that is not as a call of the plugin leaves it. */
export interface Finding {
  /** One of {@link FINDINGS}. */
  readonly id: FindingId;
  /** The name of the file; empty if it is about the directory. */
  readonly name: string;
  /** More about this case; empty if the meaning says it all. */
  readonly detail: string;
  /** How `--repair` repairs it; undefined if it does not. */
  readonly repair: RepairStep | { readonly kind: "next call" } | undefined;
}

/** What a finding means, and what to do about it. */
export interface FindingMeaning {
  /** A `problem` keeps an address or a call from working; a `note` is harmless. */
  readonly severity: "problem" | "note";
  readonly meaning: string;
  readonly remedy: string;
}

/** Every finding. */
export const FINDINGS = {
  "directory-exposed": {
    severity: "problem",
    meaning:
      "other users can change the reservations, so the plugin keeps no index and repairs nothing",
    remedy: "make the directory writable by its owner only, and root its owner",
  },
  "lock-missing": {
    severity: "note",
    meaning: "there is no lock file, although there are reservations",
    remedy: "none: the next call creates it",
  },
  "lock-held": {
    severity: "problem",
    meaning:
      "another call holds the lock, so every call fails after its timeout",
    remedy: "find the process with fuser -v, and end it if it hangs",
  },
  "lock-refused": {
    severity: "problem",
    meaning:
      "this user cannot take the lock, so the files may have changed while they were read",
    remedy: "run the command as the user that runs the plugins, normally root",
  },
  "not-a-file": {
    severity: "problem",
    meaning:
      "the plugin needs a regular file of this name, and its calls fail while there is something else",
    remedy: "remove it",
  },
  "reservation-not-a-file": {
    severity: "problem",
    meaning:
      "something other than a file has the name of an address, which counts as taken; no call releases it",
    remedy: "remove it",
  },
  "reservation-unreadable": {
    severity: "problem",
    meaning:
      "the owner of the address cannot be read, so the address counts as taken",
    remedy: "make the file readable, or remove it if its container is gone",
  },
  "reservation-empty": {
    severity: "problem",
    meaning:
      "a process ended between creating the file and writing the owner; upstream counts the address as taken",
    remedy: "none: the next call of this plugin removes the file",
  },
  "reservation-without-owner": {
    severity: "problem",
    meaning:
      "the text in the file names no container, so no call releases the address",
    remedy: "remove the file, if no container uses the address",
  },
  "interface-unknown": {
    severity: "note",
    meaning:
      "a very old version wrote the container without its interface; a DEL of the container releases the address if it holds nothing else",
    remedy: "none",
  },
  "several-addresses": {
    severity: "problem",
    meaning:
      "one interface of a container holds several addresses of one range set; an ADD reserves one",
    remedy:
      "remove the files of the addresses that the interface does not have",
  },
  "outside-ranges": {
    severity: "note",
    meaning:
      "the address is in none of the range sets that are configured now; DEL and GC release it as usual",
    remedy: "none",
  },
  "gateway-reserved": {
    severity: "problem",
    meaning: "a container holds an address that is configured as a gateway",
    remedy: "recreate the container, or change the gateway",
  },
  "file-exposed": {
    severity: "problem",
    meaning: "other users can write the file",
    remedy: "make it writable by its owner only",
  },
  "time-in-future": {
    severity: "note",
    meaning:
      "the address was reserved in the future, by the clock as it is now; gcGraceSeconds counts from then",
    remedy: "none, if the clock is right again",
  },
  "name-not-canonical": {
    severity: "problem",
    meaning:
      "the name is an address in a form that no plugin writes; it reserves nothing, and no DEL removes the file",
    remedy: "rename it to the canonical form of the address, or remove it",
  },
  "add-interrupted": {
    severity: "problem",
    meaning:
      "an ADD ended before it answered; the runtime does not know the addresses that it reserved",
    remedy: "none: the next call undoes it",
  },
  "answer-unconfirmed": {
    severity: "note",
    meaning:
      "an ADD ended while it answered; its addresses stay reserved, and the same ADD gets them again",
    remedy: "none: the next DEL or GC removes the marker",
  },
  "temporary-left": {
    severity: "note",
    meaning: "a temporary file was not renamed",
    remedy: "none: the next call removes it",
  },
  "index-outdated": {
    severity: "note",
    meaning:
      "the directory was changed without the index, so the next call reads all files",
    remedy: "none: the next ADD, DEL or GC rebuilds it",
  },
  "index-damaged": {
    severity: "problem",
    meaning: "the index is not what the files say",
    remedy: "remove it: it is a cache",
  },
  "index-leftover": {
    severity: "note",
    meaning: "SQLite left a file beside the index",
    remedy: "remove it",
  },
  "cursor-invalid": {
    severity: "problem",
    meaning:
      "the file has no address, so the search for a free address starts at the beginning of the range set",
    remedy: "remove it",
  },
  "cursor-outside": {
    severity: "note",
    meaning:
      "the last reserved address is outside the range set, so the search starts at its beginning",
    remedy: "none: the next ADD replaces it",
  },
  "cursor-unused": {
    severity: "note",
    meaning: "there is no range set of this number in the configuration",
    remedy: "none, or remove it if no runtime passes ipRanges",
  },
  "foreign-file": {
    severity: "note",
    meaning: "no plugin knows this name, and all ignore it",
    remedy: "none, or move it elsewhere",
  },
} as const satisfies Readonly<Record<string, FindingMeaning>>;

/** The name of a finding. */
export type FindingId = keyof typeof FINDINGS;

/** By how much a clock may differ before a time counts as in the future. */
const CLOCK_TOLERANCE_MS = 60_000;
const WRITABLE_BY_OTHERS = 0o022;
const NEXT_CALL = { kind: "next call" } as const;

/**
 * Returns everything that is inconsistent, sorted by file name.
 *
 * @param options `rangeSets`: those of the configuration, undefined if it is unknown; `nowMs`: the
 *   wall clock.
 */
export function findingsIn(
  facts: NetworkFacts,
  options: {
    readonly rangeSets: readonly RangeSet[] | undefined;
    readonly nowMs: number;
  },
): readonly Finding[] {
  const findings = [
    ...facts.files.flatMap((file) => fileFindings(file, facts, options)),
    ...severalAddresses(reservationsIn(facts), options.rangeSets),
  ].sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.id, b.id));
  return [...directoryFindings(facts), ...findings];
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function finding(
  id: FindingId,
  name: string,
  { detail = "", repair }: {
    readonly detail?: string;
    readonly repair?: Finding["repair"];
  } = {},
): Finding {
  return { id, name, detail, repair };
}

function directoryFindings(facts: NetworkFacts): readonly Finding[] {
  const { exposure, lock, mode, files } = facts;
  const isWritable = (mode & WRITABLE_BY_OTHERS) !== 0;
  return [
    ...(exposure === undefined ? [] : [
      finding("directory-exposed", "", {
        detail: exposure,
        repair: isWritable ? { kind: "protect", name: "" } : undefined,
      }),
    ]),
    ...(lock.kind === "unavailable"
      ? [
        finding(lock.isRefused ? "lock-refused" : "lock-held", FILE_NAME.lock, {
          detail: lock.reason,
        }),
      ]
      : []),
    ...(lock.kind === "missing" &&
        files.some(({ address }) => address !== undefined)
      ? [finding("lock-missing", FILE_NAME.lock, { repair: NEXT_CALL })]
      : []),
  ];
}

interface FindingOptions {
  readonly rangeSets: readonly RangeSet[] | undefined;
  readonly nowMs: number;
}

function fileFindings(
  file: FileFacts,
  facts: NetworkFacts,
  options: FindingOptions,
): readonly Finding[] {
  const { name, kind, mode } = file;
  const isExposed = kind === "file" && (mode & WRITABLE_BY_OTHERS) !== 0;
  return [
    ...(file.address === undefined
      ? otherFindings(file, facts, options)
      : reservationFindings(file, options)),
    ...(isExposed
      ? [finding("file-exposed", name, { repair: { kind: "protect", name } })]
      : []),
  ];
}

function reservationFindings(
  file: FileFacts,
  { rangeSets, nowMs }: FindingOptions,
): readonly Finding[] {
  const { name, address, kind, unreadable, modifiedMs } = file;
  if (address === undefined) return [];
  if (kind !== "file") {
    return [finding("reservation-not-a-file", name, { detail: kind })];
  }
  if (unreadable !== undefined) {
    return [finding("reservation-unreadable", name, { detail: unreadable })];
  }
  const owner = ownerOf(file);
  if (owner.kind === "none") {
    return [finding("reservation-empty", name, { repair: NEXT_CALL })];
  }
  const isInside = rangeSets?.some((set) => findRange(set, address));
  const isReservedGateway = rangeSets?.some((set) => isGateway(set, address));
  return [
    ...(owner.kind === "unknown"
      ? [finding("reservation-without-owner", name)]
      : []),
    ...(owner.kind === "container"
      ? [finding("interface-unknown", name, { detail: owner.containerId })]
      : []),
    ...(isReservedGateway === true
      ? [finding("gateway-reserved", name)]
      : isInside === false
      ? [finding("outside-ranges", name)]
      : []),
    ...(modifiedMs > nowMs + CLOCK_TOLERANCE_MS
      ? [
        finding("time-in-future", name, {
          detail: new Date(modifiedMs).toISOString(),
        }),
      ]
      : []),
  ];
}

function otherFindings(
  file: FileFacts,
  facts: NetworkFacts,
  { rangeSets }: FindingOptions,
): readonly Finding[] {
  const { name, kind } = file;
  const index = parseCursorName(name);
  const isOurs = Object.values<string>(FILE_NAME).includes(name) ||
    index !== undefined;
  if (isOurs && kind !== "file") {
    return [finding("not-a-file", name, { detail: kind })];
  }
  if (index !== undefined) {
    return cursorFindings(file, { index, rangeSets });
  }
  switch (name) {
    case FILE_NAME.lock:
    case FILE_NAME.earlierBoot:
    case FILE_NAME.history:
      return [];
    case FILE_NAME.pending:
      return [
        finding("add-interrupted", name, {
          detail: linkedAddresses(file, facts),
          repair: NEXT_CALL,
        }),
      ];
    case FILE_NAME.answered:
      return [
        finding("answer-unconfirmed", name, {
          detail: linkedAddresses(file, facts),
        }),
      ];
    case FILE_NAME.cursor:
      return [finding("temporary-left", name, { repair: NEXT_CALL })];
    case FILE_NAME.index:
      return indexFindings(facts);
  }
  if (name.startsWith(`${FILE_NAME.index}-`)) {
    return [
      finding("index-leftover", name, { repair: { kind: "remove", name } }),
    ];
  }
  return [
    finding(
      parseAnyFamily(name) === undefined
        ? "foreign-file"
        : "name-not-canonical",
      name,
    ),
  ];
}

/** Returns the addresses that the ADD of a marker reserved: links of the same file. */
function linkedAddresses(
  { inode }: FileFacts,
  { files }: NetworkFacts,
): string {
  const names = files.filter((file) =>
    file.address !== undefined && file.inode === inode
  ).map(({ name }) => name).sort();
  return names.length === 0 ? "no address" : listed(names);
}

const MAX_LISTED = 8;

function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  const shown = names.slice(0, MAX_LISTED).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function indexFindings({ index }: NetworkFacts): readonly Finding[] {
  const { index: name } = FILE_NAME;
  switch (index.kind) {
    case "none":
    case "current":
      return [];
    case "outdated":
      return [finding("index-outdated", name, { repair: NEXT_CALL })];
    case "damaged":
      return [
        finding("index-damaged", name, {
          detail: index.reason,
          repair: NEXT_CALL,
        }),
      ];
  }
}

function cursorFindings(
  { name, content }: FileFacts,
  { index, rangeSets }: {
    readonly index: number;
    readonly rangeSets: readonly RangeSet[] | undefined;
  },
): readonly Finding[] {
  const address = parseIpAddress(content ?? "");
  if (address === undefined) {
    return [
      finding("cursor-invalid", name, { repair: { kind: "remove", name } }),
    ];
  }
  if (rangeSets === undefined) return [];
  const set = rangeSets[index];
  if (set === undefined) return [finding("cursor-unused", name)];
  return findRange(set, address) === undefined
    ? [finding("cursor-outside", name, { detail: content ?? "" })]
    : [];
}

/** Finds owners with several addresses in one range set; without range sets nothing is known. */
function severalAddresses(
  reservations: readonly FiledReservation[],
  rangeSets: readonly RangeSet[] = [],
): readonly Finding[] {
  return rangeSets.flatMap((set) => {
    const names = new Map<string, string[]>();
    for (const { owner, address, file } of reservations) {
      const key = ownerKey(owner);
      if (
        owner.kind !== "attachment" || findRange(set, address) === undefined
      ) {
        continue;
      }
      const known = names.get(key) ?? [];
      known.push(file.name);
      names.set(key, known);
    }
    return [...names.values()].filter(({ length }) => length > 1)
      .flatMap((list) => {
        const detail = `the interface holds ${listed(list)}`;
        return list.map((name) =>
          finding("several-addresses", name, { detail })
        );
      });
  });
}
