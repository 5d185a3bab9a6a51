/** Serving a daemon's metrics at an address that might be taken: the calls come first. @module */

import { SystemError } from "../base/errors.ts";
import { parseMetricsEndpoint } from "../metrics/endpoint.ts";
import type { RestorableFile } from "./file_check.ts";
import { MetricsServer, type MetricsServerOptions } from "./metrics_server.ts";

/** How long the service waits before it tries again to listen. */
const RETRY_MS = 60_000;

/** What to do if the error has no advice of its own. */
const ADVICE = "choose another address for -metrics, or end what uses this one";

/** What the service needs. */
export interface MetricsServiceOptions extends MetricsServerOptions {
  readonly retryMs?: number;
}

/** A server of metrics that starts as soon as its address can be used. */
export class MetricsService implements RestorableFile, Disposable {
  readonly #address: string;
  readonly #options: MetricsServiceOptions;
  #server: MetricsServer | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Why the server could not start; empty if it could. */
  #problem = "";
  #isClosed = false;

  /**
   * Listens at `unix:PATH` or `ADDRESS:PORT`. If that fails, logs why and tries again every minute.
   *
   * @throws {SystemError} if the address is neither.
   */
  static async open(
    address: string,
    options: MetricsServiceOptions,
  ): Promise<MetricsService> {
    parseMetricsEndpoint(address);
    const service = new MetricsService(address, options);
    await service.#listen();
    return service;
  }

  private constructor(address: string, options: MetricsServiceOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** Where it listens, as the flag has it; undefined while it cannot. */
  get address(): string | undefined {
    return this.#server?.address;
  }

  /** The path of the socket file; empty if there is none. */
  get path(): string {
    return this.#server?.path ?? "";
  }

  restore(): boolean {
    return this.#server?.restore() ?? false;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#server?.[Symbol.dispose]();
  }

  async #listen(): Promise<void> {
    const { log, retryMs = RETRY_MS } = this.#options;
    try {
      const server = await MetricsServer.open(this.#address, this.#options);
      if (this.#isClosed) return server[Symbol.dispose]();
      this.#server = server;
      if (this.#problem === "") return;
      log("info", "metrics-served", { metrics: server.address });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (this.#isClosed) return;
      this.#report(error);
      this.#retry = setTimeout(() => {
        this.#listen().catch((error) =>
          log("error", "unexpected-error", { stack: error.stack })
        );
      }, retryMs);
    }
  }

  /** Logs a problem that is another than the one before. */
  #report({ message: reason, advice }: SystemError): void {
    if (reason === this.#problem) return;
    this.#problem = reason;
    this.#options.log("error", "metrics-not-served", {
      metrics: this.#address,
      reason,
      advice: advice || ADVICE,
    });
  }
}
