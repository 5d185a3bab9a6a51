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
import type { FindingId } from "./finding_meanings.ts";
import type { RepairStep } from "./ports.ts";

/** Something that is not as a call of the plugin leaves it. */
export interface Finding {
  /** What it is. */
  readonly id: FindingId;
  /** The name of the file; empty if it is about the directory. */
  readonly name: string;
  /** More about this case; empty if the meaning says it all. */
  readonly detail: string;
  /** How `--repair` repairs it; undefined if it does not. */
  readonly repair: RepairStep | { readonly kind: "next call" } | undefined;
}

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
