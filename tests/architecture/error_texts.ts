/** The texts of errors in the sources, found in the syntax tree that `deno lint` makes. @module */

/** A text with `<>` in each place that only a run fills in. */
type Template = string;

/** Where a text comes from: a function, a parameter of it, and a key of that parameter. */
interface Forwarder {
  readonly callee: string;
  readonly index: number;
  readonly key?: string;
}

/** What resolving an expression gives: texts, and parameters whose arguments are texts. */
interface Resolved {
  readonly texts: readonly Template[];
  readonly from: readonly Forwarder[];
}

type Node = Deno.lint.Node;
type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

const HOLE = "<>";
const NOTHING: Resolved = { texts: [], from: [] };
const UNKNOWN: Resolved = { texts: [HOLE], from: [] };
const MAX_DEPTH = 12;

/** The keys under which objects have texts that end in a log line or in an error. */
const REASON_KEYS = ["reason", "consequence", "unready"];
const REASON = "reason";
/** The name of a table of such texts. */
const TABLE = "REASONS";

/** The calls that add a warning about a lease. */
const WARNINGS: readonly Forwarder[] = [
  { callee: "warn", index: 0 },
  { callee: "warn", index: 1 },
  { callee: "warnings.push", index: 0 },
];

/** Returns a text with every placeholder, such as `<path>`, as `<>`. */
export function withoutNames(text: string): Template {
  return text.replaceAll(/<[^<>]*>/g, HOLE).replaceAll(/(<>)+/g, HOLE);
}

/**
 * Returns the texts of the errors that the sources can throw or return, with the paths of the
 * modules that have them.
 *
 * These are the messages of every class that extends Error, and the reasons in log lines. Where a
 * message is a parameter, the arguments of the calls count. Texts that a run fills in completely
 * are left out.
 *
 * @param sources The text of each module, by path.
 */
export function errorTexts(
  sources: ReadonlyMap<string, string>,
): Map<Template, string[]> {
  const found = new Map<Template, string[]>();
  const seen = new Set<string>();
  let wanted: Forwarder[] = [
    ...["Error", "TypeError", "RangeError", "SyntaxError"]
      .map((name) => ({ callee: `new ${name}`, index: 0 })),
    { callee: REASON, index: 0 },
    ...WARNINGS,
  ];
  while (wanted.length > 0) {
    for (const each of wanted) seen.add(JSON.stringify(each));
    const next: Forwarder[] = [];
    const names = wanted.flatMap(({ callee }) =>
      callee === REASON ? [...REASON_KEYS, TABLE] : callee.split(" ").slice(-1)
    );
    for (const [path, text] of sources) {
      if (!names.some((name) => text.includes(name))) continue;
      const { texts, from } = resolveArguments(path, text, wanted);
      for (const template of texts) {
        const cleaned = withoutNames(template).trim();
        if (!isSentence(cleaned)) continue;
        const paths = found.get(cleaned) ?? [];
        if (!paths.includes(path)) found.set(cleaned, [...paths, path]);
      }
      // A function without a name cannot be followed.
      next.push(...from.filter(({ callee }) => /\w$/.test(callee)));
    }
    wanted = [...new Map(next.map((each) => [JSON.stringify(each), each]))]
      .filter(([key]) => !seen.has(key)).map(([, each]) => each);
  }
  return found;
}

/** Returns whether a text has words; a single one is a name. */
function isSentence(text: string): boolean {
  return /[a-z]{2}/i.test(text) && /\S\s+\S/.test(text);
}

function resolveArguments(
  path: string,
  text: string,
  wanted: readonly Forwarder[],
): Resolved {
  const all: Resolved[] = [];
  visit(path, text, {
    "ClassDeclaration": (node: Deno.lint.ClassDeclaration) => {
      all.push(...inherited(node, wanted));
    },
    "FunctionDeclaration ReturnStatement": (
      node: Deno.lint.ReturnStatement,
    ) => {
      const callee = `return ${functionOf(node)}`;
      if (node.argument && wanted.some((each) => each.callee === callee)) {
        all.push(resolve(node.argument, 0));
      }
    },
    "VariableDeclarator": ({ id, init }: Deno.lint.VariableDeclarator) => {
      if (nameOf(id as Node) !== TABLE) return;
      if (!wanted.some((each) => each.callee === REASON)) return;
      if (init) all.push(tableTexts(init));
    },
    "Property": (node: Deno.lint.Property) => {
      // What a command prints as its answer is no error.
      if (path.includes("/operator/")) return;
      if (!REASON_KEYS.includes(nameOf(node.key))) return;
      if (wanted.some((each) => each.callee === REASON)) {
        all.push(resolve(node.value, 0));
      }
    },
    "NewExpression": (node: Deno.lint.NewExpression) => {
      all.push(...argumentsOf(`new ${nameOf(node.callee)}`, node, wanted));
    },
    "CallExpression": (node: Deno.lint.CallExpression) => {
      const callee = node.callee.type === "Super"
        ? superOf(node)
        : calledName(node.callee);
      all.push(...argumentsOf(callee, node, wanted));
    },
  });
  return join(all);
}

/** A plugin for `deno lint` that only visits. */
function visit(
  path: string,
  text: string,
  visitor: Record<string, (node: never) => void>,
): void {
  Deno.lint.runPlugin(
    {
      name: "texts",
      rules: { texts: { create: () => visitor as Deno.lint.LintVisitor } },
    },
    path,
    text,
  );
}

function argumentsOf(
  callee: string,
  node: Deno.lint.NewExpression | Deno.lint.CallExpression,
  wanted: readonly Forwarder[],
): Resolved[] {
  return wanted.filter((each) => each.callee === callee).map((each) => {
    const argument = node.arguments[each.index];
    if (argument === undefined) return NOTHING;
    if (each.key === undefined) return resolve(argument, 0);
    return resolveKey(argument, each.key);
  });
}

function resolveKey(argument: Node, key: string): Resolved {
  if (argument.type !== "ObjectExpression") return NOTHING;
  return join(
    argument.properties.map((property) =>
      property.type === "Property" && nameOf(property.key) === key
        ? resolve(property.value, 0)
        : NOTHING
    ),
  );
}

/** A class without a constructor takes the arguments of the class that it extends. */
function inherited(
  { id, superClass, body }: Deno.lint.ClassDeclaration,
  wanted: readonly Forwarder[],
): Resolved[] {
  const hasConstructor = body.body.some((member) =>
    member.type === "MethodDefinition" && member.kind === "constructor"
  );
  if (!id || !superClass || hasConstructor) return [];
  const from = wanted
    .filter(({ callee }) => callee === `new ${nameOf(superClass)}`)
    .map((each) => ({ ...each, callee: `new ${id.name}` }));
  return [{ texts: [], from }];
}

function functionOf(node: Node): string {
  for (let at = parentOf(node); at; at = parentOf(at)) {
    if (isFunction(at)) return calleeOf(at);
  }
  return "";
}

function isText(node: Node): boolean {
  if (node.type === "BinaryExpression") {
    return isText(node.left as Node) || isText(node.right);
  }
  return node.type === "TemplateLiteral" ||
    (node.type === "Literal" && typeof node.value === "string");
}

function superOf(node: Deno.lint.CallExpression): string {
  for (let at: Node | undefined = node; at; at = parentOf(at)) {
    if (at.type === "ClassDeclaration" && at.superClass) {
      return `new ${nameOf(at.superClass)}`;
    }
  }
  return "";
}

/** The name of a function; for the method of a list with the name of the list. */
function calledName(callee: Node): string {
  const name = nameOf(callee);
  return name === "push" && callee.type === "MemberExpression"
    ? `${nameOf(callee.object)}.push`
    : name;
}

function nameOf(node: Node): string {
  switch (node.type) {
    case "Identifier":
    case "PrivateIdentifier":
      return node.name;
    case "MemberExpression":
      return nameOf(node.property);
    case "Literal":
      return String(node.value);
    default:
      return "";
  }
}

function parentOf(node: Node): Node | undefined {
  return (node as { readonly parent?: Node }).parent;
}

function join(all: readonly Resolved[]): Resolved {
  return {
    texts: all.flatMap(({ texts }) => texts),
    from: all.flatMap(({ from }) => from),
  };
}

function concat(parts: readonly Resolved[]): Resolved {
  const texts = parts.reduce<readonly string[]>(
    (before, { texts }) => {
      const ends = texts.length === 0 ? [HOLE] : texts;
      return before.flatMap((start) => ends.map((end) => start + end));
    },
    [""],
  );
  return { texts, from: [] };
}

/** Numbers are written as a message has them, without separators and in base 10. */
function literalText({ value, raw }: Deno.lint.Literal): string {
  return typeof value === "string"
    ? value
    : /^[0-9]/.test(raw)
    ? String(BigInt(raw.replaceAll("_", "").replace(/n$/, "")))
    : raw;
}

/** Resolves `operation path: ${reason}`: the reason counts as a text of its own. */
function resolveTemplate(
  { quasis, expressions }: Deno.lint.TemplateLiteral,
  depth: number,
): Resolved {
  const reasons: Resolved[] = [];
  const parts = quasis.flatMap(({ cooked }, index) => {
    const text = { texts: [cooked], from: [] };
    const inner = expressions[index];
    if (inner === undefined) return [text];
    const value = resolve(inner, depth);
    const isLast = index === expressions.length - 1;
    if (isInline(inner) && value.from.length === 0) return [text, value];
    if (isLast && /: "?$/.test(cooked)) reasons.push(value);
    return [text, UNKNOWN];
  });
  return join([concat(parts), ...reasons]);
}

function resolve(node: Node, depth: number): Resolved {
  if (depth > MAX_DEPTH) return UNKNOWN;
  const again = (inner: Node) => resolve(inner, depth + 1);
  switch (node.type) {
    case "Literal":
      return { texts: [literalText(node)], from: [] };
    case "TemplateLiteral":
      return resolveTemplate(node, depth + 1);
    case "MemberExpression":
      return resolveMember(node);
    case "BinaryExpression":
      return node.operator === "+" && isText(node)
        ? concat([again(node.left as Node), again(node.right)])
        : UNKNOWN;
    case "ConditionalExpression":
      return join([again(node.consequent), again(node.alternate)]);
    case "LogicalExpression":
      return join([again(node.left), again(node.right)]);
    case "CallExpression":
      return {
        texts: [HOLE],
        from: [{ callee: `return ${nameOf(node.callee)}`, index: 0 }],
      };
    case "TSAsExpression":
    case "TSNonNullExpression":
      return again(node.expression);
    case "ArrowFunctionExpression":
      return again(node.body);
    case "Identifier":
      return resolveName(node, depth);
    default:
      return UNKNOWN;
  }
}

/** Resolves `TEXTS[key]`: every text of the table. */
function resolveMember(
  { object, computed }: Deno.lint.MemberExpression,
): Resolved {
  if (!computed || object.type !== "Identifier") return UNKNOWN;
  const table = constantOf(object);
  return table === undefined ? UNKNOWN : join([UNKNOWN, tableTexts(table)]);
}

function tableTexts(table: Node): Resolved {
  if (table.type === "TSAsExpression") return tableTexts(table.expression);
  if (table.type !== "ObjectExpression") return NOTHING;
  return join(
    table.properties.map((property) =>
      property.type === "Property" ? resolve(property.value, 0) : NOTHING
    ),
  );
}

/** Returns whether the value of an expression belongs to the text around it. */
function isInline({ type }: Node): boolean {
  return type === "Literal" || type === "Identifier" ||
    type === "ConditionalExpression" || type === "TemplateLiteral";
}

/** Resolves a constant of an enclosing block, or a parameter of the enclosing function. */
function resolveName(node: Deno.lint.Identifier, depth: number): Resolved {
  if (node.name === "undefined") return NOTHING;
  for (let at = parentOf(node); at; at = parentOf(at)) {
    if (at.type === "BlockStatement" || at.type === "Program") {
      const value = constantIn(at.body as readonly Node[], node.name);
      if (value !== undefined) return resolve(value, depth + 1);
    }
    if (isFunction(at)) {
      const from = parameterOf(at, node.name);
      if (from !== undefined) {
        return { texts: [], from: [from] };
      }
    }
  }
  return UNKNOWN;
}

function constantOf(node: Deno.lint.Identifier): Node | undefined {
  for (let at = parentOf(node); at; at = parentOf(at)) {
    if (at.type !== "BlockStatement" && at.type !== "Program") continue;
    const value = constantIn(at.body as readonly Node[], node.name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function constantIn(body: readonly Node[], name: string): Node | undefined {
  for (const statement of body) {
    if (statement.type !== "VariableDeclaration") continue;
    for (const { id, init } of statement.declarations) {
      if (init && nameOf(id as Node) === name) return init;
    }
  }
  return undefined;
}

function isFunction(node: Node): node is FunctionNode {
  return node.type === "FunctionDeclaration" ||
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression";
}

function parameterOf(
  node: FunctionNode,
  name: string,
): Forwarder | undefined {
  const callee = calleeOf(node);
  for (const [index, parameter] of node.params.entries()) {
    let target = parameter as Node;
    // `readonly x: T` in a constructor; the type of the nodes leaves it out.
    if ((target.type as string) === "TSParameterProperty") {
      target = (target as unknown as { readonly parameter: Node }).parameter;
    }
    if (target.type === "AssignmentPattern") target = target.left as Node;
    if (target.type === "ObjectPattern") {
      for (const property of target.properties) {
        if (
          property.type === "Property" && nameOf(property.key) === name
        ) return { callee, index, key: name };
      }
    } else if (nameOf(target) === name) return { callee, index };
  }
  return undefined;
}

/** The name by which a function is called; `new X` for the constructor of a class. */
function calleeOf(node: FunctionNode): string {
  if (node.type === "FunctionDeclaration") return node.id?.name ?? "";
  const parent = parentOf(node);
  if (parent?.type === "VariableDeclarator") return nameOf(parent.id as Node);
  if (parent?.type !== "MethodDefinition") return "";
  if (parent.kind !== "constructor") return nameOf(parent.key as Node);
  const owner = parentOf(parentOf(parent) as Node);
  return owner?.type === "ClassDeclaration" ? `new ${owner.id?.name}` : "";
}
