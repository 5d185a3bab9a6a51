/**
 * The operating system of a plugin under test, with a daemon that gives scripted responses.
 *
 * @module
 */

import { SystemError } from "../../../../lib/base/errors.ts";
import type { LogFields } from "../../../../lib/base/log_line.ts";
import type { Attachment } from "../../../../lib/cni/attachment.ts";
import type { Request } from "../../../../lib/cni/plugin.ts";
import type {
  DaemonConnection,
  PluginPorts,
} from "../../../../lib/dhcp/plugin/ports.ts";
import { invocation, networkConfig } from "../../cni/builders.ts";

/** What a call comes to: a response, no daemon that listens, or a daemon that does not respond. */
export type FakeResponse = string | Uint8Array | undefined | SystemError;

/** Ports whose daemon gives one response per call, in order. */
export class FakePorts implements PluginPorts {
  /** The requests in our protocol. */
  readonly requests: Record<string, unknown>[] = [];
  /** What upstream's daemon was sent. */
  readonly exchanges: Uint8Array[] = [];
  readonly notes: Attachment[] = [];
  readonly events: (LogFields & { readonly event: string })[] = [];
  readonly dialed: string[] = [];
  /** How many connections are open. */
  open = 0;
  /** Why no release note can be written. */
  noteError: SystemError | undefined;
  /** Whether a daemon could listen at the path of the socket. */
  isSocketPath = true;
  readonly #responses: FakeResponse[];

  constructor(...responses: readonly FakeResponse[]) {
    this.#responses = [...responses];
  }

  connect(socketPath: string): Promise<DaemonConnection> {
    this.dialed.push(socketPath);
    if (this.#responses.length > 0 && this.#responses[0] === undefined) {
      this.#responses.shift();
      const message =
        `dial unix ${socketPath}: connect: no such file or directory`;
      return Promise.reject(new SystemError(message, { advice: "start it" }));
    }
    this.open++;
    return Promise.resolve({
      call: async (line) => {
        this.requests.push(JSON.parse(line));
        return new TextDecoder().decode(await this.#respond());
      },
      exchange: async (bytes, { take }) => {
        this.exchanges.push(bytes);
        const taken = take(await this.#respond());
        if (taken === undefined) throw new SystemError("incomplete response");
        return taken;
      },
      [Symbol.dispose]: () => void this.open--,
    });
  }

  #respond(): Promise<Uint8Array> {
    const response = this.#responses.shift();
    if (response === undefined) throw new Error("the script has ended");
    return response instanceof SystemError
      ? Promise.reject(response)
      : Promise.resolve(
        typeof response === "string"
          ? new TextEncoder().encode(response)
          : response,
      );
  }

  writeReleaseNote(_path: string, attachment: Attachment): Promise<boolean> {
    if (this.noteError !== undefined) return Promise.reject(this.noteError);
    if (this.isSocketPath) this.notes.push(attachment);
    return Promise.resolve(this.isSocketPath);
  }

  workingDirectory(): string {
    return "/somewhere";
  }

  readonly log: PluginPorts["log"] = (_level, event, fields) => {
    this.events.push({ event, ...fields });
  };

  get methods(): unknown[] {
    return this.requests.map((request) => request["method"]);
  }
}

/** A request of the runtime for the network `net`. */
export function request(
  { ipam = { daemonSocketPath: "/d.sock" }, config = {}, ...facts }:
    & { readonly ipam?: unknown; readonly config?: Record<string, unknown> }
    & Parameters<typeof invocation>[0] = {},
): Request {
  return {
    invocation: invocation(facts),
    config: networkConfig({ name: "net", ipam, ...config }),
  };
}
