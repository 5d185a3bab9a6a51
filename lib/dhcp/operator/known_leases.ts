/** The leases of a host: those of the daemon, or of its files if no daemon runs. @module */

import { UsageError } from "../../cli/command_line.ts";
import { quotedText } from "../../base/quoted_text.ts";
import { attachmentText } from "../../cni/attachment.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { LeaseRecord } from "../daemon/lease_record.ts";
import { reportLease } from "../daemon/report_lease.ts";
import type { LeaseReport, ReportedLease } from "../protocol/lease_report.ts";
import { stateDirOf } from "../protocol/state_directory.ts";
import { askForLeases, unreachableError, upstreamError } from "./ask_daemon.ts";
import type { OperatorPorts } from "./ports.ts";

/** Leases, and how they are known. */
export interface KnownLeases {
  readonly source: "daemon" | "files";
  readonly leases: readonly LeaseReport[];
  /** What the reader should know. */
  readonly notes: readonly string[];
  /** Whether every lease file could be read. */
  readonly isComplete: boolean;
}

/** The paths of a daemon and of its lease files. */
export interface LeasePaths {
  readonly socketPath: string;
  /** Undefined: derived from the path of the socket. */
  readonly stateDir: string | undefined;
}

/** Which leases are wanted. */
export interface LeaseChoice {
  /** A container ID, or the start of one. */
  readonly container: string;
  /** Undefined: every interface. */
  readonly ifName: string | undefined;
}

/**
 * Returns the leases of the daemon, or those of the lease files if no daemon runs.
 *
 * @throws {SystemError} if neither can be read, or the daemon is upstream's.
 */
export async function knownLeases(
  { socketPath, stateDir = stateDirOf(socketPath) }: LeasePaths,
  ports: OperatorPorts,
): Promise<KnownLeases> {
  const asked = await askForLeases({ socketPath, ports });
  if (asked.kind === "upstream") throw upstreamError(socketPath);
  if (asked.kind === "leases") {
    const { leases } = asked;
    return { source: "daemon", leases, notes: [], isComplete: true };
  }
  if (stateDir === undefined) throw unreachableError(asked);
  const { records, unusable, bootId } = ports.readLeases(stateDir);
  const leases = records
    .map((record) => storedReport(record, bootId, ports.clock))
    .sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1);
  return {
    source: "files",
    leases,
    notes: [
      `no daemon answers (${asked.reason}); the leases are those of the files in ${stateDir}, and no program renews them`,
      ...unusable.map(({ path, reason }) => `${path} is ignored: ${reason}`),
    ],
    isComplete: unusable.length === 0,
  };
}

/**
 * Returns the leases of a container: of the one with this ID, or of the only one whose ID begins
 * with the text.
 *
 * @throws {UsageError} if several IDs begin with it.
 */
export function chooseLeases(
  leases: readonly LeaseReport[],
  { container, ifName }: LeaseChoice,
  command: string,
): readonly LeaseReport[] {
  const idOf = ({ attachment }: LeaseReport): string => attachment.containerId;
  const exact = leases.filter((lease) => idOf(lease) === container);
  const found = exact.length > 0
    ? exact
    : leases.filter((lease) => idOf(lease).startsWith(container));
  const ids = new Set(found.map(idOf));
  if (ids.size > 1) {
    throw new UsageError(
      `the IDs of ${ids.size} containers begin with ${quotedText(container)}`,
      command,
    );
  }
  return ifName === undefined
    ? found
    : found.filter(({ attachment }) => attachment.ifName === ifName);
}

function nameOf({ attachment }: LeaseReport): string {
  return attachmentText(attachment);
}

/** Returns what a lease file says. */
function storedReport(
  record: LeaseRecord,
  bootId: string,
  clock: OperatorPorts["clock"],
): LeaseReport {
  const { attachment, location, identity, grant } = record;
  // The clock of the times starts again with each boot.
  const isOld = record.bootId !== bootId;
  const lease = grant.kind === "leased" && !isOld
    ? reportLease(grant.lease, clock)
    : undefined;
  return {
    attachment,
    state: isOld ? "EARLIER-BOOT" : storedState(record, lease, clock),
    netns: location.netnsPath,
    ifName: location.ifName,
    macAddress: formatMacAddress(identity.chaddr),
    lease: lease ?? withoutTimes(grant),
    unanswered: 0,
    packets: {},
    lastProblem: undefined,
  };
}

/** Returns the state of a lease file of this boot. */
function storedState(
  { isLost }: LeaseRecord,
  lease: ReportedLease | undefined,
  { wallMs }: OperatorPorts["clock"],
): string {
  if (lease === undefined) return "OFFERED";
  if (isLost) return "LOST";
  return lease.expiresMs <= wallMs() ? "EXPIRED" : "STORED";
}

/** Returns the address and server of a grant whose times are unknown. */
function withoutTimes(grant: LeaseRecord["grant"]): ReportedLease {
  const [address, server] = grant.kind === "leased"
    ? [formatCidr(grant.lease), grant.lease.serverIdentifier]
    : [formatIpAddress(grant.offer.address), grant.offer.server];
  const unknown = { startMs: NaN, t1Ms: NaN, t2Ms: NaN, expiresMs: NaN };
  return { address, server: formatIpAddress(server), ...unknown };
}
