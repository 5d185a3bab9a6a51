/** The tasks of `deno.json` select what exists: a task that runs no test would pass. @module */

import { assert, assertEquals } from "@std/assert";
import { walkSync } from "@std/fs/walk";
import { REPO_ROOT } from "../support/binaries.ts";

const { tasks } = JSON.parse(
  await Deno.readTextFile(`${REPO_ROOT}/deno.json`),
);
/** Each command, by the name of its task. */
const commands = Object.entries<{ readonly command?: string }>(tasks)
  .flatMap(([name, { command = "" }]) =>
    command.split("&&").map((part) => [name, part.trim().split(/\s+/)] as const)
  );

Deno.test("tasks select tests by their files, not by their names", () => {
  const byName = commands.filter(([, words]) =>
    words.some((word) => word.startsWith("--filter"))
  );
  assertEquals(byName, []);
});

Deno.test("tasks name files and folders that exist", async () => {
  for (const [name, words] of commands) {
    for (const word of words) {
      if (!/^(?:lib|tests|tools|docs)\//.test(word)) continue;
      const path = `${REPO_ROOT}/${word}`;
      assert(await Deno.stat(path).catch(() => undefined), `${name}: ${word}`);
    }
  }
});

Deno.test("tests read each variable that a task sets", async () => {
  const files = walkSync(`${REPO_ROOT}/tests`, { exts: [".ts"] });
  const sources = await Promise.all(
    [...files].map(({ path }) => Deno.readTextFile(path)),
  );
  const set = commands.flatMap(([, words]) =>
    words.flatMap((word) => /^([A-Z_]+)=/.exec(word)?.[1] ?? [])
  );
  assert(set.length > 0);
  const unread = set.filter((name) =>
    !sources.some((source) => source.includes(`"${name}"`))
  );
  assertEquals(unread, []);
});
