/** The documentation of modules. @module */

/** What is wrong with the text of a module, one line each. */
export function textProblems(path: string, text: string): string[] {
  const header = /^\/\*\*(?:[^*]|\*(?!\/))*\*\//.exec(text)?.[0] ?? "";
  return header.includes("@module")
    ? []
    : [`${path} does not begin with a comment that ends in @module`];
}

/** The part of `deno doc --json` that is looked at. */
export interface ModuleDocs {
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly {
      readonly declarationKind: string;
      readonly jsDoc?: {
        readonly doc?: string;
        readonly tags?: readonly unknown[];
      };
    }[];
  }[];
}

/** The exports that have no doc comment, one line each. */
export function docProblems(path: string, { symbols }: ModuleDocs): string[] {
  return symbols
    .filter(({ declarations }) =>
      declarations.some(({ declarationKind }) =>
        declarationKind === "export"
      ) &&
      !declarations.some(({ jsDoc }) => jsDoc?.doc || jsDoc?.tags?.length)
    )
    .map(({ name }) => `${path} exports ${name} without a doc comment`);
}
