/** The flags of `host-local daemon`. Pure. @module */

import type { FlagSet } from "../base/flags.ts";

/** The flags of the resident process. */
export interface DaemonFlags {
  /** Absolute path of the pid file; empty: no file. */
  readonly pidFile: string;
  /** Prefix of the path of the socket and of the paths in network configurations. */
  readonly hostPrefix: string;
  /** Path of the socket, without the prefix. */
  readonly socketPath: string;
  readonly debug: boolean;
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
  },
};
