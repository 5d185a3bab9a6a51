import { assertEquals } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { COMMON_OPTIONS } from "../../../lib/cli/common_commands.ts";
import { EXIT_STATUS } from "../../../lib/cli/exit_status.ts";
import type { Outcome } from "../../../lib/cli/outcome.ts";
import { runProgram } from "../../../lib/cli/run_program.ts";
import { UsageError } from "../../../lib/cli/command_line.ts";
import { type Screen, toned } from "../../../lib/cli/screen.ts";
import { testRows } from "../../support/rows.ts";
import { TOOL } from "./programs.ts";

const OUTCOME: Outcome = {
  status: EXIT_STATUS.ok,
  json: () => ({ text: "a\u001b[2J\u202e\n\u009b", list: [1] }),
  lines: () => ["one", "two"],
  notes: ["first"],
};

function run(
  args: readonly string[],
  outcome: () => Promise<Outcome>,
  hasColors = false,
): ReturnType<typeof runProgram> {
  return runProgram({ ...TOOL, commonOptions: COMMON_OPTIONS }, args, {
    screen: { columns: 80, hasColors },
    version: "1.2.3",
    run: outcome,
  });
}

const COMMAND = "list";

Deno.test("runProgram() prints lines on stdout and notes on stderr", async () => {
  assertEquals(await run([COMMAND], () => Promise.resolve(OUTCOME)), {
    status: 0,
    stdout: "one\ntwo\n",
    stderr: "note: first\n",
  });
});

Deno.test("runProgram() escapes what a terminal would obey in JSON, which stays the same value", async () => {
  const { stdout } = await run(
    [COMMAND, "--json"],
    () => Promise.resolve(OUTCOME),
  );
  // deno-lint-ignore no-control-regex
  const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.exec(stdout);
  assertEquals(obeyed, null);
  assertEquals(JSON.parse(stdout), OUTCOME.json());
});

testRows("runProgram() escapes what a terminal would obey in", [
  {
    name: "lines",
    outcome: { ...OUTCOME, lines: () => ["a\x1b[2J", "b\nc\x1b[31m"] },
    stdout: "a\\u001b[2J\nb\\u000ac\\u001b[31m\n",
    stderr: "note: first\n",
  },
  {
    name: "lines with colors, but not the colors",
    hasColors: true,
    outcome: {
      ...OUTCOME,
      lines: (screen: Screen) => [
        `${toned("a\x1b[2J", "bad", screen)}\x1b[0;31mb`,
      ],
    },
    stdout: "\x1b[31ma\\u001b[2J\x1b[0m\\u001b[0;31mb\n",
    stderr: "note: first\n",
  },
  {
    name: "notes",
    outcome: { ...OUTCOME, notes: ["\u009b2J"] },
    stdout: "one\ntwo\n",
    stderr: "note: \\u009b2J\n",
  },
  {
    name: "errors and their advice",
    outcome: new SystemError("open \x1b: no", { advice: "remove \x1b" }),
    stdout: "",
    stderr: "error: open \\u001b: no\nremove \\u001b\n",
  },
  {
    name: "wrong arguments",
    outcome: new UsageError("no \x1b", COMMAND),
    stdout: "",
    stderr: "error: no \\u001b\ntool list --help explains the arguments\n",
  },
  {
    name: "no document",
    outcome: { ...OUTCOME, lines: () => ["a\x1b"], isVerbatim: true },
    stdout: "a\x1b\n",
    stderr: "note: first\n",
  },
], async ({ outcome, stdout, stderr, hasColors = false }) => {
  const printed = await run(
    [COMMAND],
    () =>
      outcome instanceof Error
        ? Promise.reject(outcome)
        : Promise.resolve(outcome),
    hasColors,
  );
  assertEquals([printed.stdout, printed.stderr], [stdout, stderr]);
});

Deno.test("runProgram() prints nothing of a command that has printed its answer", async () => {
  const { stdout } = await run(
    [COMMAND],
    () => Promise.resolve({ ...OUTCOME, isPrinted: true }),
  );
  assertEquals(stdout, "");
});

Deno.test("runProgram() advises a user who lacks a permission", async () => {
  const error = new SystemError("open /x: permission denied", {
    isDenied: true,
  });
  const { stderr } = await run([COMMAND], () => Promise.reject(error));
  assertEquals(
    stderr,
    "error: open /x: permission denied\nrun the command as root\n",
  );
});

Deno.test("runProgram() prints the advice of an error", async () => {
  const error = new SystemError("open /x: no", { advice: "try /y" });
  assertEquals(await run([COMMAND], () => Promise.reject(error)), {
    status: 3,
    stdout: "",
    stderr: "error: open /x: no\ntry /y\n",
  });
});
