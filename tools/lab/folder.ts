/** A temporary folder, removed with everything in it. @module */

import { remember } from "./interrupt.ts";

/** A new temporary folder. */
export class Folder implements Disposable {
  readonly path: string;
  readonly #forget = remember(() => this[Symbol.dispose]());

  /** @param prefix The start of its name. */
  constructor(prefix: string) {
    this.path = Deno.makeTempDirSync({ prefix });
  }

  [Symbol.dispose](): void {
    this.#forget();
    Deno.removeSync(this.path, { recursive: true });
  }
}
