/** What a command does not depend on: a failure is logged, and the command continues. @module */

import { SystemError } from "../../base/errors.ts";
import type { LogEvent } from "../../base/log_event.ts";
import type { Log } from "../../base/log_line.ts";
import { IndexDoubt } from "./reservation_index.ts";

/**
 * Runs `body`, and logs `event` as a warning if it fails. Errors that are neither the system's nor
 * the index's are bugs, and pass through.
 *
 * @returns Whether it succeeded.
 */
export function bestEffort(
  log: Log,
  event: LogEvent,
  body: () => void,
): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (!(error instanceof SystemError || error instanceof IndexDoubt)) {
      throw error;
    }
    log("warn", event, { reason: error.message });
    return false;
  }
}
