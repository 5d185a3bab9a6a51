/** Effects and other uses of the platform, found in the syntax tree of a module. @module */

/** Globals that give access to the system, the clock or randomness; `deno lint` finds `process`. */
const EFFECTS = [
  "Deno",
  "Worker",
  "alert",
  "confirm",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "prompt",
  "self",
  "setInterval",
  "setTimeout",
  "window",
];

/** Members of globals that have no effects otherwise. */
const EFFECT_MEMBERS = ["Date.now", "Math.random", "Temporal.Now"];

/** Constructors that only make a value. */
const PURE_CONSTRUCTORS = [
  "Map",
  "RegExp",
  "Set",
  "TextDecoder",
  "TextEncoder",
  "Uint8Array",
];

const PURE_FUNCTIONS = ["BigInt", "Object.freeze", "Symbol"];

const FUNCTIONS = [
  "ArrowFunctionExpression",
  "FunctionDeclaration",
  "FunctionExpression",
];

/** The rules. Each reports the name of what it finds. */
const PLUGIN: Deno.lint.Plugin = {
  name: "lib",
  rules: {
    effect: { create: effectRule },
    "work-at-import": { create: workAtImportRule },
    dlopen: { create: (context) => memberRule(context, "Deno.dlopen") },
    stdout: { create: (context) => memberRule(context, "Deno.stdout") },
  },
};

/** Something that a rule finds. */
export interface Finding {
  readonly rule: "effect" | "work-at-import" | "dlopen" | "stdout";
  /** The name of what was found. */
  readonly what: string;
  readonly line: number;
}

/** Returns everything that the rules find in a module. @param source Its text. */
export function findings(source: string): Finding[] {
  return Deno.lint.runPlugin(PLUGIN, "module.ts", source).map((
    { id, message, range },
  ) => ({
    rule: id.replace("lib/", "") as Finding["rule"],
    what: message,
    line: source.slice(0, range[0]).split("\n").length,
  }));
}

function effectRule(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  return {
    Identifier(node): void {
      if (EFFECTS.includes(node.name) && !isKey(node)) {
        context.report({ node, message: node.name });
      }
    },
    MemberExpression(node): void {
      const name = dottedName(node);
      if (EFFECT_MEMBERS.includes(name)) {
        context.report({ node, message: name });
      }
    },
    NewExpression(node): void {
      if (dottedName(node.callee) === "Date" && node.arguments.length === 0) {
        context.report({ node, message: "new Date()" });
      }
    },
  };
}

function workAtImportRule(
  context: Deno.lint.RuleContext,
): Deno.lint.LintVisitor {
  const report = (node: Deno.lint.Node, message: string): void => {
    if (!isDeferred(node)) context.report({ node, message });
  };
  return {
    AwaitExpression: (node) => report(node, "await"),
    AssignmentExpression: (node) => report(node, "assignment"),
    UpdateExpression: (node) => report(node, "assignment"),
    TaggedTemplateExpression: (node) => report(node, dottedName(node.tag)),
    CallExpression(node): void {
      const name = dottedName(node.callee);
      if (!PURE_FUNCTIONS.includes(name)) report(node, name);
    },
    NewExpression(node): void {
      const name = dottedName(node.callee);
      if (!PURE_CONSTRUCTORS.includes(name)) report(node, `new ${name}`);
    },
  };
}

function memberRule(
  context: Deno.lint.RuleContext,
  wanted: string,
): Deno.lint.LintVisitor {
  return {
    MemberExpression(node): void {
      if (dottedName(node) === wanted) {
        context.report({ node, message: wanted });
      }
    },
  };
}

/** Returns whether the identifier names a member: `x.fetch`, `{ fetch: 1 }`, `fetch(): void`. */
function isKey(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as unknown as {
    readonly computed?: boolean;
    readonly property?: Deno.lint.Node;
    readonly key?: Deno.lint.Node;
  };
  return !parent.computed && (parent.property === node || parent.key === node);
}

/** Returns whether it is in a function or an instance field, so that importing does not run it. */
function isDeferred(node: Deno.lint.Node): boolean {
  const { parent } = node as unknown as { readonly parent?: Deno.lint.Node };
  if (!parent) return false;
  if (FUNCTIONS.includes(parent.type)) return true;
  return parent.type === "PropertyDefinition" && !parent.static ||
    isDeferred(parent);
}

/** Formats a chain of names as `a.b.c`, with "…" for anything else. */
function dottedName(node: Deno.lint.Node): string {
  if (node.type === "Identifier") return node.name;
  if (
    node.type === "MemberExpression" && node.property.type === "Identifier" &&
    !node.computed
  ) {
    return `${dottedName(node.object)}.${node.property.name}`;
  }
  return "…";
}
