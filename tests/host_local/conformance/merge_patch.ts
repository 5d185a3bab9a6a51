/** Applies JSON merge patches (RFC 7396). @module */

/** Returns whether `value` is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Returns `target` with `patch` applied: objects are merged, `null` removes a key, any other value
 * replaces the old one.
 *
 * @throws {RangeError} if any part of the patch changes nothing. A case states only what differs.
 */
export function mergePatch(
  target: unknown,
  patch: unknown,
  { path = "" }: { readonly path?: string } = {},
): unknown {
  const unchanged = (): never => {
    throw new RangeError(`the patch changes nothing at "${path}"`);
  };
  if (!isObject(patch)) return isSame(target, patch) ? unchanged() : patch;
  if (isObject(target) && Object.keys(patch).length === 0) return unchanged();
  const merged = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    const inner = path === "" ? key : `${path}.${key}`;
    if (value !== null) {
      merged[key] = mergePatch(merged[key], value, { path: inner });
    } else if (Object.hasOwn(merged, key)) {
      delete merged[key];
    } else {
      throw new RangeError(`the patch removes "${inner}", which is not set`);
    }
  }
  return merged;
}

/** Returns whether both are the same JSON value, with keys in the same order. */
export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
