/** The compiled plugin with a network directory, TMPDIR and HOME of its own. @module */

import { OURS } from "./binaries.ts";
import { callHostLocal, networkConfig } from "./host_local_call.ts";
import { readNetwork } from "./network_directory.ts";
import { TempDir } from "./temp_dir.ts";

/** Every command, in an order in which all succeed. */
export const COMMANDS = [
  "VERSION",
  "STATUS",
  "ADD",
  "CHECK",
  "GC",
  "DEL",
] as const;

/** A network directory, and a folder for TMPDIR and HOME. */
export class Sandbox implements Disposable {
  readonly #temp = new TempDir();
  readonly dataDir: string = this.#temp.join("data");
  readonly tmp: string = this.#temp.join("tmp");
  readonly config = networkConfig({
    cniVersion: "1.1.0",
    dataDir: this.dataDir,
    subnets: ["10.1.0.0/24", "fd00:1::/64"],
    extra: {
      "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "eth0" }],
    },
  });

  constructor() {
    Deno.mkdirSync(this.tmp);
  }

  join(name: string): string {
    return this.#temp.join(name);
  }

  /**
   * Runs all commands with these variables added.
   *
   * @returns What each printed, and the address files after it.
   */
  async runAll(env: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const found: string[] = [];
    for (const command of COMMANDS) {
      const outcome = await callHostLocal({
        binary: OURS,
        command,
        config: this.config,
        env: { TMPDIR: this.tmp, HOME: this.tmp, ...env },
      });
      const files = JSON.stringify([
        ...readNetwork(`${this.dataDir}/net`).addresses,
      ]);
      found.push(
        `${command} ${outcome.code} ${outcome.stdout} [${outcome.stderr}] ${files}`,
      );
    }
    return found;
  }

  /** Returns every path in the temporary directory, with the content of files. */
  async temporaryFiles(folder = this.tmp): Promise<string[]> {
    const found: string[] = [];
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) {
        found.push(path, ...await this.temporaryFiles(path));
      } else {found.push(
          `${path} ${entry.isSymlink ? "->" : await Deno.readTextFile(path)}`,
        );}
    }
    return found.sort();
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}
