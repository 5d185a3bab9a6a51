/** Runs tables of rows against a make of server. @module */

import type { ServerKind, Service } from "../support/dhcp_server.ts";
import { missing, type Requirement } from "../support/requirements.ts";
import { note } from "../support/note.ts";
import { DHCP_BIN } from "../support/binaries.ts";

import { testInLanes } from "../support/lanes.ts";
import { Stage } from "./stage.ts";

/** Set to anything to run also what takes minutes. */
const IS_LONG = Deno.env.get("DHCP_LONG") !== undefined;

/** Something that holds with real servers. */
export interface ServerRow {
  readonly name: string;
  /** What the server serves; a lease time below the server's least becomes that. */
  readonly service?: Partial<Service>;
  /** What it needs besides the server. */
  readonly requirements?: readonly Requirement[];
  /** Names of servers that it cannot be shown with, and why. */
  readonly not?: Readonly<Record<string, string>>;
  /** The lease has to end within the test. */
  readonly isAboutExpiry?: boolean;
  run(stage: Stage): Promise<void>;
}

/** Registers the rows for one make. */
export function testServerRows(
  kind: ServerKind,
  rows: readonly ServerRow[],
): void {
  const possible = rows.filter((row) => {
    const reason = row.not?.[kind.name] ?? tooLong(kind, row) ??
      missing(...row.requirements ?? []);
    if (reason !== undefined) note(`SKIP ${kind.name}: ${row.name}: ${reason}`);
    return reason === undefined;
  });
  testInLanes(
    [...kind.requirements, `binary:${DHCP_BIN}`],
    kind.name,
    possible.map((row) => ({
      name: row.name,
      run: async () => {
        const { leaseSeconds = 3600 } = row.service ?? {};
        await using stage = await Stage.open(kind, {
          ...row.service,
          leaseSeconds: Math.max(leaseSeconds, kind.leastLeaseSeconds),
        });
        await row.run(stage);
      },
    })),
  );
}

function tooLong(kind: ServerKind, row: ServerRow): string | undefined {
  const { leaseSeconds = 3600 } = row.service ?? {};
  const { leastLeaseSeconds } = kind;
  const isLong = row.isAboutExpiry === true && leaseSeconds < leastLeaseSeconds;
  return isLong && !IS_LONG
    ? `its shortest lease is ${leastLeaseSeconds} s; set DHCP_LONG`
    : undefined;
}
