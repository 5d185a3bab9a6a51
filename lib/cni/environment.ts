/** The CNI_* variables (SPEC section 2, "Parameters"): one table, one order of checks. Pure. @module */

import { hasWhiteSpace } from "../base/whitespace.ts";
import { CniError, CniErrorCode } from "./error.ts";

/** What the runtime asks for, as the environment says it. */
export interface Invocation {
  /** CNI_COMMAND, not yet known to be a command. */
  readonly command: string;
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  /** CNI_ARGS, unparsed: each plugin has its own grammar. */
  readonly cniArgs: string;
  /** CNI_NETNS_OVERRIDE: the namespace of the container may be the plugin's own. */
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

/** Whether `text` may be a container ID or a network name: both have the same alphabet. */
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

/** In the order in which upstream looks at them. CNI_PATH is optional for every command these plugins serve. */
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
 * Reads the environment.
 *
 * @param read Gives the value of a variable; undefined and empty mean the same.
 * @returns The invocation, or undefined if there is no CNI_COMMAND: nobody speaks CNI to us.
 * @throws {CniError} code 4. A value that is there and wrong is reported before anything that is missing.
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

/** Whether this value of CNI_NETNS_OVERRIDE allows the plugin's own namespace. */
export function isOverride(text: string): boolean {
  return /^(1|true)$/i.test(text);
}
