/** What to start for each engine of host-local, and the resident process. @module */

import { LAUNCHER } from "../../build/launcher.ts";
import { BackgroundProcess } from "../../lab/background_process.ts";
import { InstalledLauncher } from "../../lab/installed_launcher.ts";
import { REPOSITORY } from "../../repository.ts";
import type { ControlGroup } from "../control_group.ts";
import type { PerEngine } from "../engines.ts";

/** The executable of this project. */
export const STANDALONE = Deno.env.get("HOST_LOCAL_BIN") ??
  `${REPOSITORY}/dist/host-local`;
/** Where upstream's plugins are. */
export const UPSTREAM_DIR = Deno.env.get("CNI_UPSTREAM_DIR") ?? "/usr/lib/cni";
const UPSTREAM = `${UPSTREAM_DIR}/host-local`;
const LAUNCHER_BIN = `${REPOSITORY}/dist/${LAUNCHER}`;

/** The priority that the service of the resident process has. */
const PRIORITY = ["nice", "-n", "-10"] as const;

/** The executables that {@link Programs} are made of. */
export interface Executables {
  readonly launcher: string;
  readonly standalone: string;
  readonly upstream: string;
}

/** Those that are measured. */
export const EXECUTABLES: Executables = {
  launcher: LAUNCHER_BIN,
  standalone: STANDALONE,
  upstream: UPSTREAM,
};

/** A running resident process, and what to start for each engine. */
export class Programs implements AsyncDisposable {
  readonly paths: PerEngine<string>;
  readonly #resident: BackgroundProcess;
  readonly #launcher: InstalledLauncher;

  private constructor(
    { standalone, upstream }: Executables,
    resident: BackgroundProcess,
    launcher: InstalledLauncher,
  ) {
    this.#resident = resident;
    this.#launcher = launcher;
    this.paths = { resident: launcher.path, standalone, upstream };
  }

  /**
   * Starts the resident process. The launcher has no standalone executable: a call that the
   * resident process does not run fails.
   *
   * @param folder For its files; it must exist.
   * @param options `group`: where the resident process runs.
   */
  static async start(
    folder: string,
    { executables = EXECUTABLES, group }: {
      readonly executables?: Executables;
      readonly group?: ControlGroup;
    } = {},
  ): Promise<Programs> {
    const socketPath = `${folder}/host-local.sock`;
    const resident = await BackgroundProcess.start([
      ...group?.runner ?? [],
      ...PRIORITY,
      ...[executables.standalone, "daemon", "-socketpath", socketPath],
    ], { logFile: `${folder}/resident.log`, ready: "event=serving" });
    const launcher = new InstalledLauncher(executables.launcher, folder, {
      socketPath,
    });
    return new Programs(executables, resident, launcher);
  }

  /** The process ID of the resident process. */
  get residentPid(): number {
    return this.#resident.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#launcher[Symbol.dispose]();
    await this.#resident[Symbol.asyncDispose]();
  }
}
