/** The `option` key of an entry of `request` and `provide`. Pure. @module */

import { ConfigError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import { parseOptionCode } from "../codec/option_code.ts";

/**
 * Reads the code of the option that an entry names.
 *
 * @param entry An object whose `option` is an option name or a number from 0 to 255.
 * @returns The code, or undefined if `option` is absent or empty.
 * @throws {DecodeError} if `option` is neither a string nor a number.
 * @throws {ConfigError} if there is no such option, with upstream's message.
 */
export function readOptionCode(entry: JsonObject): number | undefined {
  const value = entry.value("option");
  const text = typeof value === "number"
    ? String(value)
    : entry.string("option") ?? "";
  if (text === "") return undefined;
  const code = parseOptionCode(text);
  if (code !== undefined) return code;
  const quoted = JSON.stringify(text);
  const reason = /^[0-9]+$/.test(text)
    ? "value out of range"
    : "invalid syntax";
  throw new ConfigError(
    `Can not parse option ${quoted}: Can not parse option: strconv.ParseUint: parsing ${quoted}: ${reason}`,
    entry.at("option"),
    {
      advice:
        "expected a name of dhcp-options(5), such as host-name, or a number up to 255",
    },
  );
}
