/** The output of the commands for operators at 80 columns, in golden files and docs/. @module */

import { assertEquals } from "@std/assert";
import {
  findingsTable,
  withSessions,
} from "../../../tools/docs/operator_page.ts";
import { REPO_ROOT } from "../../support/binaries.ts";
import * as dhcp from "../../dhcp/operator/sessions.ts";
import { SESSIONS, sessionText } from "./sessions.ts";

const GOLDEN = `${REPO_ROOT}/tests/host_local/operator/golden`;

for (const session of SESSIONS) {
  Deno.test(`the output of ${session.name} is as in its golden file`, async () => {
    const golden = await Deno.readTextFile(`${GOLDEN}/${session.name}.txt`);
    assertEquals(await sessionText(session), golden);
  });
}

Deno.test("there is no golden file without a session", () => {
  const names = [...Deno.readDirSync(GOLDEN)].map(({ name }) => name).sort();
  assertEquals(names, SESSIONS.map(({ name }) => `${name}.txt`).sort());
});

Deno.test("docs/operator_commands.md has the current sessions: else run deno task docs:commands", async () => {
  const page = await Deno.readTextFile(
    `${REPO_ROOT}/docs/operator_commands.md`,
  );
  const texts = new Map<string, string>();
  for (const session of SESSIONS) {
    texts.set(session.name, await sessionText(session));
  }
  for (const session of dhcp.SESSIONS) {
    texts.set(session.name, await dhcp.sessionText(session));
  }
  const parts = { texts, findings: findingsTable() };
  assertEquals(withSessions(page, parts), page);
});

/** Log lines are for programs, and never wrapped. */
function isLogLine(line: string): boolean {
  return line.startsWith("level=");
}

Deno.test("no line of text is wider than 80 columns, but for log lines and names that cannot be broken", async () => {
  for (const session of SESSIONS) {
    // These are for programs.
    if (session.args.includes("--json") || session.name === "metrics") continue;
    const lines = (await sessionText(session)).split("\n");
    const wide = lines.filter((line) =>
      line.length > 80 && !isLogLine(line) && /\S\s+\S/.test(line.trim())
    );
    assertEquals(wide, [], session.name);
  }
});
