/** The runner reports every kind of wrong outcome, else a green suite says nothing. @module */

import { assertEquals } from "@std/assert";
import { TempDir } from "../../support/temp_dir.ts";
import { parseCases } from "./case_reader.ts";
import { runCase } from "./runner.ts";

/** A plugin that prints an error and changes two files. */
const SCRIPT = `#!/bin/sh
printf '{\\n    "cniVersion": "1.0.0",\\n    "code": 7,\\n    "msg": "m"\\n}'
echo warned >&2
cat >stdin
rm -f old
`;
const GOOD = {
  name: "a",
  filesBefore: { old: "o" },
  error: { code: 7, msg: "m" },
  exitCode: 0,
  stderr: "^warned\n$",
  changes: { old: null, stdin: '{"cniVersion":"1.0.0"}' },
};

const ROWS: readonly {
  readonly name: string;
  /** What differs from the good case. */
  readonly patch: Readonly<Record<string, unknown>>;
  /** How the problem begins; empty if there is none. */
  readonly problem: string;
}[] = [
  { name: "accepts the outcome", patch: {}, problem: "" },
  {
    name: "reports an implied exit code",
    patch: { exitCode: undefined },
    problem: "step 1: exit status is 0, want 1",
  },
  {
    name: "reports an implied version",
    patch: {
      config: { cniVersion: "0.4.0" },
      changes: { old: null, stdin: '{"cniVersion":"0.4.0"}' },
    },
    problem: "step 1: stdout is",
  },
  {
    name: "reports an implied empty stdout",
    patch: {
      env: { CNI_COMMAND: "DEL" },
      error: undefined,
      exitCode: undefined,
    },
    problem: "step 1: stdout is",
  },
  {
    name: "reports an implied empty stderr",
    patch: { stderr: undefined },
    problem: "step 1: stderr does not match ^$",
  },
  {
    name: "reports a change that the case does not state",
    patch: { changes: { old: null } },
    problem: "step 1: stdin: unexpected file",
  },
  {
    name: "reports an implied unchanged file",
    patch: { changes: { stdin: '{"cniVersion":"1.0.0"}' } },
    problem: "step 1: old: missing",
  },
];

for (const { name, patch, problem } of ROWS) {
  Deno.test(`runCase() ${name}`, async () => {
    using directory = new TempDir();
    const binary = directory.join("plugin");
    await Deno.writeTextFile(binary, SCRIPT, { mode: 0o755 });
    const text = JSON.stringify({
      config: { cniVersion: "1.0.0" },
      cases: [{ ...GOOD, ...patch }],
    });
    const problems: string[] = [];
    for (const each of parseCases(text, { source: "x.json" })) {
      problems.push(...await runCase(each, { binary, target: "here" }));
    }
    const [first = ""] = problems;
    assertEquals(first.slice(0, problem.length || undefined), problem);
  });
}
