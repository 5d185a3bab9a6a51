/** The CNI_* variables (SPEC section 2, "Parameters"). Pure. @module */

import { hasWhiteSpace } from "../base/whitespace.ts";
import { CniError, CniErrorCode } from "./error.ts";

/** What the runtime asks for in the environment. */
export interface Invocation {
  /** CNI_COMMAND. It may be unknown. */
  readonly command: string;
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  /** CNI_ARGS, unparsed: each plugin has its own syntax. */
  readonly cniArgs: string;
  /** CNI_NETNS_OVERRIDE: whether CNI_NETNS may be the plugin's own namespace. */
  readonly netnsOverride: boolean;
}

interface Variable {
  readonly name: string;
  readonly requiredFor: readonly string[];
  readonly validate?: (value: string) => void;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const INTERFACE_NAME_BYTES = 15;

function invalid(message: string, details: string): CniError {
  return new CniError(CniErrorCode.invalidEnvironment, message, { details });
}

/**
 * Returns the error for a variable whose value is not UTF-8.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { code, message } = invalidVariable("CNI_ARGS", new TypeError("invalid data"));
 * assertEquals([code, message], [4, "CNI_ARGS is not valid UTF-8"]);
 * ```
 */
export function invalidVariable(name: string, cause: unknown): CniError {
  return new CniError(
    CniErrorCode.invalidEnvironment,
    `${name} is not valid UTF-8`,
    { cause },
  );
}

/**
 * Returns whether `text` is a valid container ID or network name; the same characters are allowed
 * in both.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isValidName("my-net.1"), true);
 * assertEquals(isValidName("../etc"), false);
 * ```
 */
export function isValidName(text: string): boolean {
  return NAME.test(text);
}

function validateContainerId(value: string): void {
  if (!isValidName(value)) {
    throw invalid("invalid characters in containerID", value);
  }
}

function validateInterfaceName(value: string): void {
  if (new TextEncoder().encode(value).length > INTERFACE_NAME_BYTES) {
    throw invalid(
      "interface name is too long",
      "interface name should be less than 16 characters",
    );
  }
  if (value === "." || value === "..") {
    throw invalid("interface name is . or ..", "");
  }
  if (/[/:]/.test(value) || hasWhiteSpace(value)) {
    throw invalid(
      "interface name contains / or : or whitespace characters",
      "",
    );
  }
}

/**
 * In the order in which upstream checks them. CNI_PATH is optional for every command of these
 * plugins.
 */
const VARIABLES: readonly Variable[] = [
  {
    name: "CNI_CONTAINERID",
    requiredFor: ["ADD", "CHECK", "DEL"],
    validate: validateContainerId,
  },
  { name: "CNI_NETNS", requiredFor: ["ADD", "CHECK"] },
  {
    name: "CNI_IFNAME",
    requiredFor: ["ADD", "CHECK", "DEL"],
    validate: validateInterfaceName,
  },
];

/**
 * Parses the environment.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const env: Record<string, string> = { CNI_COMMAND: "VERSION" };
 * assertEquals(parseEnvironment((name) => env[name])?.command, "VERSION");
 * assertEquals(parseEnvironment(() => undefined), undefined);
 * ```
 *
 * @param read Returns the value of a variable. Undefined and empty are the same.
 * @returns Undefined if there is no CNI_COMMAND: the plugin was not started by a runtime.
 * @throws {CniError} code 4 if a variable is invalid or missing. An invalid one is reported first.
 */
export function parseEnvironment(
  read: (name: string) => string | undefined,
): Invocation | undefined {
  const command = read("CNI_COMMAND") ?? "";
  if (command === "") return undefined;
  const missing: string[] = [];
  for (const { name, requiredFor, validate } of VARIABLES) {
    if (!requiredFor.includes(command)) continue;
    const value = read(name) ?? "";
    if (value === "") missing.push(name);
    else validate?.(value);
  }
  if (missing.length > 0) {
    throw invalid(`required env variables [${missing.join(",")}] missing`, "");
  }
  return {
    command,
    containerId: read("CNI_CONTAINERID") ?? "",
    netns: read("CNI_NETNS") ?? "",
    ifName: read("CNI_IFNAME") ?? "",
    cniArgs: read("CNI_ARGS") ?? "",
    netnsOverride: isOverride(read("CNI_NETNS_OVERRIDE") ?? ""),
  };
}

/**
 * Returns whether this value of CNI_NETNS_OVERRIDE allows the plugin's own namespace.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([isOverride("1"), isOverride("TRUE"), isOverride("yes")], [true, true, false]);
 * ```
 */
export function isOverride(text: string): boolean {
  return /^(1|true)$/i.test(text);
}
