/** install.sh is a script for every POSIX shell. @module */

import { capture } from "../../tools/process.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import { testRowsWith } from "../support/rows.ts";

testRowsWith(["command:shellcheck"], "shellcheck accepts", [
  { name: "install.sh", script: "install.sh" },
], async ({ script }) => {
  await capture(["shellcheck", "--shell=sh", `${REPO_ROOT}/${script}`]);
});
