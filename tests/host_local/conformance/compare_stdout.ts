/** Compares what a plugin printed with what a conformance case expects. @module */

import type { ExpectedError, ExpectedStdout } from "./case_format.ts";

/** Whose output it is: this project's error documents begin with `cniVersion`, upstream's have no such key. */
export type Target = "here" | "upstream";

/** Every way in which `actual` is not `expected`; nothing if it is. */
export function compareStdout(
  expected: ExpectedStdout,
  { actual, target }: { readonly actual: string; readonly target: Target },
): string[] {
  if (isError(expected)) return compareError(expected, { actual, target });
  const text = typeof expected === "string"
    ? expected
    : "result" in expected
    ? printJson(expected.result)
    : expected.join("\n");
  return actual === text ? [] : [`stdout is\n${actual}\nwant\n${text}`];
}

/** JSON as upstream prints it: four spaces, no newline at the end, HTML characters and line separators escaped. */
export function printJson(value: unknown): string {
  return JSON.stringify(value, null, 4).replace(
    /[<>&\u2028\u2029]/g,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whether the expectation is an error document. */
export function isError(expected: ExpectedStdout): expected is ExpectedError {
  return typeof expected === "object" && "code" in expected;
}

function compareError(
  expected: ExpectedError,
  { actual, target }: { readonly actual: string; readonly target: Target },
): string[] {
  const problem = (text: string): string[] => [
    `stdout is\n${actual}\nwant ${text} in ${JSON.stringify(expected)}`,
  ];
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(actual);
  } catch {
    return problem("one JSON document");
  }
  if (printJson(found) !== actual) {
    return problem("upstream's indentation and escapes");
  }
  const wantsDetails = target === "upstream"
    ? expected.details !== undefined
    : expected.details !== undefined || "details" in found;
  const keys = [
    ...(target === "here" ? ["cniVersion"] : []),
    "code",
    "msg",
    ...(wantsDetails ? ["details"] : []),
  ];
  if (Object.keys(found).join() !== keys.join()) {
    return problem(`the keys ${keys}`);
  }
  const wrong = [
    ...(target === "here" && !isVersion(found["cniVersion"], expected)
      ? ["cniVersion"]
      : []),
    ...(found["code"] !== expected.code ? ["code"] : []),
    ...(isMessage(found["msg"], expected) ? [] : ["msg"]),
    ...(isDetails(found["details"], expected) ? [] : ["details"]),
  ];
  return wrong.length === 0 ? [] : problem(`other ${wrong.join(" and ")}`);
}

function isVersion(found: unknown, { cniVersion }: ExpectedError): boolean {
  return typeof found === "string" &&
    (cniVersion === undefined || found === cniVersion);
}

function isMessage(found: unknown, { msg, msgPrefix }: ExpectedError): boolean {
  if (typeof found !== "string") return false;
  if (msgPrefix !== undefined) return found.startsWith(msgPrefix);
  return found === msg;
}

function isDetails(found: unknown, { details }: ExpectedError): boolean {
  if (details !== undefined) return found === details;
  return found === undefined || (typeof found === "string" && found !== "");
}
