/** A host in memory with leases and a link, for the commands for operators. @module */

import { SystemError } from "../../../lib/base/errors.ts";
import { encodeLine } from "../../../lib/base/line_framing.ts";
import { attachmentText } from "../../../lib/cni/attachment.ts";
import { CniError, CniErrorCode } from "../../../lib/cni/error.ts";
import {
  decodeMessage,
  type DhcpMessage,
} from "../../../lib/dhcp/codec/dhcp_message.ts";
import type { LeaseRecord } from "../../../lib/dhcp/daemon/lease_record.ts";
import type {
  OperatorPorts,
  ProbeSession,
  StoredLeases,
} from "../../../lib/dhcp/operator/ports.ts";
import type { DaemonConnection } from "../../../lib/dhcp/plugin/ports.ts";
import {
  type DaemonRequest,
  formatFailure,
  formatResponse,
  parseRequest,
} from "../../../lib/dhcp/protocol/daemon_protocol.ts";
import {
  type LeaseEvent,
  type WatchLine,
  watchLineToJson,
} from "../../../lib/dhcp/protocol/lease_event.ts";
import type { LeaseReport } from "../../../lib/dhcp/protocol/lease_report.ts";
import type { LinkInfo } from "../../../lib/netlink/link_message.ts";
import { FakeInterfaces } from "../../unit/dhcp/daemon/fake_interface.ts";
import { FakeScheduler } from "../../unit/dhcp/daemon/fake_scheduler.ts";

/** The wall clock of the host. */
export const NOW_MS = Date.parse("2026-11-28T12:00:00Z");

/** Where the namespace of a probe is. */
export const NETNS = "/run/netns/cni-5d1c9a52";

/** A daemon in memory. */
export interface ExampleDaemon {
  readonly leases?: readonly LeaseReport[];
  /** Whether it answers with the first page, whichever is asked for. */
  readonly repeatsPage?: boolean;
  /** What comes of a renewal, by the text of the attachment. */
  readonly renewals?: Readonly<Record<string, LeaseEvent>>;
  /** What a watcher receives. */
  readonly watched?: readonly WatchLine[];
}

/** What a host in memory has. */
export interface ExampleDhcpHostOptions {
  /** Absent: none runs. */
  readonly daemon?: ExampleDaemon | "upstream";
  readonly stored?: Partial<StoredLeases> & {
    readonly records: readonly LeaseRecord[];
  };
  /** The interface of a probe. */
  readonly link?: Partial<LinkInfo>;
  /** Why no message can be sent. */
  readonly sendError?: SystemError;
  /** What the servers answer to a DISCOVER. */
  readonly server?: (discover: DhcpMessage) => readonly DhcpMessage[];
  /** How long the first answer takes. */
  readonly answerMs?: number;
  /** The configuration files by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** How many lines the reader of a watch reads. */
  readonly readLines?: number;
  readonly columns?: number;
  readonly hasColors?: boolean;
}

/** The effects of the commands on a host in memory. */
export class ExampleDhcpHost implements OperatorPorts {
  readonly screen: OperatorPorts["screen"];
  readonly scheduler = new FakeScheduler();
  readonly clock = { nowMs: () => 3_600_000, wallMs: () => NOW_MS };
  /** What was printed at once. */
  readonly printed: string[] = [];
  /** The progress that was reported. */
  readonly reported: string[] = [];
  readonly progress = {
    report: (work: string, done: number): void => {
      this.reported.push(`${work}: ${done}`);
    },
  };
  /** The DISCOVERs of probes. */
  readonly discovers: DhcpMessage[] = [];
  /** The requests that the daemon got. */
  readonly requests: DaemonRequest[] = [];
  readonly #options: ExampleDhcpHostOptions;

  constructor(options: ExampleDhcpHostOptions) {
    const { columns = 80, hasColors = false } = options;
    this.#options = options;
    this.screen = { columns, hasColors };
  }

  connect(path: string): Promise<DaemonConnection> {
    const { daemon } = this.#options;
    if (daemon === undefined) {
      const message = `dial unix ${path}: connect: no such file or directory`;
      return Promise.reject(new SystemError(message));
    }
    const answer = (line: string): readonly string[] =>
      daemon === "upstream"
        ? ["HTTP/1.1 400 Bad Request"]
        : this.#answer(daemon, parseRequest(line));
    return Promise.resolve({
      call: (line) => Promise.resolve(answer(line)[0] ?? ""),
      exchange: (bytes, { take }) => {
        const line = new TextDecoder().decode(bytes).trimEnd();
        for (const each of answer(line)) {
          const taken = take(encodeLine(each));
          if (taken !== undefined) return Promise.resolve(taken);
        }
        const message = `unix ${path}: the daemon closed the connection`;
        return Promise.reject(new SystemError(message));
      },
      [Symbol.dispose]: () => {},
    });
  }

  readLeases(): StoredLeases {
    return { records: [], unusable: [], bootId: "b", ...this.#options.stored };
  }

  openProbe(netnsPath: string, ifName: string): Promise<ProbeSession> {
    const { link = {}, server = () => [], sendError, answerMs = 12 } =
      this.#options;
    const interfaces = new FakeInterfaces({
      scheduler: this.scheduler,
      onSend: ({ bytes }, from) => {
        const discover = decodeMessage(bytes);
        this.discovers.push(discover);
        const answers = server(discover);
        for (const [index, message] of answers.entries()) {
          const delayMs = answerMs + 300 * index;
          this.scheduler.after(delayMs, () => from.deliver(message));
        }
      },
    });
    const attached = interfaces.add(NETNS, "7");
    attached.set(link);
    attached.sendError = sendError;
    if (netnsPath !== NETNS || ifName !== "eth0") {
      const message = `error looking up "${ifName}": Link not found`;
      return Promise.reject(new SystemError(message));
    }
    return Promise.resolve({
      attached,
      scheduler: this.scheduler,
      randomU32: () => 0x3903f326,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }

  readConfigs(path: string): ReturnType<OperatorPorts["readConfigs"]> {
    const text = this.#options.files?.[path];
    if (text !== undefined) return [{ path, text }];
    throw new SystemError(`open ${path}: no such file or directory`);
  }

  print(line: string): boolean {
    const { readLines = Infinity } = this.#options;
    if (this.printed.length >= readLines) return false;
    this.printed.push(line);
    return true;
  }

  #answer(
    { leases = [], repeatsPage = false, renewals = {}, watched = [] }:
      ExampleDaemon,
    request: DaemonRequest,
  ): readonly string[] {
    this.requests.push(request);
    switch (request.method) {
      case "leases": {
        const next = leases.filter(({ attachment }) =>
          repeatsPage || attachmentText(attachment) > request.after
        );
        // One for each page.
        const page = next.slice(0, 1);
        return [formatResponse({ leases: page, more: next.length > 1 })];
      }
      case "renew": {
        const event = renewals[attachmentText(request.attachment)];
        return [
          event === undefined
            ? formatFailure(
              new CniError(
                CniErrorCode.tryAgainLater,
                "the lease is not renewed: the link is down",
              ),
            )
            : formatResponse({ event }),
        ];
      }
      case "watch":
        return [
          formatResponse(),
          ...watched.map((line) => formatResponse(watchLineToJson(line))),
        ];
      default:
        return [formatResponse()];
    }
  }
}
