/** The versions of the CNI specification, and the commands of each. Pure. @module */

import { CniError, CniErrorCode } from "./error.ts";

/** Every supported version, oldest first. */
export const SUPPORTED_VERSIONS = [
  "0.1.0",
  "0.2.0",
  "0.3.0",
  "0.3.1",
  "0.4.0",
  "1.0.0",
  "1.1.0",
] as const;

/** One of {@link SUPPORTED_VERSIONS}. */
export type SpecVersion = typeof SUPPORTED_VERSIONS[number];

/** The newest supported version, which VERSION reports. */
export const CURRENT_VERSION: SpecVersion = "1.1.0";

/** The version of a configuration without `cniVersion`. */
export const DEFAULT_VERSION: SpecVersion = "0.1.0";

/** The commands of SPEC section 2 that take a network configuration. */
export const COMMANDS = ["ADD", "DEL", "CHECK", "GC", "STATUS"] as const;

/** One of {@link COMMANDS}. */
export type Command = typeof COMMANDS[number];

/** The version in which each command was introduced; undefined for the original ones. */
const FIRST_VERSION: Readonly<Record<Command, SpecVersion | undefined>> = {
  ADD: undefined,
  DEL: undefined,
  CHECK: "0.4.0",
  GC: "1.1.0",
  STATUS: "1.1.0",
};

/**
 * Returns the command with this name; undefined if there is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseCommand("ADD"), "ADD");
 * assertEquals(parseCommand("add"), undefined);
 * ```
 */
export function parseCommand(text: string): Command | undefined {
  return Object.hasOwn(FIRST_VERSION, text) ? text as Command : undefined;
}

type Numbers = readonly [number, number, number];

function decodingFailure(message: string): CniError {
  return new CniError(CniErrorCode.decodingFailure, message);
}

function parseNumbers(text: string): Numbers {
  const parts = text.split(".");
  if (parts.length > 3) {
    throw decodingFailure(
      `invalid version ${JSON.stringify(text)}: too many parts`,
    );
  }
  const [major, minor, micro] = ["major", "minor", "micro"].map(
    (name, index) => {
      const part = parts[index] ?? "0";
      if (/^[+-]?[0-9]+$/.test(part)) return Number(part);
      const quoted = JSON.stringify(part);
      throw decodingFailure(
        `failed to convert ${name} version part ${quoted}: strconv.Atoi: parsing ${quoted}: invalid syntax`,
      );
    },
  );
  return [major ?? 0, minor ?? 0, micro ?? 0];
}

function compare(a: Numbers, b: Numbers): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/**
 * Returns whether `version` is `other` or newer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([isAtLeast("1.0.0", "0.4.0"), isAtLeast("0.3.1", "0.4.0")], [true, false]);
 * ```
 */
export function isAtLeast(version: SpecVersion, other: SpecVersion): boolean {
  return compare(parseNumbers(version), parseNumbers(other)) >= 0;
}

/**
 * Returns the version of the answer to `command`.
 *
 * @param requested `cniVersion` as given in the configuration; empty if missing.
 * @throws {CniError} code 1 if the version is not supported or too old for the command; code 6 if
 *   it is not a version. As upstream, only commands that were introduced later check that.
 */
export function selectVersion(
  command: Command,
  requested: string,
): SpecVersion {
  const version = requested === "" ? DEFAULT_VERSION : requested;
  const first = FIRST_VERSION[command];
  if (first !== undefined) {
    const numbers = parseNumbers(version);
    const side = compare(numbers, parseNumbers(first)) < 0
      ? "config"
      : compare(numbers, parseNumbers(CURRENT_VERSION)) > 0
      ? "plugin"
      : undefined;
    if (side !== undefined) {
      throw new CniError(
        CniErrorCode.incompatibleVersion,
        `${side} version does not allow ${command}`,
      );
    }
  }
  const supported = SUPPORTED_VERSIONS.find((candidate) =>
    candidate === version
  );
  if (supported !== undefined) return supported;
  const list = SUPPORTED_VERSIONS.map((candidate) => JSON.stringify(candidate))
    .join(" ");
  throw new CniError(
    CniErrorCode.incompatibleVersion,
    "incompatible CNI versions",
    {
      details: `config is ${
        JSON.stringify(version)
      }, plugin supports [${list}]`,
    },
  );
}
