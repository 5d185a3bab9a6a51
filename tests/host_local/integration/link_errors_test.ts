/** What an ADD advises for each reason for which link(2) can fail. */

import { assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import {
  environmentOf,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { readNetwork } from "../../support/network_directory.ts";
import { testRowsInParallel } from "../../support/parallel_rows.ts";
import { runTraced } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";

const NO_LINKS = "dataDir must be on a file system that supports hard links";

const ROWS = [
  { errno: "EPERM", details: NO_LINKS },
  { errno: "EOPNOTSUPP", details: NO_LINKS },
  { errno: "EXDEV", details: NO_LINKS },
  {
    errno: "ENOSPC",
    details:
      "free space or inodes on the file system of dataDir: see df and df -i",
  },
  {
    errno: "EEXIST",
    details: "another process created it without taking the lock",
  },
  { errno: "ENOSYS", details: undefined },
  { errno: "EDQUOT", details: undefined },
  { errno: "EMLINK", details: undefined },
  { errno: "EIO", details: undefined },
  { errno: "EACCES", details: undefined },
] as const;

testRowsInParallel(
  [`binary:${OURS}`, "command:strace"],
  "ADD that cannot make a link",
  ROWS.map(({ errno, details }) => ({
    name: `advises on ${errno}`,
    run: async () => {
      using temp = new TempDir();
      const dataDir = temp.join("data");
      const { stdout } = await runTraced({
        command: [OURS],
        env: environmentOf({ command: "ADD" }),
        stdin: networkConfig({ dataDir, subnets: ["10.1.0.0/24"] }),
        traceFile: temp.join("trace"),
        options: ["-e", "trace=linkat", "-e", `inject=linkat:error=${errno}`],
      });
      const error = errorIn(stdout);
      assertEquals([error?.code, error?.details], [5, details]);
      const { addresses, others } = readNetwork(`${dataDir}/net`);
      assertEquals([[...addresses], others], [[], []]);
    },
  })),
);
