/** What `host-local reclaim` prints. Pure. @module */

import { formatAge } from "../../base/age.ts";
import { counted } from "../../base/counted.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import { type Cell, type Column, formatTable } from "../../cli/table.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import {
  containerOf,
  type NetworkReservations,
  type RecordedReservation,
} from "./network_facts.ts";
import type {
  Proof,
  ReclaimEvidence,
  ReclaimProofs,
  Verdict,
} from "./reclaim_proofs.ts";

/** A reservation, and what was decided about it. */
export interface Judged {
  readonly network: NetworkReservations;
  readonly reservation: RecordedReservation;
  readonly verdict: Verdict;
  /** Why a reclaimable one was not released after all. */
  readonly failure?: string;
}

function baseJson(
  { network, reservation }: Judged,
  { nowMs }: ReclaimEvidence,
): Readonly<Record<string, unknown>> {
  const { address, owner, reservedAtMs, location } = reservation;
  return {
    network: network.name,
    address: formatIpAddress(address),
    containerId: containerOf(owner) ?? null,
    ifName: owner.kind === "attachment" ? owner.attachment.ifName : null,
    reservedAt: new Date(reservedAtMs).toISOString(),
    ageSeconds: Math.max(0, Math.floor((nowMs - reservedAtMs) / 1000)),
    file: location,
  };
}

/** Returns a reservation that was, or could be, released as `--json` prints it. */
export function reclaimableJson(
  each: Judged,
  { evidence, release }: {
    readonly evidence: ReclaimEvidence;
    readonly release: boolean;
  },
): unknown {
  const { verdict, failure } = each;
  return {
    ...baseJson(each, evidence),
    ...(verdict.kind === "reclaimable" ? { proofs: verdict.proofs } : {}),
    ...(release ? { released: failure === undefined } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Returns a reservation that is kept as `--json` prints it. */
export function keptJson(each: Judged, evidence: ReclaimEvidence): unknown {
  const { verdict } = each;
  return {
    ...baseJson(each, evidence),
    ...(verdict.kind === "kept" ? { reason: verdict.reason } : {}),
  };
}

const COLUMNS: readonly Column[] = [
  { title: "NETWORK", minWidth: 8 },
  { title: "ADDRESS" },
  { title: "CONTAINER", minWidth: 12 },
  { title: "AGE", isNumber: true },
];

function baseCells(
  judged: readonly Judged[],
  { nowMs }: ReclaimEvidence,
): readonly (readonly Cell[])[] {
  return [
    judged.map(({ network }) => network.name),
    judged.map(({ reservation }) => reservation.name),
    judged.map(({ reservation }) => containerOf(reservation.owner) ?? "-"),
    judged.map(({ reservation }) =>
      formatAge(nowMs - reservation.reservedAtMs)
    ),
  ];
}

/** Returns the lines on what was, or would be, released. */
export function reclaimableLines(
  judged: readonly Judged[],
  { evidence, release, screen }: {
    readonly evidence: ReclaimEvidence;
    readonly release: boolean;
    readonly screen: Screen;
  },
): readonly string[] {
  const failed = judged.filter(({ failure }) => failure !== undefined);
  const done = judged.filter(({ failure }) => failure === undefined);
  const verb = release ? "released" : "would release";
  return [
    toned(
      done.length === 0
        ? "no reservation can be reclaimed"
        : `${verb} ${counted(done.length, "reservation")}${
          release ? "" : "; --yes releases them"
        }`,
      done.length === 0 ? undefined : "heading",
      screen,
    ),
    ...(done.length === 0 ? [] : formatTable(
      [
        ...COLUMNS,
        { title: "ENDED", minWidth: 12 },
        { title: "NOT LISTED BY", minWidth: 13 },
      ],
      [
        ...baseCells(done, evidence),
        done.map((each) => proofsOf(each)?.ended.source ?? ""),
        done.map((each) => proofsOf(each)?.absent.source ?? ""),
      ],
      screen,
    )),
    ...failed.flatMap(({ reservation, failure }) =>
      wrapText(`not released: ${reservation.location}: ${failure}`, {
        width: screen.columns,
        indent: "  ",
      })
    ),
  ];
}

function proofsOf({ verdict }: Judged): ReclaimProofs | undefined {
  return verdict.kind === "reclaimable" ? verdict.proofs : undefined;
}

/** Returns the lines on what is kept, and why. */
export function keptLines(
  judged: readonly Judged[],
  { evidence, screen }: {
    readonly evidence: ReclaimEvidence;
    readonly screen: Screen;
  },
): readonly string[] {
  if (judged.length === 0) return [];
  const reasons = judged.flatMap(({ verdict }): readonly Proof[] =>
    verdict.kind === "kept" ? [verdict.reason] : []
  );
  return [
    "",
    toned(`keeps ${counted(judged.length, "reservation")}`, "heading", screen),
    ...formatTable(
      [...COLUMNS, { title: "BECAUSE" }],
      [...baseCells(judged, evidence), reasons.map(({ source }) => source)],
      screen,
    ),
    "",
    ...legendOf(reasons, screen),
  ];
}

/** Explains reasons, but not those of which each reservation has its own. */
function legendOf(
  reasons: readonly Proof[],
  { columns }: Screen,
): readonly string[] {
  const texts = new Map<string, Set<string>>();
  for (const { source, text } of reasons) {
    const known = texts.get(source) ?? new Set();
    texts.set(source, known.add(text));
  }
  return [...texts].filter(([, known]) => known.size === 1)
    .map(([source, known]) => `${source}: ${[...known].join("")}`).sort()
    .flatMap((line) => wrapText(line, { width: columns, indent: "  " }));
}
