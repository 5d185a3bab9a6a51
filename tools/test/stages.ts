/** The stages of a test run. @module */

import { EXAMPLE_FOLDERS } from "../../tests/architecture/example_rules.ts";
import type { Stage } from "./stage.ts";

/** Types are checked once, by the stage of that name. */
const TEST = ["test", "--no-prompt", "--no-check"];

/** Compiles the plugins; the suites cannot run without them. */
export const BUILD: Stage = { title: "build", args: ["task", "build"] };

/** What runs at the same time as the build: the packages that the suites need, and quick checks. */
export const PREPARATION: readonly Stage[] = [
  {
    title: "Debian packages",
    args: ["run", "-P=tools", "tools/test/debian_packages.ts"],
  },
  { title: "types", args: ["check", "--quiet"] },
  {
    title: "examples of doc comments",
    // With types: the stage of that name does not check examples.
    args: [
      ...["test", "--no-prompt", "--doc"],
      ...EXAMPLE_FOLDERS.map((folder) => `lib/${folder}`),
    ],
  },
  { title: "build of the empty script", args: ["task", "build:empty"] },
  { title: "format", args: ["fmt", "--check"] },
  { title: "lint", args: ["lint"] },
];

/** After the packages: on the first run they bring the compiler. */
export const BUILD_LAUNCHER: Stage = {
  title: "build of the launcher",
  args: ["task", "build", "cni-launcher"],
};

/** The tests. The longest come first. */
export const SUITES: readonly Stage[] = [
  // A separate stage, because it waits two minutes for a lease to expire.
  suite("tests/dhcp/servers/rows_test.ts", "tests-dhcp"),
  suite("tests/host_local/integration", "tests"),
  suite("tests/dhcp/servers", "tests-dhcp", "tests/dhcp/servers/rows_test.ts"),
  suite("tests/unit"),
  suite("tests/dhcp/conformance", "tests-dhcp"),
  suite("tests/host_local/conformance", "tests"),
  suite("tests/host_local/operator", "tests"),
  suite("tests/dhcp/operator", "tests-dhcp"),
  suite("tests/launcher", "tests-launcher"),
  suite("tests/monitoring", "tests"),
  suite("tests/install", "tests"),
  suite("tests/packages", "tools"),
  suite("tests/tools", "tools"),
  suite("tests/effects/linux", "tests-dhcp"),
  suite("tests/effects/dhcp", "tests-dhcp"),
  suite("tests/effects/host_local", "tests"),
  suite("tests/effects/sys", "tests"),
  suite("tests/architecture", "tests"),
  suite("tests/architecture_test.ts", "tests"),
];

/** @param permissions The set of permissions; none by default. */
function suite(path: string, permissions?: string, except?: string): Stage {
  return {
    title: except === undefined ? path : `${path}, the others`,
    args: [
      ...TEST,
      ...(permissions === undefined ? [] : [`-P=${permissions}`]),
      ...(except === undefined ? [] : [`--ignore=${except}`]),
      path,
    ],
  };
}
