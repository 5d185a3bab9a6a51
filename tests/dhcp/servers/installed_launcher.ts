/** The launcher in front of a daemon of the tests. @module */

import { DHCP_BIN, LAUNCHER_BIN } from "../../support/binaries.ts";
import type { DhcpHost } from "./dhcp_host.ts";

let lastNumber = 0;

/** The launcher, installed under a name that no other test uses. */
export class InstalledLauncher implements Disposable {
  /** What a runtime starts. */
  readonly path: string;
  readonly #socketLink: string;

  /** @param options `standalone`: whether the standalone executable is installed as well. */
  constructor(
    { directory, socketPath }: DhcpHost,
    { standalone = true }: { readonly standalone?: boolean } = {},
  ) {
    lastNumber += 1;
    const name = `dhcp-test-${Deno.pid}-${lastNumber}`;
    this.path = directory.join(name);
    Deno.symlinkSync(LAUNCHER_BIN, this.path);
    if (standalone) Deno.symlinkSync(DHCP_BIN, `${this.path}.standalone`);
    // The launcher derives the path of the socket from its own name.
    Deno.mkdirSync("/run/cni", { recursive: true, mode: 0o700 });
    this.#socketLink = `/run/cni/${name}.sock`;
    Deno.symlinkSync(socketPath, this.#socketLink);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#socketLink);
  }
}
