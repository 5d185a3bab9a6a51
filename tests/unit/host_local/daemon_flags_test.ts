import { assertEquals } from "@std/assert";
import { parseFlags } from "../../../lib/base/flags.ts";
import { DAEMON_FLAGS } from "../../../lib/host_local/daemon_flags.ts";
import { testRows } from "../../support/rows.ts";

const DEFAULTS = {
  pidFile: "",
  hostPrefix: "",
  socketPath: "/run/cni/host-local.sock",
  debug: false,
};

testRows("the flags of host-local daemon are read from", [
  { name: "nothing", args: [], want: {} },
  {
    name: "all of them",
    args: [
      "-debug",
      "-hostprefix=/host",
      "-pidfile",
      "/run/x.pid",
      "--socketpath",
      "/x",
    ],
    want: {
      debug: true,
      hostPrefix: "/host",
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
      "  -pidfile string",
      "    \toptional path to write daemon PID to",
      "  -socketpath string",
      '    \tpath of the socket to listen on (default "/run/cni/host-local.sock")',
    ],
  );
});
