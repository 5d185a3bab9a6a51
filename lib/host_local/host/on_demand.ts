/** What only some calls need, and `main_host_local.ts` loads on demand. @module */

import type { FindReclaimable } from "../ports.ts";
import type { LoadHistory } from "../store/open_store.ts";

/** What is loaded on demand. */
export interface OnDemand {
  readonly findReclaimable: FindReclaimable;
  readonly loadHistory: LoadHistory;
}
