/** Programs that run beside a tool: ready when their log says so, ended by their id, also when the tool fails. @module */

import { remember } from "./interrupt.ts";

/** How to run one. */
export interface BackgroundOptions {
  /** Where everything it writes is appended. */
  readonly logFile: string;
  /** What its log says, once for each start, when it serves; without it nothing is waited for. */
  readonly ready?: string;
}

const START_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 5;
/** A program that does not end when asked to is killed. */
const END_TIMEOUT_MS = 5000;

/** A running program. */
export class Background implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #logFile: string;
  readonly #forget = remember(() => this.end());
  #isEnded = false;

  private constructor(child: Deno.ChildProcess, logFile: string) {
    this.#child = child;
    this.#logFile = logFile;
    child.status.then(() => {
      this.#isEnded = true;
      this.#forget();
    });
  }

  /** Starts it and waits until it serves. @throws {Error} with its log if it does not. */
  static async start(
    command: readonly string[],
    { logFile, ready }: BackgroundOptions,
  ): Promise<Background> {
    const before = ready === undefined
      ? 0
      : occurrences(readText(logFile), ready);
    const script = 'log=$1; shift; exec "$@" >>"$log" 2>&1';
    const child = new Deno.Command("sh", {
      args: ["-c", script, "sh", logFile, ...command],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const started = new Background(child, logFile);
    if (ready === undefined) return started;
    try {
      await started.until(
        `start of ${command.join(" ")}`,
        () => occurrences(started.log, ready) > before,
      );
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Everything it wrote, and those before it with the same file. */
  get log(): string {
    return readText(this.#logFile);
  }

  /** Looks until something is there. @throws {Error} with the log after `timeoutMs`, or if the program has ended. */
  async until(
    what: string,
    isThere: () => boolean | Promise<boolean>,
    timeoutMs = START_TIMEOUT_MS,
  ): Promise<void> {
    const endsMs = performance.now() + timeoutMs;
    while (!await isThere()) {
      if (this.#isEnded || performance.now() > endsMs) {
        throw new Error(`No ${what}:\n${this.log.slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Sends a signal and waits for the end. @returns The exit status. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    this.#signal(signal);
    const timer = setTimeout(() => this.#signal("SIGKILL"), END_TIMEOUT_MS);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isEnded) await this.end();
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** The content of a file; empty if there is none. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
