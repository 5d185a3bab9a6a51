/**
 * `deno task docs:commands`: writes the terminal sessions of the commands for operators, as golden
 * files and into docs/operator_commands.md.
 *
 * @module
 */

import {
  SESSIONS,
  sessionText,
} from "../tests/host_local/operator/sessions.ts";
import { findingsTable, withSessions } from "./docs/operator_page.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const PAGE = `${REPOSITORY}/docs/operator_commands.md`;
const GOLDEN = `${REPOSITORY}/tests/host_local/operator/golden`;

if (import.meta.main) {
  try {
    const texts = new Map<string, string>();
    for (const session of SESSIONS) {
      const text = await sessionText(session);
      texts.set(session.name, text);
      await Deno.writeTextFile(`${GOLDEN}/${session.name}.txt`, text);
    }
    const page = await Deno.readTextFile(PAGE);
    await Deno.writeTextFile(
      PAGE,
      withSessions(page, { texts, findings: findingsTable() }),
    );
    print(`${SESSIONS.length} sessions written`);
  } catch (error) {
    warn(`docs: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
