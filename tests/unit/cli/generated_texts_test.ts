/** Help, manual page and completions are made of the same description. */

import { assert, assertEquals } from "@std/assert";
import { completionScript, SHELLS } from "../../../lib/cli/completion.ts";
import { helpText } from "../../../lib/cli/help_text.ts";
import { manPage } from "../../../lib/cli/man_page.ts";
import { TOOL } from "./programs.ts";

const [COPY] = TOOL.commands;

Deno.test("the help of a program lists its commands", () => {
  assertEquals(
    helpText(TOOL, undefined, 80),
    `tool: handle files

A tool for files.

Usage: tool COMMAND [OPTION...] [ARGUMENT...]

Commands:
  copy  Copy files
  list  List files

"tool COMMAND --help" explains a command, "tool --version" prints the version.
`,
  );
});

Deno.test("the help of a command has everything about it", () => {
  assertEquals(
    helpText(TOOL, COPY, 60),
    `Usage: tool copy [OPTION...] FROM [TO]

Copy files.

Copies what it's given - or not.

Arguments:
  FROM  what to copy.
  TO    where to.

Options:
  --mode MODE  The mode of the copy. The default is fast.
  --log FILE   Log to a file.
  --count N    How often.
  --force      Replace [existing] files: all.
  --json       Print JSON.
  --help       Print this text.

Exit status:
  0  Copied.
  2  Usage.

Examples:
  Copy a to b:
    tool copy a b
`,
  );
});

Deno.test("the help is at most 100 columns wide", () => {
  const wide = { ...TOOL, description: ["word ".repeat(100).trim()] };
  const lines = helpText(wide, undefined, 500).split("\n");
  assertEquals(Math.max(...lines.map(({ length }) => length)), 99);
});

Deno.test("the manual page has everything, and escapes what roff would obey", () => {
  const page = manPage(TOOL, "1.2.3");
  assertEquals(page.split("\n").slice(0, 9), [
    '.TH TOOL 8 "" "tool 1.2.3"',
    ".SH NAME",
    "tool \\- handle files",
    ".SH SYNOPSIS",
    "\\fBtool copy\\fR [\\fB\\-\\-mode\\fR \\fIMODE\\fR] [\\fB\\-\\-log\\fR \\fIFILE\\fR] [\\fB\\-\\-count\\fR \\fIN\\fR] [\\fB\\-\\-force\\fR] [\\fB\\-\\-json\\fR] \\fIFROM [TO]\\fR",
    ".br",
    "\\fBtool list\\fR [\\fB\\-\\-json\\fR] \\fI[NAME...]\\fR",
    ".br",
    ".SH DESCRIPTION",
  ]);
  assert(page.includes("Copies what it's given \\- or not."));
  assert(
    page.includes(".TP\n0\ncopy: Copied. list: Listed.\n.TP\n2\nUsage.\n"),
  );
});

for (const shell of SHELLS) {
  Deno.test(`the completions for ${shell} have every command, option and word`, () => {
    const script = completionScript(TOOL, shell);
    const words = [
      "copy",
      "list",
      "mode",
      "log",
      "count",
      "force",
      "json",
      "help",
      "fast safe",
    ];
    assertEquals(words.filter((word) => !script.includes(word)), []);
  });
}

Deno.test("the completions for zsh escape what ends a specification", () => {
  const script = completionScript(TOOL, "zsh");
  assert(script.includes("'--force[Replace \\[existing\\] files\\: all]'"));
});
