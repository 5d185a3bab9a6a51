/**
 * The reader fills in every default and refuses what says nothing, else a typing error makes a case
 * pass.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { testRows } from "../../support/rows.ts";
import { type ConformanceCase, parseCases, substitute } from "./case_reader.ts";
import type { Step } from "./step_reader.ts";

const CONFIG = { cniVersion: "1.0.0", name: "n", ipam: { type: "t" } };
const ERROR = { code: 7, msg: "m" };
const ENV = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/dev/null",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};

/** What a test writes into a case file. */
type Entry = Readonly<Record<string, unknown>>;

function parse(each: Entry, file: Entry = {}): ConformanceCase[] {
  const text = JSON.stringify({
    config: CONFIG,
    ...file,
    cases: [{ name: "a", ...each }],
  });
  return parseCases(text, { source: "x.json" });
}

function stepOf(each: Entry, file: Entry = {}): Step {
  const [step] = parse(each, file)[0]?.steps ?? [];
  if (step === undefined) throw new Error("no step");
  return step;
}

const printed = (text: string): string => `{\n    ${text}\n}`;

testRows("parseCases() implies", [
  {
    name: "an ADD with the configuration of the file",
    entry: { stdout: "x" },
    want: { env: ENV, stdin: JSON.stringify(CONFIG) },
  },
  {
    name: "the environment of the file",
    entry: { stdout: "x" },
    file: { env: { CNI_COMMAND: "FOO", CNI_NETNS: null } },
    want: {
      env: {
        CNI_COMMAND: "FOO",
        CNI_CONTAINERID: "c1",
        CNI_IFNAME: "eth0",
        CNI_PATH: "/opt/cni/bin",
      },
    },
  },
  {
    name: "exit code 0 and an empty stderr for a result",
    entry: { result: { a: 1 } },
    want: {
      here: {
        stdout: printed('"cniVersion": "1.0.0",\n    "a": 1'),
        stderr: "^$",
        exitCode: 0,
      },
    },
  },
  {
    name: "exit code 1 and the version for an error",
    entry: { error: ERROR },
    want: {
      here: {
        stdout: { cniVersion: "1.0.0", ...ERROR },
        stderr: "^$",
        exitCode: 1,
      },
    },
  },
  {
    name: "version 0.1.0 for a configuration without one",
    entry: { config: { cniVersion: null }, error: ERROR },
    want: {
      here: {
        stdout: { cniVersion: "0.1.0", ...ERROR },
        stderr: "^$",
        exitCode: 1,
      },
    },
  },
  {
    name: "no version for a raw text",
    entry: { stdin: "{}", error: ERROR },
    want: {
      stdin: "{}",
      here: { stdout: ERROR, stderr: "^$", exitCode: 1 },
    },
  },
  {
    name: "no output for DEL",
    entry: { env: { CNI_COMMAND: "DEL" } },
    want: { here: { stdout: "", stderr: "^$", exitCode: 0 } },
  },
  {
    name: "the result of the file for ADD",
    entry: {},
    file: { result: { b: 2 } },
    want: {
      here: {
        stdout: printed('"cniVersion": "1.0.0",\n    "b": 2'),
        stderr: "^$",
        exitCode: 0,
      },
    },
  },
  {
    name: "the outcome of the step for upstream",
    entry: { error: ERROR, exitCode: 3, stderr: "w", changes: { f: "" } },
    want: {
      upstream: [{
        stdout: { cniVersion: "1.0.0", ...ERROR },
        stderr: "w",
        exitCode: 3,
        changes: { f: "" },
      }],
      differences: [],
    },
  },
  {
    name: "the exit code of upstream's document",
    entry: {
      error: ERROR,
      changes: { f: "" },
      upstream: { difference: "d", result: { a: 1 }, changes: {} },
    },
    want: {
      upstream: [{
        stdout: printed('"cniVersion": "1.0.0",\n    "a": 1'),
        stderr: "^$",
        exitCode: 0,
        changes: {},
      }],
      differences: ["d"],
    },
  },
  {
    name: "the rest of an error that upstream changes",
    entry: {
      error: { code: 7, msgPrefix: "m", details: "d" },
      upstream: {
        difference: ["d", "e"],
        error: { code: 999, msg: "n", details: null },
      },
    },
    want: {
      upstream: [{
        stdout: { cniVersion: "1.0.0", code: 999, msg: "n" },
        stderr: "^$",
        exitCode: 1,
      }],
      differences: ["d", "e"],
    },
  },
  {
    name: "one outcome for each that upstream may have",
    entry: {
      stdout: "a",
      upstream: {
        difference: "d",
        exitCode: 2,
        oneOf: [{ stdout: "b" }, { error: ERROR }],
      },
    },
    want: {
      upstream: [
        { stdout: "b", stderr: "^$", exitCode: 2 },
        {
          stdout: { cniVersion: "1.0.0", ...ERROR },
          stderr: "^$",
          exitCode: 2,
        },
      ],
    },
  },
], ({ entry, file, want }) => {
  const step: Record<string, unknown> = { ...stepOf(entry, file) };
  for (const [key, value] of Object.entries(want)) {
    assertEquals(step[key], value, key);
  }
});

Deno.test("parseCases() applies the patches of the file, the case and the step", () => {
  const [each] = parse({
    config: { ipam: { b: 1 } },
    steps: [
      { result: {} },
      { env: { CNI_COMMAND: "DEL" }, config: { ipam: { b: 2 }, c: 3 } },
    ],
  });
  assertEquals(each?.steps.map(({ stdin }) => JSON.parse(stdin)), [
    { ...CONFIG, ipam: { type: "t", b: 1 } },
    { ...CONFIG, ipam: { type: "t", b: 2 }, c: 3 },
  ]);
});

Deno.test("parseCases() runs a case once with each of its versions", () => {
  const cases = parse({
    versions: ["0.4.0", "1.1.0"],
    error: { ...ERROR, details: "v ${VERSION}" },
  });
  assertEquals(
    cases.map(({ name, steps: [step] }) => [
      name,
      JSON.parse(step?.stdin ?? ""),
      step?.here.stdout,
    ]),
    ["0.4.0", "1.1.0"].map((cniVersion) => [
      `a, cniVersion "${cniVersion}"`,
      { ...CONFIG, cniVersion },
      { cniVersion, ...ERROR, details: `v ${cniVersion}` },
    ]),
  );
});

Deno.test("parseCases() puts the version into a name that asks for it", () => {
  const cases = parse({
    name: "v ${VERSION}",
    versions: ["1", "2"],
    stdout: "",
  });
  assertEquals(cases.map(({ name }) => name), ["v 1", "v 2"]);
});

testRows("parseCases() refuses", [
  { name: "an unknown key of a case", entry: { stdot: "" }, want: "stdot" },
  {
    name: "an unknown key of a step",
    entry: { steps: [{ stdout: "" }, { stdot: "" }] },
    want: "stdot",
  },
  {
    name: "an unknown key of an error",
    entry: { error: { ...ERROR, detail: "" } },
    want: "detail",
  },
  {
    name: "an unknown key of upstream",
    entry: { stdout: "", upstream: { difference: "d", filesAfter: {} } },
    want: "filesAfter",
  },
  {
    name: "an unknown key of an outcome that upstream may have",
    entry: { stdout: "", upstream: { difference: "d", oneOf: [{ code: 1 }] } },
    want: "code",
  },
  {
    name: "an unknown key of a file entry",
    entry: { stdout: "", changes: { f: { contents: "" } } },
    want: "contents",
  },
  {
    name: "an unknown key of the file",
    entry: { stdout: "" },
    file: { configuration: {} },
    want: "configuration",
  },
  {
    name: "a key of the cases of dhcp",
    entry: { stdout: "", wire: [] },
    want: "wire",
  },
  {
    name: "a file without a configuration",
    entry: { stdout: "" },
    file: { config: undefined },
    want: "config",
  },
  { name: "a case without a name", entry: { name: "" }, want: "name" },
  { name: "an ADD without an outcome", entry: {}, want: "missing" },
  {
    name: "an unknown command without an outcome",
    entry: { env: { CNI_COMMAND: "FOO" } },
    want: "missing",
  },
  {
    name: "two documents",
    entry: { result: {}, error: ERROR },
    want: '"result" next to "error"',
  },
  {
    name: "two messages",
    entry: { error: { ...ERROR, msgPrefix: "" } },
    want: '"msg" next to "msgPrefix"',
  },
  {
    name: "a configuration next to stdin",
    entry: { config: { name: "m" }, stdin: "", stdout: "" },
    want: '"config" next to "stdin"',
  },
  {
    name: "a configuration that changes nothing",
    entry: { config: { name: "n" }, stdout: "" },
    want: '"name"',
  },
  {
    name: "an environment that changes nothing",
    entry: { env: { CNI_COMMAND: "ADD" }, stdout: "" },
    want: '"CNI_COMMAND"',
  },
  {
    name: "an exit code that is implied",
    entry: { error: ERROR, exitCode: 1 },
    want: "exitCode 1",
  },
  {
    name: "a version that is implied",
    entry: { error: { cniVersion: "1.0.0", ...ERROR } },
    want: 'cniVersion "1.0.0"',
  },
  {
    name: "an upstream without a difference",
    entry: { stdout: "", upstream: { exitCode: 1 } },
    want: "difference",
  },
  {
    name: "an upstream that changes nothing",
    entry: { stdout: "", upstream: { difference: "d" } },
    want: "changes nothing",
  },
  {
    name: "an upstream with the same stderr",
    entry: { stdout: "", upstream: { difference: "d", stderr: "^$" } },
    want: '"stderr"',
  },
  {
    name: "an upstream with the same changes",
    entry: {
      stdout: "",
      changes: { f: "" },
      upstream: { difference: "d", changes: { f: "" } },
    },
    want: '"changes"',
  },
  {
    name: "an upstream with the same error code",
    entry: { error: ERROR, upstream: { difference: "d", error: { code: 7 } } },
    want: '"code"',
  },
  {
    name: "no versions",
    entry: { versions: [], stdout: "" },
    want: "versions",
  },
  {
    name: "a single step",
    entry: { steps: [{ stdout: "" }] },
    want: "steps",
  },
  {
    name: "an outcome next to steps",
    entry: { stdout: "", steps: [{ stdout: "" }, { stdout: "" }] },
    want: '"stdout" next to "steps"',
  },
  {
    name: "a remark as spec",
    entry: { spec: "as before", stdout: "" },
    want: "as before",
  },
], ({ entry, file, want }) => {
  assertThrows(() => parse(entry, file), SyntaxError, want);
});

testRows("parseCases() accepts the spec", [
  { name: "SPEC section 2, DEL" },
  { name: "SPEC section 5, ADD Success" },
  { name: "CONVENTIONS, ips" },
  { name: "RFC 3442" },
  { name: "RFC 2131 section 4.4.5" },
], ({ name }) => {
  assertEquals(parse({ spec: name, stdout: "" }).length, 1);
});

Deno.test("substitute() replaces in keys and texts at every depth", () => {
  assertEquals(
    substitute<unknown>({ "${A}/k": ["x${A}", { b: "${B}" }, 1, null] }, {
      A: "v",
    }),
    { "v/k": ["xv", { b: "${B}" }, 1, null] },
  );
});
