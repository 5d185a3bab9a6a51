/** A real dnsmasq in a namespace of the test's own; it serves no DNS and binds to that namespace only. @module */

import type { TestNetns } from "../../support/network_namespaces.ts";
import type { TempDir } from "../../support/temp_dir.ts";
import { eventually } from "../../support/dhcp_polling.ts";

/** A line of dnsmasq's lease file. */
export interface ServerLease {
  readonly mac: string;
  readonly address: string;
  readonly hostName: string;
  readonly clientId: string;
}

const READY = "DHCP, IP range";

/** A running server on 192.0.2.1/24; it ends with the block that owns it. */
export class Dnsmasq implements AsyncDisposable {
  readonly #leaseFile: string;
  readonly #logFile: string;
  readonly #arguments: readonly string[];
  readonly #netns: TestNetns;
  #process: Deno.ChildProcess | undefined;

  /** @param extra More options, such as `--dhcp-option=...`. */
  private constructor(
    netns: TestNetns,
    directory: TempDir,
    { leaseTime, extra }: {
      readonly leaseTime: string;
      readonly extra: readonly string[];
    },
  ) {
    this.#netns = netns;
    this.#leaseFile = directory.join(`${netns.name}.leases`);
    this.#logFile = directory.join(`${netns.name}.log`);
    this.#arguments = [
      "--conf-file=/dev/null",
      "--keep-in-foreground",
      "--user=root",
      "--port=0",
      "--interface=eth0",
      "--bind-interfaces",
      "--no-ping",
      "--dhcp-authoritative",
      "--log-dhcp",
      `--log-facility=${this.#logFile}`,
      `--pid-file=${directory.join(`${netns.name}.pid`)}`,
      `--dhcp-leasefile=${this.#leaseFile}`,
      `--dhcp-range=192.0.2.50,192.0.2.99,${leaseTime}`,
      ...extra,
    ];
  }

  /** Starts one and waits until it serves. */
  static async start(
    netns: TestNetns,
    directory: TempDir,
    { leaseTime = "1h", extra = [] }: {
      readonly leaseTime?: string;
      readonly extra?: readonly string[];
    } = {},
  ): Promise<Dnsmasq> {
    const server = new Dnsmasq(netns, directory, { leaseTime, extra });
    await server.start();
    return server;
  }

  /** Starts it again after `stop`. */
  async start(): Promise<void> {
    const before = this.log.split(READY).length;
    this.#process = new Deno.Command("ip", {
      args: ["netns", "exec", this.#netns.name, "dnsmasq", ...this.#arguments],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await eventually(
      "dnsmasq",
      () => this.log.split(READY).length > before || undefined,
    );
  }

  /** Everything it logged. */
  get log(): string {
    return readOrEmpty(this.#logFile);
  }

  /** How many log lines contain `text`. */
  count(text: string): number {
    return this.log.split("\n").filter((line) => line.includes(text)).length;
  }

  /** How many exchanges have a message of this type; a retransmission and its answer belong to the same exchange. */
  exchangesWith(type: string): number {
    const xids = this.log.matchAll(new RegExp(`: (\\d+) ${type}\\(`, "g"));
    return new Set([...xids].map(([, xid]) => xid)).size;
  }

  /** Its lease file. */
  get leases(): readonly ServerLease[] {
    return readOrEmpty(this.#leaseFile).split("\n").flatMap((line) => {
      const [, mac, address, hostName = "", clientId = ""] = line.split(" ");
      return mac === undefined || address === undefined
        ? []
        : [{ mac, address, hostName, clientId }];
    });
  }

  /** Ends it; its lease file stays. */
  async stop(): Promise<void> {
    this.#process?.kill("SIGTERM");
    await this.#process?.status;
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
