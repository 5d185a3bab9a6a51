/** The commands of host-local on the file system of this machine. @module */

import type { Log } from "../../base/log_line.ts";
import type { PluginHandlers } from "../../cni/plugin.ts";
import { nowMs } from "../../sys/clock.ts";
import { readNamedFile } from "../../sys/small_file.ts";
import { hostLocalHandlers } from "../handlers.ts";
import { diskStores } from "./open_store.ts";

/** Returns the handlers of host-local with reservations in files. */
export function diskHandlers(log: Log): PluginHandlers {
  return hostLocalHandlers({
    stores: diskStores(log),
    readNamedFile,
    nowMs,
    log,
  });
}
