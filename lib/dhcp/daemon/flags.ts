/** The flags of `dhcp daemon`. Pure. @module */

import type { FlagSet } from "../../base/flags.ts";
import { LOG_FORMATS, type LogFormat } from "../../base/log_line.ts";
import { DEFAULT_SOCKET_PATH } from "../config/dhcp_config.ts";
import { DEFAULT_TIMINGS } from "../client/settings.ts";

/** The flags of a daemon. Durations are in milliseconds. */
export interface DaemonFlags {
  /** Absolute path of the pid file; empty: no file. */
  readonly pidFile: string;
  /** Prefix of the path of the socket and of every namespace. */
  readonly hostPrefix: string;
  /** Path of the socket, without the prefix. */
  readonly socketPath: string;
  /** Directory of the lease files; empty: derived from the path of the socket. */
  readonly stateDir: string;
  readonly broadcast: boolean;
  readonly debug: boolean;
  readonly logFormat: LogFormat;
  /** Where to serve metrics; empty: nowhere. */
  readonly metrics: string;
  readonly timeoutMs: number;
  readonly resendMaxMs: number;
  readonly resendTimeoutMs: number;
  /** DHCP packets in any second; 0: no limit. */
  readonly packetRate: number;
}

/**
 * How long an ADD may take by default. Upstream's 3m28s is longer than every runtime waits, so the
 * runtime never receives the reason.
 */
export const DEFAULT_ADD_TIMEOUT_MS = 60_000;

const DEFAULTS: DaemonFlags = {
  pidFile: "",
  hostPrefix: "",
  socketPath: DEFAULT_SOCKET_PATH,
  stateDir: "",
  broadcast: false,
  debug: false,
  logFormat: "text",
  metrics: "",
  timeoutMs: DEFAULT_TIMINGS.timeoutMs,
  resendMaxMs: DEFAULT_TIMINGS.resendMaxMs,
  resendTimeoutMs: DEFAULT_ADD_TIMEOUT_MS,
  packetRate: 10,
};

/** A shorter time lets every ADD fail although the server answers. */
const MIN_TIMEOUT_MS = 100;
/** The client does not wait less. */
const MIN_RESEND_MAX_MS = 1000;
/** More packets are no limit. */
const MAX_PACKET_RATE = 10_000;

const DEFINITIONS: FlagSet<DaemonFlags>["definitions"] = new Map([
  ["broadcast", {
    key: "broadcast",
    kind: "bool",
    usage: "set the broadcast flag on DHCP packets",
  }],
  ["debug", {
    key: "debug",
    kind: "bool",
    usage: "log every packet",
  }],
  ["hostprefix", {
    key: "hostPrefix",
    kind: "string",
    usage: "optional prefix to host root",
  }],
  ["log-format", {
    key: "logFormat",
    kind: "string",
    usage: "form of log lines: text (key=value) or json",
    choices: LOG_FORMATS,
  }],
  ["metrics", {
    key: "metrics",
    kind: "string",
    usage:
      "where to serve metrics for Prometheus: unix:PATH or ADDRESS:PORT (default: nowhere)",
  }],
  ["packetrate", {
    key: "packetRate",
    kind: "uint",
    usage: "most DHCP packets that the daemon sends in any second, 0: no limit",
    max: MAX_PACKET_RATE,
  }],
  ["pidfile", {
    key: "pidFile",
    kind: "string",
    usage: "optional path to write daemon PID to",
  }],
  ["resendmax", {
    key: "resendMaxMs",
    kind: "duration",
    usage: "longest wait before a DHCP message is sent again",
    minMs: MIN_RESEND_MAX_MS,
  }],
  ["resendtimeout", {
    key: "resendTimeoutMs",
    kind: "duration",
    usage: "maximum duration of an ADD if the network sets no timeout",
    minMs: MIN_TIMEOUT_MS,
  }],
  ["socketpath", {
    key: "socketPath",
    kind: "string",
    usage: "path of the socket to listen on",
  }],
  ["statedir", {
    key: "stateDir",
    kind: "string",
    usage:
      "directory of the lease files (default: the socket path without .sock, or with .d added if it has another ending)",
  }],
  ["timeout", {
    key: "timeoutMs",
    kind: "duration",
    usage: "how long to wait for a DHCPACK before starting over",
    minMs: MIN_TIMEOUT_MS,
  }],
]);

/** All flags. */
export const DAEMON_FLAGS: FlagSet<DaemonFlags> = {
  definitions: DEFINITIONS,
  defaults: DEFAULTS,
};
