/** Reads conformance case files into cases in which every value is explicit. @module */

import type {
  CaseEntry,
  CaseFile,
  ExpectedError,
  OutcomeEntry,
  StepEntry,
  Tree,
  UpstreamEntry,
} from "./case_format.ts";
import { isObject, mergePatch } from "./merge_patch.ts";
import { expectShape, keys, type Shape, type ShapeOf } from "./shape.ts";
import {
  type Defaults,
  pick,
  type Raw,
  readStep,
  type Step,
} from "./step_reader.ts";

/** A case as it runs. */
export interface ConformanceCase<S extends Step = Step> {
  readonly name: string;
  /** Default: none. */
  readonly filesBefore?: Tree;
  readonly steps: readonly S[];
}

/** The cases of one file. */
export interface CaseGroup<C = ConformanceCase> {
  readonly topic: string;
  readonly cases: readonly C[];
}

/** What is particular to the cases of one plugin: the default environment, and additional keys. */
export interface CaseForm {
  /** The environment of a call if neither its file nor its case changes it. */
  readonly env: Readonly<Record<string, string>>;
  readonly caseKeys: Readonly<Record<string, Shape>>;
  readonly stepKeys: Readonly<Record<string, Shape>>;
  readonly outcomeKeys: Readonly<Record<string, Shape>>;
}

/** The environment of an ADD. */
export const ADD_ENV: Readonly<Record<string, string>> = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/dev/null",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};

const TREE: Shape = {
  "*": keys("type", "content", "pattern", "target", "mode", "mtime"),
};

/** The cases of host-local compare files. */
export const HOST_LOCAL_FORM: CaseForm = {
  env: ADD_ENV,
  caseKeys: { filesBefore: TREE },
  stepKeys: {},
  outcomeKeys: { changes: TREE },
};

/** A section of the CNI specification, of the CNI conventions, or of an RFC. */
const REFERENCE =
  /^(SPEC section \d(, [\w ]+)?|CONVENTIONS, \w+|RFC \d+( section [\d.]+)?)$/;

/** Reads every file of `directory`, in order of name. */
export function loadCases<C = ConformanceCase>(
  directory: URL,
  form = HOST_LOCAL_FORM,
): CaseGroup<C>[] {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name.endsWith(".json")).sort();
  return names.map((name) => ({
    topic: name.slice(0, -".json".length),
    cases: parseCases<C>(Deno.readTextFileSync(new URL(name, directory)), {
      source: name,
      form,
    }),
  }));
}

/**
 * Parses a case file. A case with `versions` becomes one case for each of them.
 *
 * @throws {SyntaxError} if a key is unknown or missing, or states what holds without it. Names the
 * file and the case.
 */
export function parseCases<C = ConformanceCase>(
  text: string,
  { source, form = HOST_LOCAL_FORM }: {
    readonly source: string;
    readonly form?: CaseForm;
  },
): C[] {
  const file: Raw = JSON.parse(text);
  expectShape(file, fileShape(form), { where: source });
  const { config, env, result, cases } = file;
  if (!isObject(config) || !Array.isArray(cases)) {
    throw new SyntaxError(`${source}: expected the keys "config" and "cases"`);
  }
  const defaults: Defaults = {
    config,
    env: env === undefined ? form.env : mergePatch(form.env, env) as Raw,
    result: result as Raw | undefined,
    outcomeKeys: Object.keys(form.outcomeKeys),
    stepKeys: Object.keys(form.stepKeys),
  };
  return cases.flatMap((written: Raw) => {
    try {
      return perVersion(written).map((each) =>
        readCase(each, { defaults, form }) as C
      );
    } catch (error) {
      const problem = error instanceof Error ? error.message : error;
      throw new SyntaxError(`${source}: "${written["name"]}": ${problem}`, {
        cause: error,
      });
    }
  });
}

/** Returns the rows of "Deliberate differences" that a case names. */
export function differencesOf({ steps }: ConformanceCase): string[] {
  return steps.flatMap(({ differences }) => differences);
}

/** Replaces each `${NAME}` with its value, in every text and key inside `template`. */
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
    if (isObject(node)) {
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

function fileShape(form: CaseForm): ShapeOf<CaseFile> {
  const error: ShapeOf<ExpectedError> = {
    cniVersion: true,
    code: true,
    msg: true,
    msgPrefix: true,
    details: true,
    detailsPattern: true,
  };
  const common: ShapeOf<Omit<OutcomeEntry, "changes">> = {
    result: true,
    error,
    stdout: true,
    stderr: true,
    exitCode: true,
  };
  const outcome = { ...common, ...form.outcomeKeys };
  const upstream: ShapeOf<Omit<UpstreamEntry, "changes">> = {
    ...outcome,
    difference: true,
    oneOf: outcome,
  };
  const call: ShapeOf<Omit<StepEntry, "changes">> = {
    ...outcome,
    env: true,
    config: true,
    stdin: true,
    upstream,
  };
  const step = { ...call, ...form.stepKeys };
  const head: ShapeOf<Omit<CaseEntry, "filesBefore">> = {
    name: true,
    spec: true,
    versions: true,
    config: true,
  };
  const cases = { ...step, ...head, ...form.caseKeys, steps: step };
  return { config: true, env: true, result: true, cases };
}

function perVersion({ versions, ...written }: Raw): Raw[] {
  if (versions === undefined) return [written];
  if (!Array.isArray(versions) || versions.length === 0) {
    throw new SyntaxError("expected a list of versions");
  }
  return versions.map((version: string) => {
    const each = substitute(written, { VERSION: version });
    const name = each["name"] === written["name"]
      ? `${each["name"]}, cniVersion "${version}"`
      : each["name"];
    return { ...each, name, version };
  });
}

function readCase(
  { name, spec = [], version, steps, ...rest }: Raw,
  { defaults, form }: {
    readonly defaults: Defaults;
    readonly form: CaseForm;
  },
): unknown {
  if (typeof name !== "string" || name === "") {
    throw new SyntaxError("expected a name");
  }
  for (const reference of [spec].flat()) {
    if (!REFERENCE.test(`${reference}`)) {
      throw new SyntaxError(`spec "${reference}" is not a section`);
    }
  }
  const own = { name, ...pick(rest, Object.keys(form.caseKeys)) };
  const step = { ...defaults, config: withVersion(defaults.config, version) };
  if (steps === undefined) return { ...own, steps: [readStep(rest, step)] };
  if (!Array.isArray(steps) || steps.length < 2) {
    throw new SyntaxError("expected two or more steps");
  }
  const stray = Object.keys(rest).find((key) =>
    key !== "config" && !(key in form.caseKeys)
  );
  if (stray !== undefined) throw new SyntaxError(`"${stray}" next to "steps"`);
  const config = "config" in rest
    ? mergePatch(step.config, rest["config"])
    : step.config;
  return {
    ...own,
    steps: steps.map((each) => readStep(each, { ...step, config })),
  };
}

function withVersion(config: unknown, version: unknown): unknown {
  return isObject(config) && version !== undefined
    ? { ...config, cniVersion: version }
    : config;
}
