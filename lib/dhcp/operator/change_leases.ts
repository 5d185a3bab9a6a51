/** `dhcp renew` and `dhcp release`: what an operator asks the daemon to do. @module */

import { SystemError } from "../../base/errors.ts";
import { escapedText } from "../../base/quoted_text.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { attachmentText } from "../../cni/attachment.ts";
import type { LeaseEvent } from "../protocol/lease_event.ts";
import type { LeaseReport } from "../protocol/lease_report.ts";
import {
  askForLeases,
  askForRelease,
  askForRenewal,
  type DaemonAddress,
  unreachableError,
  upstreamError,
} from "./ask_daemon.ts";
import { chooseLeases, type LeaseChoice } from "./known_leases.ts";
import { noLeaseText } from "./leases.ts";
import { dateOf, formatTime } from "./lease_values.ts";
import type { OperatorPorts } from "./ports.ts";

/** What came of a change of one lease. */
interface Change {
  readonly report: LeaseReport;
  readonly isDone: boolean;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * Renews the leases of a container now.
 *
 * @throws {SystemError} if there is no daemon that can.
 * @throws {UsageError} if the container is ambiguous.
 */
export async function renew(
  choice: LeaseChoice,
  socketPath: string,
  ports: OperatorPorts,
): Promise<Outcome> {
  const at = { socketPath, ports };
  return await changeEach(choice, "renew", at, {
    change: async (report) => {
      const event = await askForRenewal(report.attachment, at);
      return renewal(report, event, ports.clock.wallMs());
    },
    notes: () => [],
  });
}

/**
 * Releases the leases of a container.
 *
 * @throws {SystemError} if there is no daemon that can.
 * @throws {UsageError} if the container is ambiguous.
 */
export async function release(
  choice: LeaseChoice,
  socketPath: string,
  ports: OperatorPorts,
): Promise<Outcome> {
  const at = { socketPath, ports };
  return await changeEach(choice, "release", at, {
    change: async (report) => {
      await askForRelease(report.attachment, at);
      const address = report.lease?.address;
      const text = address === undefined
        ? "the search for a lease has ended"
        : `${address} is released`;
      return { report, isDone: true, text, json: { address: address ?? null } };
    },
    notes: (reports) =>
      reports.filter(({ state, lease }) =>
        state !== "GONE" && lease !== undefined
      ).map(({ ifName, netns, lease }) =>
        escapedText(
          `${ifName} in ${netns} may still have ${lease?.address}, which the server can now give to another host; recreate the container if it is still running`,
        )
      ),
  });
}

async function changeEach(
  choice: LeaseChoice,
  command: string,
  at: DaemonAddress,
  { change, notes }: {
    readonly change: (report: LeaseReport) => Promise<Change>;
    readonly notes: (reports: readonly LeaseReport[]) => readonly string[];
  },
): Promise<Outcome> {
  const asked = await askForLeases(at);
  if (asked.kind === "upstream") throw upstreamError(at.socketPath);
  if (asked.kind === "unreachable") throw unreachableError(asked);
  const found = chooseLeases(asked.leases, choice, command);
  const changes: Change[] = [];
  for (const report of found) {
    changes.push(await change(report).catch((error) => failed(report, error)));
  }
  const isDone = changes.length > 0 && changes.every((each) => each.isDone);
  return {
    status: isDone ? EXIT_STATUS.ok : EXIT_STATUS.problems,
    json: () => ({
      leases: changes.map(({ report, isDone, text, json }) => ({
        ...report.attachment,
        isDone,
        text,
        ...json,
      })),
    }),
    lines: ({ columns }) =>
      changes.length === 0
        ? [noLeaseText(choice)]
        : changes.flatMap(({ report, text }) =>
          wrapText(
            escapedText(`${attachmentText(report.attachment)}: ${text}`),
            { width: columns, indent: "  " },
          )
        ),
    notes: notes(
      changes.filter((each) => each.isDone).map(({ report }) => report),
    ),
  };
}

function failed(report: LeaseReport, error: unknown): Change {
  if (!(error instanceof SystemError)) throw error;
  return { report, isDone: false, text: error.message, json: {} };
}

function renewal(
  report: LeaseReport,
  { kind, address, server, expiresMs, detail }: LeaseEvent,
  nowMs: number,
): Change {
  const isDone = ["renewed", "rebound", "address-changed"].includes(kind);
  const parts = isDone
    ? [
      `${kind}: ${address} from ${server}`,
      `expiry ${formatTime(expiresMs, nowMs)}`,
    ]
    : [kind];
  const text = [...parts, detail].filter((part) => part !== "").join("; ");
  return {
    report,
    isDone,
    text,
    json: { event: kind, address, server, expiry: dateOf(expiresMs), detail },
  };
}
