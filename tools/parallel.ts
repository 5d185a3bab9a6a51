/** Runs work on many items, several at a time. @module */

/**
 * Calls `work` for every item, `width` at a time. After a failure it starts no more items.
 *
 * @param work Also gets the number of the worker, 0 to `width` - 1, which works on one item at a
 * time.
 * @returns What `work` returned, in the order of the items.
 * @throws {Error} if a call fails, after every call has ended: the first failure.
 */
export async function runInParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, worker: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: width }, async (_, worker) => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T, worker);
      } catch (failure) {
        failures.push(failure);
      }
    }
  }));
  if (failures.length > 0) throw failures[0];
  return results;
}
