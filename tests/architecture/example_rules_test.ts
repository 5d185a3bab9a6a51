import { assertEquals } from "@std/assert";
import { missingExamples } from "./example_rules.ts";
import { namesOf } from "./exports.ts";
import type { ModuleDocs } from "./text_rules.ts";

function documented(tags: readonly { kind: string }[]): ModuleDocs {
  const declaration = { declarationKind: "export", kind: "function" };
  return {
    symbols: [{
      name: "f",
      declarations: [{ ...declaration, jsDoc: { tags } }],
    }],
  };
}

const ROWS = [
  {
    name: "finds a function that another folder imports",
    importer: "lib/sys/a.ts",
    tags: [{ kind: "return" }],
    want: ["lib/net/b.ts exports f without an @example"],
  },
  {
    name: "accepts a function with an example",
    importer: "lib/sys/a.ts",
    tags: [{ kind: "example" }],
    want: [],
  },
  {
    name: "accepts a function that only its own folder imports",
    importer: "lib/net/a.ts",
    tags: [],
    want: [],
  },
];

for (const { name, importer, tags, want } of ROWS) {
  Deno.test(`missingExamples() ${name}`, () => {
    const source = `import { f } from "/lib/net/b.ts";`;
    const names = new Map([[importer, namesOf(source)]]);
    const docs = new Map([["lib/net/b.ts", documented(tags)]]);
    assertEquals(missingExamples(names, docs), want);
  });
}
