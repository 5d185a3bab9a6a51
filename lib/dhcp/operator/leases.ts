/** `dhcp leases` and `dhcp show`: the leases of a host. Pure. @module */

import { escapedText, quotedText } from "../../base/quoted_text.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { type Screen, toned, UNLIMITED_COLUMNS } from "../../cli/screen.ts";
import { type Cell, type Column, formatTable } from "../../cli/table.ts";
import { formatDefinitions, wrapText } from "../../cli/wrapped_text.ts";
import { attachmentText } from "../../cni/attachment.ts";
import type { LeaseReport, ReportedProblem } from "../protocol/lease_report.ts";
import {
  chooseLeases,
  type KnownLeases,
  knownLeases,
  type LeaseChoice,
  type LeasePaths,
} from "./known_leases.ts";
import {
  formatTime,
  formatUntil,
  leaseJson,
  needsAttention,
  packetsOf,
  toneOf,
} from "./lease_values.ts";
import type { OperatorPorts } from "./ports.ts";

/** A column, and the cell of a lease in it. */
type LeaseColumn = readonly [
  Column,
  (report: LeaseReport, nowMs: number) => Cell,
];

const COLUMNS: readonly LeaseColumn[] = [
  [{ title: "CONTAINER", minWidth: 12 }, (r) => r.attachment.containerId],
  [{ title: "NETWORK", minWidth: 7 }, (r) => r.attachment.networkName],
  [{ title: "INTERFACE", minWidth: 9 }, (r) => r.attachment.ifName],
  [{ title: "STATE" }, (r) => ({ text: r.state, tone: toneOf(r) })],
  [{ title: "ADDRESS" }, (r) => r.lease?.address ?? "-"],
  [
    { title: "T1", isNumber: true },
    (r, nowMs) => formatUntil(r.lease?.t1Ms, nowMs),
  ],
  [
    { title: "EXPIRY", isNumber: true },
    (r, nowMs) => formatUntil(r.lease?.expiresMs, nowMs),
  ],
];

/** Only if the table may be as wide as it wants to be. */
const WIDE_COLUMNS: readonly LeaseColumn[] = [
  [
    { title: "T2", isNumber: true },
    (r, nowMs) => formatUntil(r.lease?.t2Ms, nowMs),
  ],
  [{ title: "SERVER" }, (r) => r.lease?.server ?? "-"],
  [{ title: "SENT", isNumber: true }, (r) => String(packetsOf(r, "sent"))],
  [
    { title: "RECEIVED", isNumber: true },
    (r) => String(packetsOf(r, "received")),
  ],
  [
    { title: "LAST ERROR" },
    ({ lastProblem }, nowMs) =>
      lastProblem === undefined ? "-" : formatProblem(lastProblem, nowMs),
  ],
];

/** What the states of lease files mean. */
const LEGEND: Readonly<Record<string, string>> = {
  "GONE": "GONE: the interface was removed; a DEL of the runtime is missing",
  "EARLIER-BOOT":
    "EARLIER-BOOT: from before the last boot; the next daemon releases it",
  "OFFERED": "OFFERED: an ADD was interrupted; the next daemon releases it",
  "LOST": "LOST: the address must not be used; the next daemon seeks another",
  "EXPIRED": "EXPIRED: the next daemon seeks another lease",
  "STORED": "STORED: the next daemon resumes it",
};

/**
 * Lists all leases.
 *
 * @throws {SystemError} if they cannot be read.
 */
export async function leases(
  paths: LeasePaths,
  ports: OperatorPorts,
): Promise<Outcome> {
  const known = await knownLeases(paths, ports);
  const { leases: all, notes, isComplete } = known;
  const nowMs = ports.clock.wallMs();
  return {
    status: !isComplete
      ? EXIT_STATUS.failure
      : all.some(needsAttention)
      ? EXIT_STATUS.problems
      : EXIT_STATUS.ok,
    json: () => jsonOf(known, all),
    lines: (screen) =>
      all.length === 0 ? [nothing(known, paths)] : [
        ...leaseTable(all, nowMs, screen),
        ...problemLines(all, nowMs, screen),
        ...legendOf(all),
      ],
    notes,
  };
}

/**
 * Shows the leases of one container.
 *
 * @throws {SystemError} if they cannot be read.
 * @throws {UsageError} if the container is ambiguous.
 */
export async function show(
  choice: LeaseChoice,
  paths: LeasePaths,
  ports: OperatorPorts,
): Promise<Outcome> {
  const known = await knownLeases(paths, ports);
  const found = chooseLeases(known.leases, choice, "show");
  const nowMs = ports.clock.wallMs();
  const isFine = found.length > 0 && !found.some(needsAttention);
  return {
    status: isFine ? EXIT_STATUS.ok : EXIT_STATUS.problems,
    json: () => jsonOf(known, found),
    lines: (screen) =>
      found.length === 0
        ? [noLeaseText(choice)]
        : found.flatMap((report, index) => [
          ...(index === 0 ? [] : [""]),
          ...leaseLines(report, { source: known.source, nowMs }, screen),
        ]),
    notes: known.notes,
  };
}

function jsonOf(
  { source }: KnownLeases,
  reports: readonly LeaseReport[],
): Readonly<Record<string, unknown>> {
  // A file has no counters.
  const unknown = source === "files" ? { packets: null } : {};
  return {
    source,
    leases: reports.map((report) => ({ ...leaseJson(report), ...unknown })),
  };
}

/** Says that a container has no lease. */
export function noLeaseText({ container, ifName }: LeaseChoice): string {
  const where = ifName === undefined
    ? ""
    : ` on interface ${quotedText(ifName)}`;
  return `no lease of container ${quotedText(container)}${where}`;
}

function nothing({ source }: KnownLeases, { socketPath }: LeasePaths): string {
  return source === "daemon"
    ? escapedText(`the daemon at ${socketPath} has no leases`)
    : "no leases";
}

function leaseTable(
  all: readonly LeaseReport[],
  nowMs: number,
  screen: Screen,
): readonly string[] {
  const columns = screen.columns === UNLIMITED_COLUMNS
    ? [...COLUMNS, ...WIDE_COLUMNS]
    : COLUMNS;
  return formatTable(
    columns.map(([column]) => column),
    columns.map(([, cellOf]) => all.map((report) => cellOf(report, nowMs))),
    screen,
  );
}

/** Says what went wrong with each lease that needs attention. */
function problemLines(
  all: readonly LeaseReport[],
  nowMs: number,
  { columns }: Screen,
): readonly string[] {
  const lines = all.filter(needsAttention).flatMap((report) => {
    const { attachment, lastProblem } = report;
    if (lastProblem === undefined) return [];
    const text = `${attachmentText(attachment)}: ${
      formatProblem(lastProblem, nowMs)
    }`;
    return wrapText(escapedText(text), { width: columns, indent: "  " });
  });
  return lines.length === 0 ? [] : ["", ...lines];
}

function formatProblem(
  { event, reason, atMs }: ReportedProblem,
  nowMs: number,
): string {
  const text = reason === "" ? event : `${event}: ${reason}`;
  return `${text} (${formatUntil(atMs, nowMs)})`;
}

function legendOf(all: readonly LeaseReport[]): readonly string[] {
  const lines = [...new Set(all.map(({ state }) => state))]
    .flatMap((state) => LEGEND[state] ?? []).sort();
  return lines.length === 0 ? [] : ["", ...lines];
}

function leaseLines(
  report: LeaseReport,
  { source, nowMs }: {
    readonly source: KnownLeases["source"];
    readonly nowMs: number;
  },
  screen: Screen,
): readonly string[] {
  const { attachment, state, netns, ifName, macAddress, lease } = report;
  const { lastProblem, unanswered } = report;
  const meaning = LEGEND[state];
  const rows: (readonly [string, string])[] = [
    ["state", meaning ?? state],
    ["interface", `${ifName} in ${netns}`],
    ...(macAddress === "" ? [] : [["MAC address", macAddress] as const]),
  ];
  if (lease !== undefined) {
    const { address, server, startMs, t1Ms, t2Ms, expiresMs } = lease;
    rows.push(
      ["address", address],
      ["server", server],
      ["start", formatTime(startMs, nowMs)],
      ["T1 (renewal)", formatTime(t1Ms, nowMs)],
      ["T2 (rebinding)", formatTime(t2Ms, nowMs)],
      ["expiry", formatTime(expiresMs, nowMs)],
    );
  }
  if (unanswered > 0) {
    rows.push(["waiting", `for an answer; sent ${times(unanswered)} so far`]);
  }
  // A file has no counters.
  if (source === "daemon") {
    rows.push(
      ["sent", formatCounts(report, "sent")],
      ["received", formatCounts(report, "received")],
      ["dropped", formatCounts(report, "dropped")],
      [
        "last error",
        lastProblem === undefined ? "none" : formatProblem(lastProblem, nowMs),
      ],
    );
  }
  return [
    toned(escapedText(attachmentText(attachment)), "heading", screen),
    ...formatDefinitions(
      rows.map(([term, text]) => [term, escapedText(text)]),
      screen.columns,
    ),
  ];
}

/** Formats the counters of one direction: `2 (discover 1, request 1)`. */
function formatCounts(
  report: LeaseReport,
  direction: "sent" | "received" | "dropped",
): string {
  const start = `${direction}_`;
  const parts = Object.entries(report.packets)
    .filter(([name]) => name.startsWith(start))
    .map(([name, count]) => `${name.slice(start.length)} ${count}`).sort();
  const total = packetsOf(report, direction);
  return parts.length === 0 ? "0" : `${total} (${parts.join(", ")})`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
