/** Compares what a plugin prints with what a conformance case expects. @module */

import type { ExpectedError } from "./case_format.ts";

/**
 * The plugin under test. This project's error documents begin with `cniVersion`, upstream's have no
 * such key.
 */
export type Target = "here" | "upstream";

/** Returns a line for each difference between the expected and the actual text. */
export function compareStdout(
  expected: string | ExpectedError,
  { actual, target }: { readonly actual: string; readonly target: Target },
): string[] {
  if (typeof expected !== "string") {
    return compareError(expected, { actual, target });
  }
  return actual === expected ? [] : [`stdout is\n${actual}\nwant\n${expected}`];
}

/**
 * Prints JSON as upstream does: four spaces, no newline at the end, HTML characters and line
 * separators escaped.
 */
export function printJson(value: unknown): string {
  return JSON.stringify(value, null, 4).replace(
    /[<>&\u2028\u2029]/g,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function compareError(
  expected: ExpectedError,
  { actual, target }: { readonly actual: string; readonly target: Target },
): string[] {
  const problem = (what: string): string[] => [
    `stdout is\n${actual}\nwhich ${what}, want ${JSON.stringify(expected)}`,
  ];
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(actual);
  } catch {
    return problem("is not one JSON document");
  }
  if (printJson(found) !== actual) {
    return problem("is not indented and escaped as upstream's JSON");
  }
  const wantsDetails = target === "upstream"
    ? expected.details !== undefined
    : expected.details !== undefined ||
      expected.detailsPattern !== undefined || "details" in found;
  const keys = [
    ...(target === "here" ? ["cniVersion"] : []),
    "code",
    "msg",
    ...(wantsDetails ? ["details"] : []),
  ];
  if (Object.keys(found).join() !== keys.join()) {
    return problem(`does not have the keys ${keys}`);
  }
  const wrong = [
    ...(target === "here" && !isVersion(found["cniVersion"], expected)
      ? ["cniVersion"]
      : []),
    ...(found["code"] !== expected.code ? ["code"] : []),
    ...(isMessage(found["msg"], expected) ? [] : ["msg"]),
    ...(isDetails(found["details"], expected, target) ? [] : ["details"]),
  ];
  return wrong.length === 0
    ? []
    : problem(`has another ${wrong.join(" and ")}`);
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

function isDetails(
  found: unknown,
  { details, detailsPattern }: ExpectedError,
  target: Target,
): boolean {
  if (details !== undefined) return found === details;
  if (detailsPattern !== undefined && target === "here") {
    return typeof found === "string" && new RegExp(detailsPattern).test(found);
  }
  return found === undefined || (typeof found === "string" && found !== "");
}
