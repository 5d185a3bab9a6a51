import { assertEquals } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { COMMON_OPTIONS } from "../../../lib/cli/common_commands.ts";
import { EXIT_STATUS } from "../../../lib/cli/exit_status.ts";
import type { Outcome } from "../../../lib/cli/outcome.ts";
import { runProgram } from "../../../lib/cli/run_program.ts";
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
): ReturnType<typeof runProgram> {
  return runProgram({ ...TOOL, commonOptions: COMMON_OPTIONS }, args, {
    screen: { columns: 80, hasColors: false },
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

Deno.test("runProgram() prints nothing of a command that has printed its answer", async () => {
  const { stdout } = await run(
    [COMMAND],
    () => Promise.resolve({ ...OUTCOME, isPrinted: true }),
  );
  assertEquals(stdout, "");
});

Deno.test("runProgram() prints the advice of an error", async () => {
  const error = new SystemError("open /x: no", { advice: "try /y" });
  assertEquals(await run([COMMAND], () => Promise.reject(error)), {
    status: 3,
    stdout: "",
    stderr: "error: open /x: no\ntry /y\n",
  });
});
