/** The flags of `host-local daemon`. Pure. @module */

import type { FlagSet } from "../base/flags.ts";
import { LOG_FORMATS, type LogFormat } from "../base/log_line.ts";

/** The flags of the resident process. */
export interface DaemonFlags {
  /** Absolute path of the pid file; empty: no file. */
  readonly pidFile: string;
  /** Prefix of the path of the socket and of the paths in network configurations. */
  readonly hostPrefix: string;
  /** Path of the socket, without the prefix. */
  readonly socketPath: string;
  readonly debug: boolean;
  readonly logFormat: LogFormat;
  /** Where to serve metrics; empty: nowhere. */
  readonly metrics: string;
}

/** All flags. */
export const DAEMON_FLAGS: FlagSet<DaemonFlags> = {
  definitions: new Map([
    ["debug", {
      key: "debug",
      kind: "bool",
      usage: "log every call",
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
        "where to serve metrics for Prometheus: unix:/run/cni/host-local-metrics.sock or 127.0.0.1:PORT (default: nowhere)",
    }],
    ["pidfile", {
      key: "pidFile",
      kind: "string",
      usage: "optional path to write daemon PID to",
    }],
    ["socketpath", {
      key: "socketPath",
      kind: "string",
      usage: "path of the socket to listen on",
    }],
  ]),
  defaults: {
    pidFile: "",
    hostPrefix: "",
    // The launcher calls the socket of this name.
    socketPath: "/run/cni/host-local.sock",
    debug: false,
    logFormat: "text",
    metrics: "",
  },
};
