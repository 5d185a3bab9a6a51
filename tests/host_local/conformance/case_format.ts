/**
 * The form of a conformance case, its reading and its placeholders.
 *
 * A file in `cases/` is a list of cases. A case is one call of the plugin, or `steps`, a sequence of calls that share one
 * fresh data directory. Texts in `stdin`, `env`, `stdout` and the file trees may hold `${DATA_DIR}`, the path of that
 * directory.
 * @module
 */

/** One call and what must come of it. */
export interface Step {
  /** Variables on top of `DEFAULT_ENV`; `null` unsets one. */
  readonly env: Readonly<Record<string, string | null>>;
  /** A raw text, or a value to send as JSON. Default: nothing. */
  readonly stdin?: unknown;
  readonly stdout: ExpectedStdout;
  /** A regular expression that stderr must match. Default: it is empty. */
  readonly stderr?: string;
  readonly exitCode: number;
  /** All that the data directory holds afterwards. Default: what it held before the call. */
  readonly filesAfter?: Tree;
  /** What upstream's plugin does differently in this call. */
  readonly upstream?: UpstreamOverride;
}

/** A named case: a single step, or several under `steps`. */
export interface ConformanceCase {
  readonly name: string;
  /** The part of the contract or the SPEC that it shows. */
  readonly spec?: string;
  readonly filesBefore?: Tree;
  readonly steps: readonly Step[];
}

/** The cases of one file. */
export interface CaseGroup {
  readonly topic: string;
  readonly cases: readonly ConformanceCase[];
}

/** Exact text; exact lines; a result, printed as upstream prints JSON; or an error document. */
export type ExpectedStdout =
  | string
  | readonly string[]
  | { readonly result: unknown }
  | ExpectedError;

/** An error document. `msgPrefix` instead of `msg` where the text comes out of a language's library. */
export interface ExpectedError {
  /** The value of this project's `cniVersion` key; any string if absent. Upstream's documents have no such key. */
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg?: string;
  readonly msgPrefix?: string;
  /** Exact text. If absent, upstream must have none, and this project may have any. */
  readonly details?: string;
}

/** Values that replace the step's own; `stdout` objects are merged. */
export interface OutcomeOverride {
  readonly stdout?: ExpectedStdout | Partial<ExpectedError>;
  readonly stderr?: string;
  readonly exitCode?: number;
  readonly filesAfter?: Tree;
}

/** How the step goes when upstream's plugin is under test. */
export interface UpstreamOverride extends OutcomeOverride {
  /** The id (or ids) of the row in docs/differences.md that explains it. */
  readonly difference: string | readonly string[];
  /** Where upstream acts at random: every outcome that it may have. */
  readonly oneOf?: readonly OutcomeOverride[];
}

/** Entries by path below the data directory. Directories on the way to an entry need no entry of their own. */
export type Tree = Readonly<Record<string, TreeEntry>>;

/** A text is a regular file's content. */
export type TreeEntry =
  | string
  | {
    /** Default: file. */
    readonly type?: "file" | "directory" | "symlink";
    /** A file's content. Default: empty. */
    readonly content?: string;
    /** Where a symlink points. */
    readonly target?: string;
    /** Octal, for example "0600". Compared only if given. */
    readonly mode?: string;
    /** ISO 8601, only in `filesBefore`. Default: now. */
    readonly mtime?: string;
  };

/** The environment that `Step.env` is laid over. */
export const DEFAULT_ENV: Readonly<Record<string, string>> = {
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/dev/null",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};

const STEP_KEYS = [
  "env",
  "stdin",
  "stdout",
  "stderr",
  "exitCode",
  "upstream",
];
const CASE_KEYS = ["name", "spec", "steps"];
const UPSTREAM_KEYS = ["difference", "oneOf", "stdout", "stderr", "exitCode"];
const REQUIRED_STEP_KEYS = ["env", "stdout", "exitCode"];

/** Keys that only the cases of one plugin have. */
export interface CaseForm {
  readonly caseKeys: readonly string[];
  readonly stepKeys: readonly string[];
}

/** The cases of host-local are about files. */
export const HOST_LOCAL_FORM: CaseForm = {
  caseKeys: ["filesBefore"],
  stepKeys: ["filesAfter"],
};

/** Reads every file of `cases/`, in order of name. */
export function loadCases(
  directory: URL,
  form = HOST_LOCAL_FORM,
): CaseGroup[] {
  const names = [...Deno.readDirSync(directory)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".json")).sort();
  return names.map((name) => ({
    topic: name.slice(0, -".json".length),
    cases: parseCases(
      Deno.readTextFileSync(new URL(name, directory)),
      name,
      form,
    ),
  }));
}

/** Parses the text of a case file; throws on misspelt keys, lest a typing error makes a case hold for nothing. */
export function parseCases(
  text: string,
  source: string,
  form = HOST_LOCAL_FORM,
): ConformanceCase[] {
  const caseKeys = [...CASE_KEYS, ...form.caseKeys];
  const stepKeys = [...STEP_KEYS, ...form.stepKeys];
  const raw: unknown = JSON.parse(text);
  if (!Array.isArray(raw)) throw new SyntaxError(`${source}: expected a list`);
  return raw.map((value: Record<string, unknown>) => {
    const where = `${source}: ${JSON.stringify(value["name"])}`;
    const isSequence = "steps" in value;
    expectKeys(value, {
      allowed: isSequence ? caseKeys : [...caseKeys, ...stepKeys],
      required: isSequence ? ["name"] : ["name", ...REQUIRED_STEP_KEYS],
      where,
    });
    const steps = isSequence
      ? value["steps"] as Record<string, unknown>[]
      : [pick(value, stepKeys)];
    for (const step of steps) {
      expectKeys(step, {
        allowed: stepKeys,
        required: REQUIRED_STEP_KEYS,
        where,
      });
      const upstream = step["upstream"] as Record<string, unknown> | undefined;
      if (upstream === undefined) continue;
      expectKeys(upstream, {
        allowed: [...UPSTREAM_KEYS, ...form.stepKeys],
        required: ["difference"],
        where: `${where}, upstream`,
      });
    }
    return { ...pick(value, caseKeys), steps } as unknown as ConformanceCase;
  });
}

/** Returns the ids of docs/differences.md that a case names. */
export function differencesOf({ steps }: ConformanceCase): string[] {
  return steps.flatMap(({ upstream }) => upstream?.difference ?? []);
}

/** Puts `values` in the place of their `${NAME}` in every text and key inside `template`. */
export function substitute<T>(
  template: T,
  values: Readonly<Record<string, string>>,
): T {
  const replace = (node: unknown): unknown => {
    if (typeof node === "string") {
      return node.replace(
        /\$\{([A-Z_]+)\}/g,
        (text, name) => values[name] ?? text,
      );
    }
    if (Array.isArray(node)) return node.map(replace);
    if (typeof node === "object" && node !== null) {
      return Object.fromEntries(
        Object.entries(node).map((
          [key, value],
        ) => [replace(key), replace(value)]),
      );
    }
    return node;
  };
  return replace(template) as T;
}

function pick(
  value: Record<string, unknown>,
  keys: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => keys.includes(key)),
  );
}

function expectKeys(
  value: Record<string, unknown>,
  { allowed, required, where }: {
    readonly allowed: readonly string[];
    readonly required: readonly string[];
    readonly where: string;
  },
): void {
  const unknown = Object.keys(value).filter((key) => !allowed.includes(key));
  if (unknown.length > 0) {
    throw new SyntaxError(`${where}: unknown keys ${unknown}`);
  }
  const missing = required.filter((key) => !(key in value));
  if (missing.length > 0) {
    throw new SyntaxError(`${where}: missing keys ${missing}`);
  }
}
