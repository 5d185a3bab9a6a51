/** FIFOs, which no function of Deno makes. @module */

/** Makes a FIFO at `path`. */
export function makeFifo(path: string): void {
  const { success } = new Deno.Command("mkfifo", { args: [path] }).outputSync();
  if (!success) throw new Error(`mkfifo ${path}`);
}
