/** A dnsmasq that serves addresses on one interface of a namespace, and no DNS. @module */

import { Background, readText } from "./background.ts";
import type { Netns } from "./netns.ts";

/** What it serves, and where its files are. */
export interface DnsmasqOptions {
  readonly folder: string;
  readonly ifName: string;
  /** First and last address, and the mask. */
  readonly range: readonly [first: string, last: string, mask: string];
  /** At least 120. */
  readonly leaseSeconds: number;
  /** More options, such as `--dhcp-option=58,30`. */
  readonly extra?: readonly string[];
}

/** A running server. */
export class Dnsmasq implements AsyncDisposable {
  readonly #process: Background;
  readonly #leaseFile: string;

  private constructor(process: Background, leaseFile: string) {
    this.#process = process;
    this.#leaseFile = leaseFile;
  }

  /** Starts it and waits until it serves. */
  static async start(
    netns: Netns,
    { folder, ifName, range, leaseSeconds, extra = [] }: DnsmasqOptions,
  ): Promise<Dnsmasq> {
    const leaseFile = `${folder}/dnsmasq.leases`;
    const process = await Background.start([
      "ip",
      "netns",
      "exec",
      netns.name,
      "dnsmasq",
      "--conf-file=/dev/null",
      "--keep-in-foreground",
      "--log-facility=-",
      "--user=root",
      "--port=0",
      "--no-ping",
      "--bind-interfaces",
      `--interface=${ifName}`,
      `--pid-file=${folder}/dnsmasq.pid`,
      `--dhcp-leasefile=${leaseFile}`,
      `--dhcp-range=${range.join()},${leaseSeconds}`,
      "--dhcp-lease-max=100000",
      ...extra,
    ], { logFile: `${folder}/dnsmasq.log`, ready: "DHCP, IP range" });
    return new Dnsmasq(process, leaseFile);
  }

  /** Its log. */
  get log(): string {
    return this.#process.log;
  }

  /** The lines of its lease file: end of the lease, hardware address, address, host name, client identifier. */
  get leases(): readonly string[] {
    return readText(this.#leaseFile).split("\n").filter((line) => line !== "");
  }

  /** Looks until something is there. @throws {Error} with the log if it does not come. */
  async until(what: string, isThere: () => boolean): Promise<void> {
    await this.#process.until(what, isThere);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
