import { assertEquals } from "@std/assert";
import { namesOf, unusedExports } from "./exports.ts";

const USES: readonly {
  name: string;
  sources: Readonly<Record<string, string>>;
  want: string[];
}[] = [
  {
    name: "an export that only a test could use",
    sources: { "lib/a.ts": "export function f() {}\nexport const c = 1;" },
    want: [
      "lib/a.ts exports f, which nothing uses",
      "lib/a.ts exports c, which nothing uses",
    ],
  },
  {
    name: "an unused type, interface and class",
    sources: {
      "lib/a.ts":
        "export type T = 1;\nexport interface I {}\nexport class C {}",
    },
    want: [
      "lib/a.ts exports T, which nothing uses",
      "lib/a.ts exports I, which nothing uses",
      "lib/a.ts exports C, which nothing uses",
    ],
  },
  {
    name: "an import of the same name from another module",
    sources: {
      "lib/a.ts": "export const x = 1;",
      "lib/b/c.ts": 'import { x } from "./a.ts";',
    },
    want: ["lib/a.ts exports x, which nothing uses"],
  },
  {
    name: "imports, types, dynamic imports and uses in the module itself",
    sources: {
      "lib/a.ts":
        "export const x = 1;\nexport type T = 1;\nexport type U = 2;\nexport const u: U = 2;",
      "lib/b/c.ts": 'import { type T, x as y } from "../a.ts";',
      "main.ts": 'const { u } = await import("./lib/a.ts");',
    },
    want: [],
  },
];

for (const { name, sources, want } of USES) {
  Deno.test(`unusedExports() ${name}`, () => {
    const names = Object.entries(sources).map(([path, source]) =>
      [path, namesOf(source)] as const
    );
    assertEquals(unusedExports(new Map(names)), want);
  });
}
