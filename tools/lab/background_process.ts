/**
 * Programs that run in the background: ready when their log says so, ended by their process id.
 *
 * @module
 */

import { remember } from "./interrupt.ts";
import { waitUntil } from "./waiting.ts";

/** How to run one. */
export interface BackgroundOptions {
  /** The file that everything it writes is appended to. */
  readonly logFile: string;
  /** What it logs, once per start, when it is ready; without it, starting does not wait. */
  readonly ready?: string;
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A program that does not end within this time after a signal is killed. */
const END_TIMEOUT_MS = 60_000;
/** How much of the log an error message shows. */
const SHOWN_LOG_LENGTH = 4000;

/** A program that can be started, ended and started again. */
export class BackgroundProcess implements AsyncDisposable {
  readonly #command: readonly string[];
  readonly #options: BackgroundOptions;
  readonly #forget = remember(() => this.end());
  #child: Deno.ChildProcess | undefined;
  #hasEnded = false;

  /** Does not start it. */
  constructor(command: readonly string[], options: BackgroundOptions) {
    this.#command = command;
    this.#options = options;
  }

  /**
   * Starts a program and waits until it is ready.
   *
   * @throws {Error} with its log if it does not become ready.
   */
  static async start(
    command: readonly string[],
    options: BackgroundOptions,
  ): Promise<BackgroundProcess> {
    const started = new BackgroundProcess(command, options);
    await started.start();
    return started;
  }

  /**
   * Starts it, or starts it again, and waits until it is ready.
   *
   * @throws {Error} with its log if it does not become ready.
   */
  async start(): Promise<void> {
    const { logFile, ready, env = {}, cwd } = this.#options;
    const before = ready === undefined ? 0 : this.count(ready);
    const child = new Deno.Command("sh", {
      args: [
        ...["-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh"],
        ...[logFile, ...this.#command],
      ],
      env: { ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#child = child;
    this.#hasEnded = false;
    child.status.then(() => this.#hasEnded ||= child === this.#child);
    if (ready === undefined) return;
    try {
      await this.#untilTrue(
        `line with "${ready}"`,
        () => this.count(ready) > before,
      );
    } catch (cause) {
      await this.end();
      const command = this.#command.join(" ");
      throw new Error(`Cannot start "${command}":\n${this.#endOfLog}`, {
        cause,
      });
    }
  }

  /** Its process id. @throws {Error} if it was never started. */
  get pid(): number {
    if (this.#child === undefined) throw new Error("never started");
    return this.#child.pid;
  }

  /** Everything it wrote, over all its starts. */
  get log(): string {
    return readTextOrEmpty(this.#options.logFile);
  }

  /** How often its log contains `text`. */
  count(text: string): number {
    return this.log.split(text).length - 1;
  }

  /**
   * Waits until something is true.
   *
   * @throws {Error} with the log if it does not become true, or if the program ends.
   */
  async until(
    what: string,
    isTrue: () => boolean | Promise<boolean>,
    timeoutMs?: number,
  ): Promise<void> {
    try {
      await this.#untilTrue(what, isTrue, timeoutMs);
    } catch (cause) {
      throw new Error(`No ${what}:\n${this.#endOfLog}`, { cause });
    }
  }

  async #untilTrue(
    what: string,
    isTrue: () => boolean | Promise<boolean>,
    timeoutMs?: number,
  ): Promise<void> {
    await waitUntil(what, async () => {
      if (await isTrue()) return true;
      if (this.#hasEnded) throw new Error("the program has ended");
      return false;
    }, timeoutMs);
  }

  get #endOfLog(): string {
    return this.log.slice(-SHOWN_LOG_LENGTH);
  }

  /** Sends it a signal; does nothing if it does not run. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child?.kill(signal);
    } catch {
      // It has ended.
    }
  }

  /** Sends a signal and waits for the end. @returns The exit status; 0 if it was never started. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), END_TIMEOUT_MS);
    const status = await this.wait();
    clearTimeout(timer);
    return status;
  }

  /** Waits until it ends by itself. @returns The exit status; 0 if it was never started. */
  async wait(): Promise<number> {
    return (await this.#child?.status)?.code ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    await this.end();
  }
}

/** The content of a file; empty if there is none. */
export function readTextOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
