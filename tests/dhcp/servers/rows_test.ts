/**
 * All rows with real and scripted servers as one test. Several run at once, because rows mostly
 * wait.
 *
 * @module
 */

import { DHCP_BIN } from "../../support/binaries.ts";
import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import { SERVER_KINDS } from "../../support/dhcp_servers.ts";
import { testRowsInParallel } from "../../support/parallel_rows.ts";
import { ACQUIRE_ROWS } from "./acquire_rows.ts";
import { BAD_RENEWAL_ROWS } from "./bad_renewal_rows.ts";
import { BAD_SERVER_ROWS } from "./bad_server_rows.ts";
import { CAPABILITY_ROWS } from "./capability_rows.ts";
import { DAEMON_FILE_ROWS } from "./daemon_file_rows.ts";
import { DNSMASQ_ROWS } from "./dnsmasq_rows.ts";
import { GONE_ROWS } from "./gone_rows.ts";
import { HOST_RELEASE_ROWS } from "./host_release_rows.ts";
import { INTERFACE_ROWS } from "./interface_rows.ts";
import { KEEP_ROWS } from "./keep_rows.ts";
import { LAUNCHER_ROWS } from "./launcher_rows.ts";
import { LOSS_ROWS } from "./loss_rows.ts";
import { NAK_ROWS } from "./nak_rows.ts";
import { PROCESS_ROWS } from "./process_rows.ts";
import { REBOOT_ROWS } from "./reboot_rows.ts";
import { RELAY_ROWS } from "./relay_rows.ts";
import { serverRows } from "./server_rows.ts";

testRowsInParallel(["root", `binary:${DHCP_BIN}`], "dhcp", [
  ...serverRows(SERVER_KINDS, [
    ...ACQUIRE_ROWS,
    ...KEEP_ROWS,
    ...NAK_ROWS,
    ...REBOOT_ROWS,
    ...GONE_ROWS,
    ...HOST_RELEASE_ROWS,
    ...LOSS_ROWS,
    ...RELAY_ROWS,
  ]),
  ...serverRows([DNSMASQ], INTERFACE_ROWS),
  ...BAD_SERVER_ROWS,
  ...BAD_RENEWAL_ROWS,
  ...DNSMASQ_ROWS,
  ...PROCESS_ROWS,
  ...CAPABILITY_ROWS,
  ...DAEMON_FILE_ROWS,
  ...LAUNCHER_ROWS,
], { width: 5 });
