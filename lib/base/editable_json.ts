/** A copy of a JSON document whose parts can be removed by their paths. Pure. @module */

type Token = string | number;

/** Splits `ipam.ranges[0][1].subnet` into its keys and indexes. */
function tokensOf(path: string): Token[] {
  return [...path.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([text, index]) =>
    index === undefined ? text : Number(index)
  );
}

function pathOf(tokens: readonly Token[]): string {
  return tokens.reduce<string>(
    (path, token) =>
      typeof token === "number"
        ? `${path}[${token}]`
        : path === ""
        ? token
        : `${path}.${token}`,
    "",
  );
}

/**
 * A JSON document. Keys match case-insensitively, as they do in `JsonObject`. The document knows
 * the index that each element of a list had at first.
 */
export class EditableJson {
  readonly #value: Record<string, unknown>;
  readonly #indexes = new Map<unknown, number[]>();

  /** @param value Copied; must be JSON. */
  constructor(value: Readonly<Record<string, unknown>>) {
    this.#value = JSON.parse(JSON.stringify(value));
  }

  /** The document as it is now. */
  get value(): Readonly<Record<string, unknown>> {
    return this.#value;
  }

  /** Returns the value at a path; undefined if there is none. */
  get(path: string): unknown {
    return tokensOf(path).reduce<unknown>(
      (value, token) => child(value, token),
      this.#value,
    );
  }

  /** Sets a key of the document itself, whatever its case. */
  set(key: string, value: unknown): void {
    for (const name of matchingKeys(this.#value, key)) delete this.#value[name];
    this.#value[key] = value;
  }

  /** Removes the value at a path. @returns Whether there was one. */
  remove(path: string): boolean {
    const tokens = tokensOf(path);
    const last = tokens.at(-1);
    const parent = tokens.slice(0, -1).reduce<unknown>(
      (value, token) => child(value, token),
      this.#value,
    );
    if (typeof last === "number" && Array.isArray(parent)) {
      this.#indexesOf(parent).splice(last, 1);
      return parent.splice(last, 1).length > 0;
    }
    if (typeof last !== "string" || !isRecord(parent)) return false;
    const keys = matchingKeys(parent, last);
    for (const key of keys) delete parent[key];
    return keys.length > 0;
  }

  #indexesOf(list: readonly unknown[]): number[] {
    const known = this.#indexes.get(list) ?? [...list.keys()];
    this.#indexes.set(list, known);
    return known;
  }

  /** Returns the path that a value had before anything was removed. */
  originalPath(path: string): string {
    let value: unknown = this.#value;
    const tokens = tokensOf(path).map((token) => {
      const original = typeof token === "number" && Array.isArray(value)
        ? this.#indexesOf(value)[token] ?? token
        : token;
      value = child(value, token);
      return original;
    });
    return pathOf(tokens);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function matchingKeys(
  value: Readonly<Record<string, unknown>>,
  key: string,
): string[] {
  const folded = key.toLowerCase();
  return Object.keys(value).filter((name) => name.toLowerCase() === folded);
}

function child(value: unknown, token: Token): unknown {
  if (typeof token === "number") {
    return Array.isArray(value) ? value[token] : undefined;
  }
  if (!isRecord(value)) return undefined;
  const name = matchingKeys(value, token).at(-1);
  return name === undefined ? undefined : value[name];
}
