/** Checks JSON values for unknown keys. @module */

import { isObject } from "./merge_patch.ts";

/**
 * The keys that an object may have, and the shapes of their values; `true` is any value, `*` any
 * other key.
 */
export type Shape = true | { readonly [key: string]: Shape };

/** A shape that names every key of a type. */
export type ShapeOf<T> = Readonly<Record<keyof T, Shape>>;

/** Returns a shape whose keys have any value. */
export function keys(...names: readonly string[]): Record<string, true> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/**
 * Checks a value. The elements of a list all have the shape of the list.
 *
 * @throws {SyntaxError} if an object at any depth has a key that its shape does not name.
 */
export function expectShape(
  value: unknown,
  shape: Shape,
  { where }: { readonly where: string },
): void {
  if (shape === true) return;
  if (Array.isArray(value)) {
    for (const element of value) expectShape(element, shape, { where });
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const name = Object.hasOwn(shape, key) ? key : "*";
      const shapeOfKey = shape[name];
      if (shapeOfKey === undefined) {
        throw new SyntaxError(`${where}: unknown key "${key}"`);
      }
      expectShape(inner, shapeOfKey, { where: `${where}, ${key}` });
    }
  }
}
