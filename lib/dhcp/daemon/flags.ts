/** The flags of `dhcp daemon`, in the syntax of Go's flag package. Pure. @module */

import { DEFAULT_SOCKET_PATH } from "../config/dhcp_config.ts";
import { formatDuration, parseDuration } from "../../base/duration.ts";
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
  readonly timeoutMs: number;
  readonly resendMaxMs: number;
  readonly resendTimeoutMs: number;
  /** DHCP packets in any second; 0: no limit. */
  readonly packetRate: number;
}

/** The result of {@link parseFlags}. */
export type FlagsResult =
  | { readonly kind: "flags"; readonly flags: DaemonFlags }
  | {
    /** The daemon does not start: print `text` to stderr and exit with `exitStatus`. */
    readonly kind: "exit";
    readonly text: string;
    readonly exitStatus: number;
  };

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
  timeoutMs: DEFAULT_TIMINGS.timeoutMs,
  resendMaxMs: DEFAULT_TIMINGS.resendMaxMs,
  resendTimeoutMs: DEFAULT_ADD_TIMEOUT_MS,
  packetRate: 10,
};

/** The name of each kind is that in the usage text, as upstream's flag package has it. */
type Kind = "bool" | "string" | "duration" | "uint";

interface Definition {
  readonly key: keyof DaemonFlags;
  readonly kind: Kind;
  readonly usage: string;
  /** The smallest duration that makes sense. */
  readonly minMs?: number;
}

/** A shorter time lets every ADD fail although the server answers. */
const MIN_TIMEOUT_MS = 100;
/** The client does not wait less. */
const MIN_RESEND_MAX_MS = 1000;
/** More packets are no limit. */
const MAX_PACKET_RATE = 10_000;

/** All flags, in the order of the usage text. */
const DEFINITIONS: ReadonlyMap<string, Definition> = new Map([
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
  ["packetrate", {
    key: "packetRate",
    kind: "uint",
    usage: "most DHCP packets that the daemon sends in any second, 0: no limit",
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
      "directory of the lease files (default: the socket path without .sock)",
  }],
  ["timeout", {
    key: "timeoutMs",
    kind: "duration",
    usage: "how long to wait for a DHCPACK before starting over",
    minMs: MIN_TIMEOUT_MS,
  }],
]);

class FlagError extends Error {}

/** Returns the text that `-h` prints. */
export function usage(): string {
  const lines = [...DEFINITIONS].map(([name, { key, kind, usage }]) => {
    const type = kind === "bool" ? "" : ` ${kind}`;
    return `  -${name}${type}\n    \t${usage}${
      formatDefault(kind, DEFAULTS[key])
    }`;
  });
  return ["Usage of daemon:", ...lines].join("\n");
}

/**
 * Parses the command line after `daemon`. The first word that is not a flag and all words after it
 * are ignored, as upstream does.
 */
export function parseFlags(args: readonly string[]): FlagsResult {
  try {
    return { kind: "flags", flags: parse(args) };
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return error.message === ""
      ? { kind: "exit", text: usage(), exitStatus: 0 }
      : {
        kind: "exit",
        text: `${error.message}\n${usage()}`,
        exitStatus: 2,
      };
  }
}

function parse(args: readonly string[]): DaemonFlags {
  let flags = DEFAULTS;
  const rest = [...args];
  for (;;) {
    const word = rest.shift();
    if (word === undefined || word === "--" || !/^-./.test(word)) break;
    const [, name = "", value] = splitWord(word);
    const definition = DEFINITIONS.get(name);
    if (definition === undefined) {
      if (name === "h" || name === "help") throw new FlagError("");
      throw new FlagError(`flag provided but not defined: -${name}`);
    }
    const parsed = parseValue(name, definition, value, rest);
    flags = { ...flags, [definition.key]: parsed };
  }
  return flags;
}

function splitWord(
  word: string,
): readonly [word: string, name: string, value: string | undefined] {
  const [, name, value] = word.match(/^--?([^-=][^=]*)(?:=(.*))?$/s) ?? [];
  if (name === undefined) throw new FlagError(`bad flag syntax: ${word}`);
  return [word, name, value];
}

function parseValue(
  name: string,
  { kind, minMs = 0 }: Definition,
  given: string | undefined,
  rest: string[],
): boolean | string | number {
  // The word after a boolean flag is not its value.
  if (kind === "bool") return parseBoolean(name, given ?? "true");
  const value = given ?? rest.shift();
  if (value === undefined) {
    throw new FlagError(`flag needs an argument: -${name}`);
  }
  switch (kind) {
    case "string":
      return value;
    case "duration":
      return parseMs(name, value, minMs);
    case "uint":
      return parseCount(name, value);
  }
}

function parseMs(name: string, value: string, minMs: number): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms < 0) throw invalid(name, value, "parse error");
  if (ms >= minMs) return ms;
  throw invalid(name, value, `must be at least ${formatDuration(minMs)}`);
}

function parseCount(name: string, value: string): number {
  if (!/^[0-9]+$/.test(value)) throw invalid(name, value, "parse error");
  const count = Number(value);
  if (count <= MAX_PACKET_RATE) return count;
  throw invalid(name, value, `must be at most ${MAX_PACKET_RATE}`);
}

function invalid(name: string, value: string, reason: string): FlagError {
  return new FlagError(
    `invalid value ${JSON.stringify(value)} for flag -${name}: ${reason}`,
  );
}

function parseBoolean(name: string, value: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw new FlagError(
    `invalid boolean value ${JSON.stringify(value)} for -${name}: parse error`,
  );
}

function formatDefault(kind: Kind, value: string | number | boolean): string {
  if (value === "" || value === false) return "";
  if (kind === "duration") return ` (default ${formatDuration(Number(value))})`;
  return ` (default ${JSON.stringify(value)})`;
}
