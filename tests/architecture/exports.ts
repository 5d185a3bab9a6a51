/** Exports that nothing uses. @module */

/** The names that a module exports, imports and mentions. */
export interface ModuleNames {
  readonly exports: readonly string[];
  /**
   * Imported names by specifier. A dynamic import counts as an import of every name that the module
   * mentions.
   */
  readonly imports: ReadonlyMap<string, ReadonlySet<string>>;
  /** How often each identifier occurs. */
  readonly mentions: ReadonlyMap<string, number>;
}

/** Parses the names of a module. @param source Its text. */
export function namesOf(source: string): ModuleNames {
  const exports: string[] = [];
  const imports = new Map<string, Set<string>>();
  const mentions = new Map<string, number>();
  const dynamic: string[] = [];
  const importSet = (specifier: string): Set<string> => {
    const names = imports.get(specifier) ?? new Set();
    imports.set(specifier, names);
    return names;
  };
  const visitor: Deno.lint.LintVisitor = {
    Identifier({ name }): void {
      mentions.set(name, (mentions.get(name) ?? 0) + 1);
    },
    ImportSpecifier({ imported, parent }): void {
      if (parent.type !== "ImportDeclaration") return;
      if (imported.type !== "Identifier") return;
      importSet(parent.source.value).add(imported.name);
    },
    ImportExpression({ source }): void {
      if (source.type === "Literal") dynamic.push(String(source.value));
    },
    ExportNamedDeclaration({ declaration }): void {
      exports.push(...declaredNames(declaration));
    },
  };
  Deno.lint.runPlugin(
    { name: "names", rules: { names: { create: () => visitor } } },
    "module.ts",
    source,
  );
  for (const specifier of dynamic) {
    for (const name of mentions.keys()) importSet(specifier).add(name);
  }
  return { exports, imports, mentions };
}

function declaredNames(
  declaration: Deno.lint.ExportNamedDeclaration["declaration"],
): string[] {
  switch (declaration?.type) {
    case "VariableDeclaration":
      return declaration.declarations.flatMap(({ id }) =>
        id.type === "Identifier" ? [id.name] : []
      );
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return declaration.id === null ? [] : [declaration.id.name];
    default:
      return [];
  }
}

/**
 * Returns the exports that neither another module imports nor their own module uses, one line each.
 *
 * @param modules Names by path. Import specifiers are relative to the path.
 */
export function unusedExports(
  modules: ReadonlyMap<string, ModuleNames>,
): string[] {
  const used = new Set<string>();
  for (const [path, { imports }] of modules) {
    for (const [specifier, names] of imports) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      for (const name of names) used.add(`${target} ${name}`);
    }
  }
  return [...modules].flatMap(([path, { exports, mentions }]) =>
    exports
      .filter((name) =>
        !used.has(`${path} ${name}`) && (mentions.get(name) ?? 0) < 2
      )
      .map((name) => `${path} exports ${name}, which nothing uses`)
  );
}
