/** A launcher installed under a name of its own, as a plugin is. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { TempDir } from "../support/temp_dir.ts";
import type { Machine } from "./machines.ts";
import { ResidentProcess } from "./resident_process.ts";

/** How a launcher is started. */
export interface Call {
  /** `CNI_COMMAND=ADD` by default. In the order given; there are no other variables. */
  readonly env?: readonly string[];
  readonly args?: readonly string[];
  readonly stdin?: Uint8Array | string;
  /**
   * A command that starts the launcher, such as `nice`; it finds the words for that in `"$@"`
   * if it is a shell's.
   */
  readonly through?: readonly string[];
  readonly cwd?: string;
}

/** How a call ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started launcher. */
export interface Started {
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
  kill(signal: Deno.Signal): void;
}

let count = 0;

/** A folder with a launcher. */
export class Installation implements Disposable {
  readonly #temp = new TempDir();
  readonly #machine: Machine;
  /** The plugin's name, which no other installation has. */
  readonly name: string;
  /** The launcher's path. */
  readonly path: string;
  /** The path of the resident process's socket. */
  readonly socket: string;
  /** A folder for other files. */
  readonly folder: string = this.#temp.path;

  /** @param nameLength Of the name; short by default. */
  constructor(machine: Machine, nameLength = 0) {
    this.#machine = machine;
    this.name = `cni-ipam-test-${Deno.pid}-${++count}`.padEnd(nameLength, "x");
    this.path = this.#temp.join(this.name);
    this.socket = `/run/cni/${this.name}.sock`;
    Deno.linkSync(machine.launcher, this.path);
  }

  /** Writes the standalone executable. @param script Of the shell, without the first line. */
  standalone(script: string, interpreter = "/bin/sh"): void {
    const path = `${this.path}.standalone`;
    const fresh = `${path}.${++count}`;
    Deno.writeTextFileSync(fresh, `#!${interpreter}\n${script}`, {
      mode: 0o755,
    });
    Deno.renameSync(fresh, path);
  }

  /** Starts the resident process. */
  async listen(): Promise<ResidentProcess> {
    await ensureDir("/run/cni");
    return new ResidentProcess(this.socket);
  }

  /** The words that start the launcher. */
  command(args: readonly string[] = [], path = this.path): string[] {
    return [...this.#machine.emulator, path, ...args];
  }

  /** Starts the launcher. */
  start(
    {
      env = ["CNI_COMMAND=ADD"],
      args = [],
      stdin = "",
      through = [],
      cwd = this.folder,
    }: Call = {},
  ): Started {
    // The emulator reverses the order, `env` keeps it. The launcher has the process ID of `env`.
    const isEmulated = this.#machine.emulator.length > 0;
    const [program = "", ...words] = [
      ...["/usr/bin/env", "-i", ...(isEmulated ? [...env].reverse() : env)],
      ...through,
      ...this.command(args),
    ];
    const child = new Deno.Command(program, {
      args: words,
      cwd,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const bytes = typeof stdin === "string"
      ? new TextEncoder().encode(stdin)
      : stdin;
    const fed = writer.write(bytes).then(() => writer.close()).catch(() => {
      // It ended without reading to the end.
    });
    const outcome = async (): Promise<Outcome> => {
      const { code, stdout, stderr } = await child.output();
      await fed;
      const decoder = new TextDecoder();
      return {
        code,
        stdout: decoder.decode(stdout),
        stderr: decoder.decode(stderr),
      };
    };
    return {
      pid: child.pid,
      outcome: outcome(),
      kill: (signal) => child.kill(signal),
    };
  }

  /** Runs the launcher to its end. */
  async call(call: Call = {}): Promise<Outcome> {
    return await this.start(call).outcome;
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}
