import { assertEquals } from "@std/assert";
import { missingCapabilities } from "../../../../lib/dhcp/daemon/capabilities.ts";
import { testRows } from "../../../support/rows.ts";

/** What the systemd unit leaves the daemon (capabilities(7), linux/capability.h). */
const UNIT = 0x283c00n;

testRows("missingCapabilities()", [
  {
    name: "all of them",
    effective: (1n << 41n) - 1n,
    want: [],
    fatal: [],
    unready: [],
  },
  {
    name: "those of the systemd unit",
    effective: UNIT,
    want: [],
    fatal: [],
    unready: [],
  },
  {
    name: "without CAP_NET_RAW",
    effective: UNIT & ~(1n << 13n),
    want: ["CAP_NET_RAW"],
    fatal: [],
    unready: ["CAP_NET_RAW"],
  },
  {
    name: "without CAP_NET_BIND_SERVICE",
    effective: UNIT & ~(1n << 10n),
    want: ["CAP_NET_BIND_SERVICE"],
    fatal: [],
    unready: [],
  },
  {
    name: "none of them",
    effective: 0n,
    want: [
      "CAP_SYS_ADMIN",
      "CAP_NET_RAW",
      "CAP_NET_ADMIN",
      "CAP_NET_BROADCAST",
      "CAP_NET_BIND_SERVICE",
      "CAP_SYS_PTRACE",
    ],
    fatal: ["CAP_SYS_ADMIN"],
    unready: ["CAP_SYS_ADMIN", "CAP_NET_RAW"],
  },
], ({ effective, want, fatal, unready }) => {
  const missing = missingCapabilities(effective);
  assertEquals(missing.map(({ name }) => name), want);
  const names = (those: typeof missing): string[] =>
    those.map(({ name }) => name);
  assertEquals(names(missing.filter(({ isFatal }) => isFatal)), fatal);
  assertEquals(
    names(missing.filter(({ failsEveryAdd }) => failsEveryAdd)),
    unready,
  );
});
