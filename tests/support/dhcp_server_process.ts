/** A DHCP server as a child in a namespace of the test's own: started in the foreground, ended by its pid. @module */

import type { TestNetns } from "./network_namespaces.ts";
import { poll } from "./dhcp_polling.ts";

/** How to run a server's program. */
export interface ServerCommand {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What its log says, once for each start, when it serves. */
  readonly ready: string;
}

/** A program in a namespace, with everything that it writes in one file. */
export class ServerProcess implements AsyncDisposable {
  readonly #netns: TestNetns;
  readonly #command: ServerCommand;
  readonly #logFile: string;
  #child: Deno.ChildProcess | undefined;

  constructor(
    netns: TestNetns,
    { command, logFile }: {
      readonly command: ServerCommand;
      readonly logFile: string;
    },
  ) {
    this.#netns = netns;
    this.#command = command;
    this.#logFile = logFile;
  }

  /** Everything it wrote, over all its starts. */
  get log(): string {
    return readOrEmpty(this.#logFile);
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    const { command, env = {}, ready } = this.#command;
    const starts = (): number => this.log.split(ready).length;
    const before = starts();
    this.#child = new Deno.Command("sh", {
      args: [
        "-c",
        'out=$1 netns=$2; shift 2; exec ip netns exec "$netns" "$@" >>"$out" 2>&1',
        "sh",
        this.#logFile,
        this.#netns.name,
        ...command,
      ],
      env: { ...env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let hasEnded = false;
    this.#child.status.then(() => hasEnded = true);
    await poll(`start of ${command[0]}`, () => {
      if (hasEnded) {
        throw new Error(`${command.join(" ")} has ended:\n${this.log}`);
      }
      return starts() > before;
    });
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    this.#child?.kill(signal);
  }

  /** Ends it and waits for that; nothing if it does not run. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const kill = (signal: Deno.Signal): void => {
      try {
        child.kill(signal);
      } catch {
        // It has ended by itself, or just now.
      }
    };
    kill("SIGTERM");
    // No wait of the test's: a bound for a server that does not end when told to.
    const timer = setTimeout(() => kill("SIGKILL"), 60_000);
    await child.status;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The content of a file; empty if there is none. */
export function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
