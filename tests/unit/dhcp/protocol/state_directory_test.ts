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
    name: "is beside the socket",
    path: "/run/cni/dhcp.sock",
    want: "/run/cni/dhcp",
  },
  {
    name: "is below the prefix",
    path: "/host/run/cni/dhcp.sock",
    want: "/host/run/cni/dhcp",
  },
  { name: "never is the socket", path: "/run/x", want: "/run/x.d" },
], ({ path, want }) => assertEquals(stateDirOf(path), want));

const NAME = "0123456789abcdef0123456789abcdef";

testRows("stateFileKind()", [
  { name: "recognizes a lease", file: `${NAME}.lease`, want: "lease" },
  {
    name: "recognizes a release note",
    file: `${NAME}.release`,
    want: "release",
  },
  {
    name: "recognizes the temporary file of a lease",
    file: temporaryName(`${NAME}.lease`),
    want: "temporary-lease",
  },
  {
    name: "recognizes the temporary file of a release note",
    file: temporaryName(`${NAME}.release`),
    want: "temporary-release",
  },
  {
    name: "recognizes the temporary file of a release note and its writer",
    file: temporaryName(`${NAME}.release`, 4711),
    want: "temporary-release",
  },
  {
    name: "does not recognize another name",
    file: "dhcp.lease",
    want: "foreign",
  },
  {
    name: "does not recognize upper case",
    file: `${NAME.toUpperCase()}.lease`,
    want: "foreign",
  },
], ({ file, want }) => assertEquals(stateFileKind(file), want));

Deno.test("stateFileName() is short for any digest", () => {
  const name = stateFileName(`${NAME}${NAME}`, "lease");
  assertEquals([name, stateFileKind(name)], [`${NAME}.lease`, "lease"]);
});
