/** The documents name the version of Deno in .ci/deno. @module */

import { assertEquals, assertExists } from "@std/assert";
import { REPO_ROOT } from "../support/binaries.ts";

const VERSION = /\bdeno@(\d+\.\d+\.\d+)/g;

async function versionsIn(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${REPO_ROOT}/${path}`);
  return [...text.matchAll(VERSION)].map((match) => match[1] ?? "");
}

for (const document of ["README.md", "CONTRIBUTING.md"]) {
  Deno.test(`${document} names the version of Deno that .ci/deno runs`, async () => {
    const [pinned] = await versionsIn(".ci/deno");
    assertExists(pinned);
    assertEquals(new Set(await versionsIn(document)), new Set([pinned]));
  });
}
