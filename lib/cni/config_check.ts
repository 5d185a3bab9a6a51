/** Reports an invalid network configuration without failing the command. Pure. @module */

import type { Log } from "../base/log_line.ts";
import { toCniError } from "./error.ts";
import type { Request } from "./plugin.ts";

/**
 * Logs why the configuration of a DEL or GC is invalid.
 *
 * Both commands continue with the parts that they need, so that an invalid configuration does not
 * keep resources from being released (SPEC section 2, "DEL").
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JsonObject } from "../base/json_reader.ts";
 *
 * const events: string[] = [];
 * const json = new JsonObject({ name: "net" }, "");
 * const request = {
 *   invocation: {
 *     command: "DEL",
 *     containerId: "c1",
 *     netns: "",
 *     ifName: "eth0",
 *     cniArgs: "",
 *     netnsOverride: false,
 *   },
 *   config: { name: "net", cniVersion: "1.0.0", json },
 * };
 * logInvalidConfig(request, (_level, event) => void events.push(event), () => {
 *   throw new RangeError("no ranges");
 * });
 * assertEquals(events, ["config-invalid"]);
 * ```
 *
 * @param parse Parses the whole configuration; the error that it throws is logged.
 */
export function logInvalidConfig(
  { invocation: { command } }: Request,
  log: Log,
  parse: () => unknown,
): void {
  try {
    parse();
  } catch (error) {
    // DEL and GC do their best with what they have.
    log("warn", "config-invalid", {
      command,
      reason: toCniError(error).message,
    });
  }
}
