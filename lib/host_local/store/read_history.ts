/** Reads what is remembered about the addresses of a network, for commands and metrics. @module */

import type { Log } from "../../base/log_line.ts";
import { exposureOf } from "../../sys/files.ts";
import { AddressHistory } from "../address_history.ts";
import { bestEffort } from "./best_effort.ts";
import { NetworkDirectory } from "./network_directory.ts";
import { statDirectory } from "./network_reading.ts";

/**
 * Returns what is remembered. Nothing, if there is no directory, other users can write to it, or
 * the file cannot be read, which is logged.
 *
 * @throws {SystemError} if the directory is none, or cannot be inspected.
 */
export function readHistory(directory: string, log: Log): AddressHistory {
  const info = statDirectory(directory);
  if (info === undefined || exposureOf(info) !== undefined) {
    return new AddressHistory();
  }
  let text: string | undefined;
  bestEffort(log, "history-unreadable", () => {
    text = new NetworkDirectory(directory).readHistory();
  });
  return AddressHistory.parse(text);
}
