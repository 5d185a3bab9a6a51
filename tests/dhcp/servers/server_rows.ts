/** Table tests that run with each kind of server. @module */

import type { ServerKind, Service } from "../../support/dhcp_server.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { missing, type Requirement } from "../../support/requirements.ts";
import { TestNetwork } from "./test_network.ts";

/** A row that waits for a lease of at least this time runs beside all others. */
const LONG_SECONDS = 60;

/** One row. */
export interface ServerRow {
  readonly name: string;
  /** What the server serves; its lease time is raised to the server's minimum. */
  readonly service?: Partial<Service>;
  /** What it needs in addition to the server. */
  readonly requirements?: (kind: ServerKind) => readonly Requirement[];
  /** Why there is no such row for a server, by the server's name. */
  readonly not?: Readonly<Record<string, string>>;
  /** Whether the row waits for the lease to expire. */
  readonly isAboutExpiry?: boolean;
  run(network: TestNetwork): Promise<void>;
}

/** The rows for each kind of server, without those that the server makes impossible. */
export function serverRows(
  kinds: readonly ServerKind[],
  rows: readonly ServerRow[],
): readonly ParallelRow[] {
  return kinds.flatMap((kind) =>
    rows.filter(({ not }) => not?.[kind.name] === undefined)
      .map((row) => toParallelRow(kind, row))
  );
}

function toParallelRow(kind: ServerKind, row: ServerRow): ParallelRow {
  const { leaseSeconds: wanted = 3600 } = row.service ?? {};
  const leaseSeconds = Math.max(wanted, kind.minLeaseSeconds);
  const needs = [...kind.requirements, ...row.requirements?.(kind) ?? []];
  return {
    name: `${kind.name}: ${row.name}`,
    reason: missing(...needs),
    isLong: row.isAboutExpiry === true && leaseSeconds > LONG_SECONDS,
    run: async () => {
      await using network = await TestNetwork.open(kind, {
        ...row.service,
        leaseSeconds,
      });
      await row.run(network);
    },
  };
}
