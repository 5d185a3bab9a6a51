/** Removes what a tool created, even if the tool is interrupted. @module */

type Undo = () => Promise<unknown> | unknown;

/** In the order of creation. */
const undos = new Set<Undo>();

/** Registers how to remove something. @returns A function to call once it is removed. */
export function remember(undo: Undo): () => void {
  undos.add(undo);
  return () => undos.delete(undo);
}

/** Makes SIGINT and SIGTERM remove everything, the last first, before the process ends. */
export function cleanUpWhenInterrupted(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, removeAll);
  }
}

let isRunning = false;

async function removeAll(): Promise<void> {
  if (isRunning) return;
  isRunning = true;
  for (const undo of [...undos].reverse()) {
    try {
      await undo();
    } catch {
      // Another removal has removed it already; the rest must be removed too.
    }
  }
  Deno.exit(130);
}
