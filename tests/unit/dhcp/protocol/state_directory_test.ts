import { assertEquals } from "@std/assert";
import {
  stateDirOf,
  stateFileKind,
  stateFileName,
} from "../../../../lib/dhcp/protocol/state_directory.ts";
import { temporaryName } from "../../../../lib/sys/atomic_file.ts";
import { testRows } from "../../../support/rows.ts";

testRows("stateDirOf()", [
  {
    name: "is the socket path without its suffix",
    path: "/run/cni/dhcp.sock",
    want: "/run/cni/dhcp",
  },
  {
    name: "is below the same prefix as the socket",
    path: "/host/run/cni/dhcp.sock",
    want: "/host/run/cni/dhcp",
  },
  { name: "never is the socket", path: "/run/x", want: "/run/x.d" },
  {
    name: "does not exist for an abstract socket",
    path: "@x.sock",
    want: undefined,
  },
], ({ path, want }) => assertEquals(stateDirOf(path), want));

const NAME = "0123456789abcdef0123456789abcdef";

testRows("stateFileKind() of", [
  { name: "a lease", file: `${NAME}.lease`, want: "lease" },
  { name: "a release note", file: `${NAME}.release`, want: "release" },
  {
    name: "a lease that is being written",
    file: temporaryName(`${NAME}.lease`),
    want: "temporary-lease",
  },
  {
    name: "a release note that is being written",
    file: temporaryName(`${NAME}.release`),
    want: "temporary-release",
  },
  {
    name: "a release note that is being written, with its writer",
    file: temporaryName(`${NAME}.release`, 4711),
    want: "temporary-release",
  },
  { name: "the lock file", file: "lock", want: "lock" },
  { name: "another file", file: "dhcp.lease", want: "foreign" },
  {
    name: "a digest in upper case",
    file: `${NAME.toUpperCase()}.lease`,
    want: "foreign",
  },
], ({ file, want }) => assertEquals(stateFileKind(file), want));

Deno.test("stateFileName() uses the first 32 digits of the digest", () => {
  const name = stateFileName(`${NAME}${NAME}`, "lease");
  assertEquals([name, stateFileKind(name)], [`${NAME}.lease`, "lease"]);
});
