/**
 * A limit for lists whose elements are compared with each other, or with reservations. Pure.
 *
 * @module
 */

import { ConfigError } from "../base/errors.ts";

const MAX_COUNT = 1000;

/**
 * Refuses lists that take long to compare, which no real network has.
 *
 * @param what Names the elements, for the error.
 * @param path JSON path of the list.
 * @throws {ConfigError} if there are more than 1000 elements.
 */
export function limitCount(count: number, what: string, path: string): void {
  if (count <= MAX_COUNT) return;
  throw new ConfigError(`more than ${MAX_COUNT} ${what}`, path);
}
