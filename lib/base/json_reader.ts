/**
 * Typed access to JSON input.
 *
 * As in upstream's decoder, keys match case-insensitively, `null` means "not given", and unknown
 * keys are ignored. Every error has the JSON path of the value. Pure.
 *
 * @module
 */

import { DecodeError } from "./errors.ts";

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/**
 * Returns the error for a value of the wrong type.
 *
 * @param expected The right type, with article.
 */
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
    { advice: `write ${expected}` },
  );
}

/** A JSON object and its path in the document. */
export class JsonObject {
  readonly #entries: readonly (readonly [string, unknown])[];

  /**
   * @param value A parsed JSON value; `null` is an object without keys.
   * @param path Its JSON path; empty for the whole document.
   * @throws {DecodeError} if the value is neither an object nor `null`.
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

  /** Returns a copy of the object as it was read. */
  toJson(): Record<string, unknown> {
    return Object.fromEntries(this.#entries);
  }

  /** Returns the JSON path of `key`. */
  at(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  /**
   * Returns the value of `key`; undefined if it is absent or `null`. Of keys that differ only in
   * case, the last counts.
   */
  value(key: string): unknown {
    const folded = key.toLowerCase();
    return this.#entries.findLast(([name]) => name.toLowerCase() === folded)
      ?.[1] ?? undefined;
  }

  /** Returns whether the object has `key`, even if its value is `null`. */
  has(key: string): boolean {
    const folded = key.toLowerCase();
    return this.#entries.some(([name]) => name.toLowerCase() === folded);
  }

  /** Returns the string under `key`, if given. @throws {DecodeError} if it is another type. */
  string(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    throw wrongType(value, this.at(key), "a string");
  }

  /** Returns the boolean under `key`, if given. @throws {DecodeError} if it is another type. */
  boolean(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw wrongType(value, this.at(key), "true or false");
  }

  /**
   * Returns the integer under `key`, if given.
   *
   * @throws {DecodeError} if it is another type, or not an integer that a number represents
   *   exactly.
   */
  integer(key: string): number | undefined {
    const value = this.value(key);
    if (
      value === undefined ||
      (typeof value === "number" && Number.isSafeInteger(value))
    ) return value;
    throw wrongType(value, this.at(key), "an integer");
  }

  /** Returns the object under `key`, if given. @throws {DecodeError} if it is another type. */
  object(key: string): JsonObject | undefined {
    const value = this.value(key);
    return value === undefined
      ? undefined
      : new JsonObject(value, this.at(key));
  }

  /**
   * Parses the elements of the list under `key`, if given.
   *
   * @param parse Parses one element; receives its JSON path too. What it throws passes through.
   * @throws {DecodeError} if the value is another type.
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
 * Parses the elements of a JSON list.
 *
 * @param parse Parses one element; receives its JSON path too. What it throws passes through.
 * @throws {DecodeError} if `value` is not a list.
 */
export function parseList<T>(
  value: unknown,
  path: string,
  parse: (element: unknown, path: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw wrongType(value, path, "a list");
  return value.map((element, index) => parse(element, `${path}[${index}]`));
}
