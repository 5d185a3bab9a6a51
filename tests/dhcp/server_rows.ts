/** Runs tables of rows against a make of server, one test a row. @module */

import type { ServerKind, Service } from "../support/dhcp_server.ts";
import { type Requirement, testWith } from "../support/requirements.ts";
import { note } from "../support/note.ts";
import { DHCP_BIN } from "./dhcp_host.ts";
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
  for (const row of rows) {
    const { leaseSeconds = 3600 } = row.service ?? {};
    const name = `${kind.name}: ${row.name}`;
    const reason = row.not?.[kind.name];
    if (reason !== undefined) {
      note(`SKIP ${name}: ${reason}`);
      continue;
    }
    const isLong = row.isAboutExpiry === true &&
      leaseSeconds < kind.leastLeaseSeconds;
    if (isLong && !IS_LONG) {
      note(
        `SKIP ${name}: its shortest lease is ${kind.leastLeaseSeconds} s; set DHCP_LONG`,
      );
      continue;
    }
    testWith(
      [...kind.requirements, ...row.requirements ?? [], `binary:${DHCP_BIN}`],
      name,
      async () => {
        await using stage = await Stage.open(kind, {
          ...row.service,
          leaseSeconds: Math.max(leaseSeconds, kind.leastLeaseSeconds),
        });
        await row.run(stage);
      },
    );
  }
}
