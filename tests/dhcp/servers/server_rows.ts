/** Tables of rows for makes of server. @module */

import type { ServerKind, Service } from "../../support/dhcp_server.ts";
import type { LaneRow } from "../../support/lanes.ts";
import { missing, type Requirement } from "../../support/requirements.ts";
import { Stage } from "./stage.ts";

/** A row that waits for longer than this gets a lane of its own. */
const LONG_SECONDS = 60;

/** Something that holds with real servers. */
export interface ServerRow {
  readonly name: string;
  /** What the server serves; a lease time below the server's least becomes that. */
  readonly service?: Partial<Service>;
  /** What it needs besides the server. */
  readonly requirements?: (kind: ServerKind) => readonly Requirement[];
  /** Names of servers that it cannot be shown with, and why. */
  readonly not?: Readonly<Record<string, string>>;
  /** The lease has to end within the test. */
  readonly isAboutExpiry?: boolean;
  run(stage: Stage): Promise<void>;
}

/** The rows for each make. */
export function serverRows(
  kinds: readonly ServerKind[],
  rows: readonly ServerRow[],
): readonly LaneRow[] {
  return kinds.flatMap((kind) => rows.map((row) => laneRow(kind, row)));
}

function laneRow(kind: ServerKind, row: ServerRow): LaneRow {
  const { leaseSeconds: wanted = 3600 } = row.service ?? {};
  const leaseSeconds = Math.max(wanted, kind.leastLeaseSeconds);
  const needs = [...kind.requirements, ...row.requirements?.(kind) ?? []];
  return {
    name: `${kind.name}: ${row.name}`,
    reason: row.not?.[kind.name] ?? missing(...needs),
    isLong: row.isAboutExpiry === true && leaseSeconds > LONG_SECONDS,
    run: async () => {
      await using stage = await Stage.open(kind, {
        ...row.service,
        leaseSeconds,
      });
      await row.run(stage);
    },
  };
}
