/** The documents name the version of Deno in .ci/deno. @module */

import { assertEquals, assertExists } from "@std/assert";
import { REPO_ROOT } from "../support/binaries.ts";
import { testRows } from "../support/rows.ts";

const VERSION = /\bdeno@(\d+\.\d+\.\d+)/g;

async function versionsIn(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${REPO_ROOT}/${path}`);
  return [...text.matchAll(VERSION)].map((match) => match[1] ?? "");
}

testRows("the version of Deno in .ci/deno is that in", [
  { name: "README.md" },
  { name: "CONTRIBUTING.md" },
  { name: ".github/pull_request_template.md" },
], async ({ name }) => {
  const [pinned] = await versionsIn(".ci/deno");
  assertExists(pinned);
  assertEquals(new Set(await versionsIn(name)), new Set([pinned]));
});
