/** dnsmasq as a DHCP server on one interface; it serves no DNS. @module */

import { BackgroundProcess, readTextOrEmpty } from "./background_process.ts";
import { waitFor, waitUntil } from "./waiting.ts";

/** What it serves, and where. */
export interface DnsmasqOptions {
  /** The command that runs another one in the server's network namespace. */
  readonly enter: readonly string[];
  /** The folder for its files. */
  readonly folder: string;
  /** Distinguishes the files of several servers in one folder. */
  readonly name?: string;
  readonly ifName?: string;
  /** First and last address of each network, and its mask. */
  readonly ranges?: readonly (readonly [
    first: string,
    last: string,
    mask: string,
  ])[];
  /** At least 120. */
  readonly leaseSeconds?: number;
  /** Logs the xid and the options of each message. */
  readonly isVerbose?: boolean;
  /** More options, such as `--dhcp-option=58,30`. */
  readonly extra?: readonly string[];
}

/** A line of its lease file. */
export interface DnsmasqLease {
  readonly mac: string;
  readonly address: string;
  /** `*` if the client sent none. */
  readonly hostName: string;
  readonly clientId: string;
}

const DEFAULT_RANGE = ["192.0.2.50", "192.0.2.99", "255.255.255.0"] as const;

/** A server, running or not. */
export class Dnsmasq implements AsyncDisposable {
  readonly process: BackgroundProcess;
  readonly leaseFile: string;

  /** Does not start it. */
  constructor(
    {
      enter,
      folder,
      name = "dnsmasq",
      ifName = "eth0",
      ranges = [DEFAULT_RANGE],
      leaseSeconds = 3600,
      isVerbose = false,
      extra = [],
    }: DnsmasqOptions,
  ) {
    this.leaseFile = `${folder}/${name}.leases`;
    this.process = new BackgroundProcess([
      ...enter,
      "dnsmasq",
      "--conf-file=/dev/null",
      "--keep-in-foreground",
      "--log-facility=-",
      "--user=root",
      "--port=0",
      "--no-ping",
      "--bind-interfaces",
      `--interface=${ifName}`,
      `--pid-file=${folder}/${name}.pid`,
      `--dhcp-leasefile=${this.leaseFile}`,
      "--dhcp-lease-max=100000",
      "--dhcp-authoritative",
      ...(isVerbose ? ["--log-dhcp"] : []),
      ...ranges.map((range) => `--dhcp-range=${range.join()},${leaseSeconds}`),
      ...extra,
    ], { logFile: `${folder}/${name}.log`, ready: "DHCP, IP range" });
  }

  /** Starts one and waits until it serves. */
  static async start(options: DnsmasqOptions): Promise<Dnsmasq> {
    const server = new Dnsmasq(options);
    await server.process.start();
    return server;
  }

  /** The leases in its file. */
  get leases(): readonly DnsmasqLease[] {
    return readTextOrEmpty(this.leaseFile).split("\n").flatMap((line) => {
      const [, mac, address, hostName = "", clientId = ""] = line.split(" ");
      return mac === undefined || address === undefined
        ? []
        : [{ mac, address, hostName, clientId }];
    });
  }

  /**
   * How many exchanges have a message of this type, by the log; a retransmission belongs to its
   * exchange.
   */
  exchangesWith(type: string): number {
    const xids = this.process.log.matchAll(
      new RegExp(`: (\\d+) ${type}\\(`, "g"),
    );
    return new Set([...xids].map(([, xid]) => xid)).size;
  }

  /** Waits until its file has no lease. */
  async untilNoLease(): Promise<void> {
    await waitUntil(
      "release of every lease",
      () => this.leases.length === 0,
    );
  }

  /**
   * Waits until its file has one lease, and returns that. dnsmasq truncates the file before it
   * writes it again, which a retransmitted DHCPREQUEST causes at any time.
   */
  async onlyLease(): Promise<DnsmasqLease> {
    return await waitFor("only lease", () => {
      const { leases } = this;
      return leases.length === 1 ? leases[0] : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
