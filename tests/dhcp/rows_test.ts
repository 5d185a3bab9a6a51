/** All rows with all makes of server, in one test: the two that wait for minutes do so beside the others. */

import { SERVER_KINDS } from "../support/dhcp_servers.ts";
import { ACQUIRE_ROWS } from "./acquire_rows.ts";
import { GONE_ROWS } from "./gone_rows.ts";
import { KEEP_ROWS } from "./keep_rows.ts";
import { LOSS_ROWS } from "./loss_rows.ts";
import { NAK_ROWS } from "./nak_rows.ts";
import { REBOOT_ROWS } from "./reboot_rows.ts";
import { RELAY_ROWS } from "./relay_rows.ts";
import { testServerRows } from "./server_rows.ts";

testServerRows(SERVER_KINDS, [
  ...ACQUIRE_ROWS,
  ...KEEP_ROWS,
  ...NAK_ROWS,
  ...REBOOT_ROWS,
  ...GONE_ROWS,
  ...LOSS_ROWS,
  ...RELAY_ROWS,
]);
