/** A clean Debian in a directory. Needs root. @module */

import { capture } from "../../tools/process.ts";
import type { Requirement } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";

/** What a {@link DebianRoot} requires. */
export const DEBIAN_ROOT_NEEDS: readonly Requirement[] = [
  "root",
  "command:mmdebstrap",
  "command:unshare",
];

/** A Debian of its own, whose programs run in their own mount and process namespaces. */
export class DebianRoot implements Disposable {
  readonly #temp: TempDir;

  private constructor(temp: TempDir) {
    this.#temp = temp;
  }

  /** Makes the root from Debian's packages, which takes a minute. */
  static async make(packages: readonly string[]): Promise<DebianRoot> {
    const temp = new TempDir();
    const root = new DebianRoot(temp);
    try {
      await capture([
        "mmdebstrap",
        ...["--variant=minbase", `--include=${packages.join()}`],
        ...["--quiet", "bookworm", root.path("")],
      ]);
      return root;
    } catch (error) {
      temp[Symbol.dispose]();
      throw error;
    }
  }

  /** Where this process finds a path of the root. */
  path(path: string): string {
    return this.#temp.join(`root${path}`);
  }

  /**
   * Runs a script of the shell in the root.
   *
   * @returns Its stdout.
   * @throws {ProcessError} if it fails.
   */
  async run(script: string): Promise<string> {
    return await capture([
      "unshare",
      ...["--mount", "--pid", "--fork", "--kill-child", "--propagation"],
      ...["private", "sh", "-ec"],
      'mount -t proc proc "$1/proc"; mount --bind /dev/null "$1/dev/null"; exec chroot "$1" sh -ec "$2"',
      ...["sh", this.path(""), script],
    ], {
      env: { DEBIAN_FRONTEND: "noninteractive", PATH: SYSTEM_PATH },
      clearEnv: true,
    });
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}

const SYSTEM_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
