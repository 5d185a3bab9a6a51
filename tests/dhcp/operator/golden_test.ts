/** The output of the commands for operators at 80 columns, in golden files. @module */

import { assertEquals } from "@std/assert";
import { REPO_ROOT } from "../../support/binaries.ts";
import { SESSIONS, sessionText } from "./sessions.ts";

const GOLDEN = `${REPO_ROOT}/tests/dhcp/operator/golden`;

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

Deno.test("no line of text on stdout is wider than 80 columns, but for names that cannot be broken", async () => {
  for (const session of SESSIONS) {
    // An event has one line.
    if (session.args.includes("--json") || session.name === "watch") continue;
    const lines = (await sessionText(session)).split("\n");
    const wide = lines.filter((line) =>
      line.length > 80 && /\S\s+\S/.test(line.trim()) &&
      !/^(?:note|error|replace)/.test(line)
    );
    assertEquals(wide, [], session.name);
  }
});
