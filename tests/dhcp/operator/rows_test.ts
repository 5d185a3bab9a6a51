/** The compiled commands on a real kernel, as one test whose rows run beside each other. @module */

import { DHCP_BIN } from "../../support/binaries.ts";
import { testRowsInParallel } from "../../support/parallel_rows.ts";
import { LEASE_ROWS } from "./lease_rows.ts";
import { PROBE_ROWS } from "./probe_rows.ts";

testRowsInParallel(["root", `binary:${DHCP_BIN}`], "dhcp commands", [
  ...LEASE_ROWS,
  ...PROBE_ROWS,
]);
