import { assert, assertEquals } from "@std/assert";
import { parseFlags } from "../../../../lib/base/flags.ts";
import {
  DAEMON_FLAGS,
  type DaemonFlags,
} from "../../../../lib/dhcp/daemon/flags.ts";
import { testRows } from "../../../support/rows.ts";

const DEFAULTS: DaemonFlags = {
  pidFile: "",
  hostPrefix: "",
  socketPath: "/run/cni/dhcp.sock",
  stateDir: "",
  broadcast: false,
  debug: false,
  logFormat: "text",
  metrics: "",
  timeoutMs: 10_000,
  resendMaxMs: 62_000,
  resendTimeoutMs: 60_000,
  packetRate: 10,
};

function parse(
  args: readonly string[],
): ReturnType<typeof parseFlags<typeof DAEMON_FLAGS.defaults>> {
  return parseFlags(args, DAEMON_FLAGS);
}

function usage(): string {
  const parsed = parse(["-h"]);
  return parsed.kind === "exit" ? parsed.text : "";
}

testRows("parseFlags()", [
  { name: "returns the defaults without arguments", args: [], want: {} },
  {
    name: "accepts every flag",
    args: [
      "-pidfile=/run/x.pid",
      "-hostprefix=/host",
      "-socketpath=/run/x.sock",
      "-statedir=/var/lib/x",
      "-broadcast=true",
      "-debug",
      "-timeout=3s",
      "-resendmax=1m",
      "-resendtimeout=3m28s",
      "-packetrate=100",
      "-log-format=json",
      "-metrics=unix:/run/x.sock",
    ],
    want: {
      pidFile: "/run/x.pid",
      hostPrefix: "/host",
      socketPath: "/run/x.sock",
      stateDir: "/var/lib/x",
      broadcast: true,
      debug: true,
      timeoutMs: 3000,
      resendMaxMs: 60_000,
      resendTimeoutMs: 208_000,
      packetRate: 100,
      logFormat: "json" as const,
      metrics: "unix:/run/x.sock",
    },
  },
  {
    name: "accepts a value as the next word, and two dashes",
    args: ["--timeout", "3s", "-hostprefix", "-x"],
    want: { timeoutMs: 3000, hostPrefix: "-x" },
  },
  {
    name: "uses the last of two values",
    args: ["-timeout=1s", "-timeout=2s"],
    want: {
      timeoutMs: 2000,
    },
  },
  {
    name: "accepts a value that contains =",
    args: ["-hostprefix=a=b"],
    want: {
      hostPrefix: "a=b",
    },
  },
  { name: "accepts an empty value", args: ["-hostprefix="], want: {} },
  { name: "accepts a boolean value", args: ["-broadcast=F"], want: {} },
  {
    name: "ignores the word after a boolean flag",
    args: ["-broadcast", "false", "-debug"],
    want: { broadcast: true },
  },
  {
    name: "accepts no limit of packets",
    args: ["-packetrate", "0"],
    want: { packetRate: 0 },
  },
  {
    name: "accepts the shortest times",
    args: ["-timeout=100ms", "-resendtimeout=100ms", "-resendmax=1s"],
    want: { timeoutMs: 100, resendTimeoutMs: 100, resendMaxMs: 1000 },
  },
  { name: "stops at a word", args: ["x", "-debug"], want: {} },
  { name: "stops at a dash", args: ["-", "-debug"], want: {} },
  { name: "stops at --", args: ["--", "-debug"], want: {} },
], ({ args, want }) =>
  assertEquals(parse(args), {
    kind: "flags",
    flags: { ...DEFAULTS, ...want },
  }));

testRows("parseFlags()", [
  {
    name: "refuses an unknown flag",
    args: ["-zork=1"],
    error: "flag provided but not defined: -zork",
  },
  {
    name: "refuses a number without a unit",
    args: ["-timeout", "5"],
    error: 'invalid value "5" for flag -timeout: parse error',
  },
  {
    name: "refuses a negative duration",
    args: ["-timeout=-5s"],
    error: 'invalid value "-5s" for flag -timeout: parse error',
  },
  ...["0s", "0", "1ns", "1ms", "99.9ms"].flatMap((value) =>
    ["timeout", "resendtimeout"].map((flag) => ({
      name: `refuses -${flag} ${value}, with which no ADD can succeed`,
      args: [`-${flag}`, value],
      error:
        `invalid value "${value}" for flag -${flag}: must be at least 100ms`,
    }))
  ),
  {
    name: "refuses a -resendmax that the client would not keep",
    args: ["-resendmax", "0s"],
    error: 'invalid value "0s" for flag -resendmax: must be at least 1s',
  },
  ...["", "-1", "1.5", "x", "1e3", "0x10"].map((value) => ({
    name: `refuses -packetrate "${value}"`,
    args: [`-packetrate=${value}`],
    error: `invalid value "${value}" for flag -packetrate: parse error`,
  })),
  {
    name: "refuses a -packetrate that limits nothing",
    args: ["-packetrate=10001"],
    error: 'invalid value "10001" for flag -packetrate: must be at most 10000',
  },
  {
    name: "refuses another form of log lines",
    args: ["-log-format=xml"],
    error: 'invalid value "xml" for flag -log-format: must be text or json',
  },
  {
    name: "refuses a flag without its value",
    args: ["-pidfile"],
    error: "flag needs an argument: -pidfile",
  },
  {
    name: "refuses another boolean value",
    args: ["-broadcast=yes"],
    error: 'invalid boolean value "yes" for -broadcast: parse error',
  },
  {
    name: "refuses three dashes",
    args: ["---timeout=1s"],
    error: "bad flag syntax: ---timeout=1s",
  },
  { name: "refuses -=", args: ["-=1"], error: "bad flag syntax: -=1" },
], ({ args, error }) =>
  assertEquals(parse(args), {
    kind: "exit",
    text: `${error}\n${usage()}`,
    exitStatus: 2,
  }));

for (const flag of ["-h", "--help"]) {
  Deno.test(`parseFlags() returns the usage text for ${flag}`, () => {
    assertEquals(parse([flag]), {
      kind: "exit",
      text: usage(),
      exitStatus: 0,
    });
  });
}

Deno.test("usage() formats a flag and its default as upstream does", () => {
  assert(usage().startsWith("Usage of daemon:\n  -broadcast\n    \t"));
  assert(
    usage().includes("  -resendmax duration\n    \tlongest") &&
      usage().includes("  -packetrate uint\n    \tmost") &&
      usage().includes("(default 10)") &&
      usage().includes("(default 1m2s)"),
  );
  assert(usage().includes('(default "/run/cni/dhcp.sock")'));
});
