/**
 * Typed access to JSON read once from outside.
 *
 * Keys match whatever their letter case, `null` means "not given", and unknown keys are left alone, as in the decoder
 * that upstream uses. Every refusal names the path of the value. Pure.
 *
 * @module
 */

import { DecodeError } from "./errors.ts";

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Refuses `value` because of its type. */
export function wrongType(
  value: unknown,
  path: string,
  expected: string,
): DecodeError {
  return new DecodeError(
    `json: cannot unmarshal ${
      kindOf(value)
    } into ${path}: expected ${expected}`,
    path,
  );
}

/** A JSON object and where it stands in the document. */
export class JsonObject {
  readonly #entries: readonly (readonly [string, unknown])[];

  /**
   * @param value A parsed JSON value; `null` reads as an object without keys.
   * @param path Its JSON path, empty for the document itself.
   * @throws {DecodeError} If it is neither an object nor `null`.
   */
  constructor(value: unknown, readonly path: string) {
    if (typeof value !== "object" || Array.isArray(value)) {
      throw wrongType(
        value,
        path === "" ? "the network configuration" : path,
        "an object",
      );
    }
    this.#entries = Object.entries(value ?? {});
  }

  /** A copy of the object as it was read. */
  toJson(): Record<string, unknown> {
    return Object.fromEntries(this.#entries);
  }

  /** The path of `key` in this object. */
  at(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  /** The value of `key`; undefined if it is absent or `null`. Of keys that differ only in case the last counts. */
  value(key: string): unknown {
    const folded = key.toLowerCase();
    return this.#entries.findLast(([name]) => name.toLowerCase() === folded)
      ?.[1] ?? undefined;
  }

  /** Whether `key` is there, be it `null`. */
  has(key: string): boolean {
    const folded = key.toLowerCase();
    return this.#entries.some(([name]) => name.toLowerCase() === folded);
  }

  /** @throws {DecodeError} If the value of `key` is there and not a string. */
  string(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    throw wrongType(value, this.at(key), "a string");
  }

  /** @throws {DecodeError} If the value of `key` is there and not `true` or `false`. */
  boolean(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw wrongType(value, this.at(key), "true or false");
  }

  /** @throws {DecodeError} If the value of `key` is there and not an integer that a number holds exactly. */
  integer(key: string): number | undefined {
    const value = this.value(key);
    if (
      value === undefined ||
      (typeof value === "number" && Number.isSafeInteger(value))
    ) return value;
    throw wrongType(value, this.at(key), "an integer");
  }

  /** @throws {DecodeError} If the value of `key` is there and not an object. */
  object(key: string): JsonObject | undefined {
    const value = this.value(key);
    return value === undefined
      ? undefined
      : new JsonObject(value, this.at(key));
  }

  /**
   * The elements of the list `key`, each turned into a value by `parse`, which is given its path as well.
   *
   * @throws {DecodeError} If the value of `key` is there and not a list.
   */
  list<T>(
    key: string,
    parse: (element: unknown, path: string) => T,
  ): readonly T[] | undefined {
    const value = this.value(key);
    return value === undefined
      ? undefined
      : parseList(value, this.at(key), parse);
  }
}

/**
 * Parses a JSON list.
 *
 * @throws {DecodeError} If `value` is not a list; what `parse` throws passes through.
 */
export function parseList<T>(
  value: unknown,
  path: string,
  parse: (element: unknown, path: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw wrongType(value, path, "a list");
  return value.map((element, index) => parse(element, `${path}[${index}]`));
}
