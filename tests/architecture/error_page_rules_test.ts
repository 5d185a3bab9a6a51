/** Tests of the rules for the page of errors. @module */

import { assertEquals } from "@std/assert";
import {
  errorPageProblems,
  launcherReasonProblems,
  launcherTexts,
} from "./error_page_rules.ts";

function problems(texts: readonly string[], page: string): string[] {
  const found = texts.map((text): [string, string[]] => [text, ["lib/x.ts"]]);
  return errorPageProblems(new Map(found), page);
}

Deno.test("a page with every error text has no problems, whatever it calls the placeholders", () => {
  const page =
    "A\n\n```text\nopen <path>: no such file\n```\n\n```sh\nls\n```\n";
  assertEquals(problems(["open <>: no such file"], page), []);
});

Deno.test("an error that the page lacks is a problem", () => {
  assertEquals(problems(["open <>: no such file"], ""), [
    'the page lacks "open <>: no such file" (lib/x.ts)',
  ]);
});

Deno.test("a text that no source has, and one that stands twice, are problems", () => {
  const page = "```text\nread <a>: late\nread <b>: late\n```\n";
  assertEquals(problems(["read <>: late"], page), [
    'the page has "read <b>: late" twice',
  ]);
  assertEquals(problems([], "```text\nread <a>: late\n```\n"), [
    'no source has "read <a>: late"',
  ]);
});

Deno.test("the launcher's texts and reasons are found in its source", () => {
  const source = `append(to, "{cannot run ");\n` +
    `case ENOENT: return append(to, "no such file");\n` +
    `case EACCES: return append(to, "permission denied");`;
  assertEquals(launcherTexts(source), ["cannot run <>: <>"]);
  assertEquals(launcherReasonProblems(source, "| `no such file` |"), [
    "permission denied",
  ]);
});
