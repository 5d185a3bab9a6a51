/** A temporary folder, removed with everything in it. @module */

import { remember } from "./interrupt.ts";

/** A folder with a name of its own. */
export class Folder implements Disposable {
  readonly path: string;
  readonly #forget = remember(() => this[Symbol.dispose]());

  /** @param prefix What its name begins with. */
  constructor(prefix: string) {
    this.path = Deno.makeTempDirSync({ prefix });
  }

  [Symbol.dispose](): void {
    this.#forget();
    Deno.removeSync(this.path, { recursive: true });
  }
}
