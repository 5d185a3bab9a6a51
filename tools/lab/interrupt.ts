/** What a tool has made and must take away, also when it is interrupted. @module */

type Undo = () => Promise<unknown> | unknown;

/** In the order in which it was made. */
const made = new Set<Undo>();

/** Remembers how to take something away. @returns What is called once that is done. */
export function remember(undo: Undo): () => void {
  made.add(undo);
  return () => made.delete(undo);
}

/** From now on SIGINT and SIGTERM end the process only after everything is taken away, the last first. */
export function cleanUpWhenInterrupted(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, takeAllAway);
  }
}

let isRunning = false;

async function takeAllAway(): Promise<void> {
  if (isRunning) return;
  isRunning = true;
  for (const undo of [...made].reverse()) {
    try {
      await undo();
    } catch {
      // It went with something else; the others must go too.
    }
  }
  Deno.exit(130);
}
