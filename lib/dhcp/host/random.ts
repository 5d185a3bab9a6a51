/** Random numbers. @module */

/** Returns an unpredictable unsigned 32-bit number. */
export function randomU32(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value;
}
