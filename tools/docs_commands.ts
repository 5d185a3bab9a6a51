/**
 * `deno task docs:commands`: writes the terminal sessions of the commands for operators, as golden
 * files and into docs/operator_commands.md.
 *
 * @module
 */

import * as dhcp from "../tests/dhcp/operator/sessions.ts";
import * as hostLocal from "../tests/host_local/operator/sessions.ts";
import { findingsTable, withSessions } from "./docs/operator_page.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const PAGE = `${REPOSITORY}/docs/operator_commands.md`;

/** Writes the golden files of a program. @returns The sessions by name. */
async function writeSessions<T extends { readonly name: string }>(
  folder: string,
  { SESSIONS, sessionText }: {
    readonly SESSIONS: readonly T[];
    readonly sessionText: (session: T) => Promise<string>;
  },
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const session of SESSIONS) {
    const text = await sessionText(session);
    texts.set(session.name, text);
    const path = `${REPOSITORY}/${folder}/golden/${session.name}.txt`;
    await Deno.writeTextFile(path, text);
  }
  return texts;
}

if (import.meta.main) {
  try {
    const texts = new Map([
      ...await writeSessions("tests/host_local/operator", hostLocal),
      ...await writeSessions("tests/dhcp/operator", dhcp),
    ]);
    const page = await Deno.readTextFile(PAGE);
    await Deno.writeTextFile(
      PAGE,
      withSessions(page, { texts, findings: findingsTable() }),
    );
    print(`${texts.size} sessions written`);
  } catch (error) {
    warn(`docs: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
