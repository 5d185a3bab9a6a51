import { ISC_DHCPD } from "../support/dhcp_server_isc.ts";
import { ACQUIRE_ROWS } from "./acquire_rows.ts";
import { GONE_ROWS } from "./gone_rows.ts";
import { KEEP_ROWS } from "./keep_rows.ts";
import { LOSS_ROWS } from "./loss_rows.ts";
import { NAK_ROWS } from "./nak_rows.ts";
import { REBOOT_ROWS } from "./reboot_rows.ts";
import { RELAY_ROWS } from "./relay_rows.ts";
import { testServerRows } from "./server_rows.ts";

testServerRows(ISC_DHCPD, [
  ...ACQUIRE_ROWS,
  ...KEEP_ROWS,
  ...NAK_ROWS,
  ...REBOOT_ROWS,
  ...GONE_ROWS,
  ...LOSS_ROWS,
  ...RELAY_ROWS,
]);
