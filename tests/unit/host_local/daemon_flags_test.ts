import { assertEquals } from "@std/assert";
import { parseFlags } from "../../../lib/base/flags.ts";
import {
  DAEMON_FLAGS,
  type DaemonFlags,
} from "../../../lib/host_local/daemon_flags.ts";
import { testRows } from "../../support/rows.ts";

const DEFAULTS: DaemonFlags = {
  pidFile: "",
  hostPrefix: "",
  socketPath: "/run/cni/host-local.sock",
  debug: false,
  logFormat: "text",
  metrics: "",
};

testRows("the flags of host-local daemon are read from", [
  { name: "nothing", args: [], want: {} },
  {
    name: "all of them",
    args: [
      "-debug",
      "-hostprefix=/host",
      "-log-format",
      "json",
      "-metrics=127.0.0.1:9100",
      "-pidfile",
      "/run/x.pid",
      "--socketpath",
      "/x",
    ],
    want: {
      debug: true,
      hostPrefix: "/host",
      logFormat: "json" as const,
      metrics: "127.0.0.1:9100",
      pidFile: "/run/x.pid",
      socketPath: "/x",
    },
  },
], ({ args, want }) => {
  assertEquals(parseFlags(args, DAEMON_FLAGS), {
    kind: "flags",
    flags: { ...DEFAULTS, ...want },
  });
});

Deno.test("the usage text of host-local daemon lists every flag", () => {
  const parsed = parseFlags(["-h"], DAEMON_FLAGS);
  assertEquals(
    parsed.kind === "exit" && [parsed.exitStatus, ...parsed.text.split("\n")],
    [
      0,
      "Usage of daemon:",
      "  -debug",
      "    \tlog every call",
      "  -hostprefix string",
      "    \toptional prefix to host root",
      "  -log-format string",
      '    \tform of log lines: text (key=value) or json (default "text")',
      "  -metrics string",
      "    \twhere to serve metrics for Prometheus: unix:/run/cni/host-local-metrics.sock or 127.0.0.1:PORT (default: nowhere)",
      "  -pidfile string",
      "    \toptional path to write daemon PID to",
      "  -socketpath string",
      '    \tpath of the socket to listen on (default "/run/cni/host-local.sock")',
    ],
  );
});
