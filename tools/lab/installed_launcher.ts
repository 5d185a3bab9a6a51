/** The launcher in front of a resident process of a test or tool. @module */

import { remember } from "./interrupt.ts";

let lastNumber = 0;

/** The launcher, installed under a name of its own, with a socket that has any path. */
export class InstalledLauncher implements Disposable {
  /** What a runtime starts. */
  readonly path: string;
  readonly #socketLink: string;
  readonly #forget = remember(() => this.#remove());

  /**
   * @param launcher The executable.
   * @param folder Where it is installed.
   * @param options `socketPath`: where the resident process listens. `standalone`: the standalone
   *   executable; without it, only the resident process can run a call.
   */
  constructor(launcher: string, folder: string, { socketPath, standalone }: {
    readonly socketPath: string;
    readonly standalone?: string;
  }) {
    lastNumber += 1;
    const name = `cni-ipam-${Deno.pid}-${lastNumber}`;
    this.path = `${folder}/${name}`;
    Deno.symlinkSync(launcher, this.path);
    if (standalone !== undefined) {
      Deno.symlinkSync(standalone, `${this.path}.standalone`);
    }
    // The launcher derives the path of the socket from its own name.
    Deno.mkdirSync("/run/cni", { recursive: true, mode: 0o700 });
    this.#socketLink = `/run/cni/${name}.sock`;
    Deno.symlinkSync(socketPath, this.#socketLink);
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.#remove();
  }

  #remove(): void {
    Deno.removeSync(this.#socketLink);
  }
}
