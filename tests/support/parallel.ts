/** Running many calls at once, without losing one. @module */

/** Calls `work` for every item, `width` at a time; the first failure is thrown when all have ended. */
export async function forEachParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const lanes = Array.from({ length: width }, async (_, worker) => {
    while (queue.length > 0 && failures.length === 0) {
      const [item] = queue.splice(0, 1) as [T];
      try {
        await work(item, worker);
      } catch (failure) {
        failures.push(failure);
      }
    }
  });
  await Promise.all(lanes);
  if (failures.length > 0) throw failures[0];
}
