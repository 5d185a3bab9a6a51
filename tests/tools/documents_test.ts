/**
 * The documents link to files and headings that exist, name paths that exist, and list the imports
 * between folders.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DOCUMENTS } from "../../tools/release.ts";
import { MAY_IMPORT } from "../architecture/layers.ts";
import { filesIn } from "../architecture/repository_facts.ts";
import { REPO_ROOT } from "../support/binaries.ts";

/** A link to a file of the repository, as `path#heading`. */
interface Link {
  readonly path: string;
  readonly heading: string;
}

async function readDocument(path: string): Promise<string> {
  const text = await Deno.readTextFile(`${REPO_ROOT}/${path}`);
  return text.replaceAll(/^```[^]*?^```/gm, "");
}

/** Returns the links of the document `from`, except those to other sites. */
async function linksOf(from: string): Promise<Link[]> {
  const links = (await readDocument(from)).matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const { pathname, hash } = new URL(target, `file:///${from}`);
      return { path: pathname.slice(1), heading: hash.slice(1) };
    });
}

/** Returns the anchors that GitHub gives to the headings of a document. */
async function anchorsOf(path: string): Promise<Set<string>> {
  const headings = (await readDocument(path)).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
    ),
  );
}

const PAGES = DOCUMENTS.filter((path) => path.endsWith(".md"));

for (const page of PAGES) {
  Deno.test(`${page} links to files of a release and to headings that exist`, async () => {
    const broken: string[] = [];
    for (const { path, heading } of await linksOf(page)) {
      const exists = DOCUMENTS.includes(path) &&
        (heading === "" || (await anchorsOf(path)).has(heading));
      if (!exists) broken.push(`${path}#${heading}`);
    }
    assertEquals(broken, []);
  });
}

/** A path of this repository, in code blocks as well. */
const REPOSITORY_PATH =
  /(?<![\w./<>-])(?:lib|tests|tools|docs|deploy|systemd)\/[\w./-]*\w|\bmain_\w+\.ts\b/g;

for (const page of PAGES) {
  Deno.test(`${page} names only paths that exist`, async () => {
    const text = await Deno.readTextFile(`${REPO_ROOT}/${page}`);
    const paths = new Set(text.match(REPOSITORY_PATH) ?? []);
    const missing: string[] = [];
    for (const path of paths) {
      if (!await exists(path)) missing.push(path);
    }
    assertEquals(missing, []);
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(`${REPO_ROOT}/${path}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("a release contains every page of docs/, and each file once", () => {
  assertEquals(
    filesIn("docs").filter((path) => !DOCUMENTS.includes(path)),
    [],
  );
  assertEquals(DOCUMENTS, [...new Set(DOCUMENTS)]);
});

Deno.test("ARCHITECTURE.md lists the imports that tests/architecture/layers.ts allows", async () => {
  const rows = (await readDocument("ARCHITECTURE.md"))
    .matchAll(/^\| `([a-z_/0-9]+)` *\|[^|]*\| ([^|]+?) *\|$/gm);
  const listed = [...rows].map(([, folder = "", list = ""]) =>
    [folder, list === "nothing" ? [] : list.split(", ").sort()] as const
  );
  const allowed = Object.entries(MAY_IMPORT).map(([folder, list]) =>
    [folder, [...list].sort()] as const
  );
  assertEquals(Object.fromEntries(listed), Object.fromEntries(allowed));
});
