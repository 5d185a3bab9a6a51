/** `request` in the network configuration: the options that the client asks for. Pure. @module */

import type { JsonObject } from "../../base/json_reader.ts";
import { OptionCode } from "../codec/option_code.ts";
import { readListOrOne } from "./json_values.ts";
import { readOptionCode } from "./option_name.ts";

/**
 * The options that the client asks for unless `skipDefault` is set.
 *
 * Upstream asks only for 3 and 1; without the others the container would have no name servers and
 * no classless routes. RFC 3442 demands that 121 comes before 3 and 33.
 */
const DEFAULT_REQUEST: readonly number[] = [
  OptionCode.classlessStaticRoute,
  OptionCode.router,
  OptionCode.subnetMask,
  OptionCode.staticRoute,
  OptionCode.domainNameServer,
  OptionCode.domainName,
  OptionCode.domainSearch,
  OptionCode.interfaceMtu,
];

/**
 * Reads the Parameter Request List (option 55): the options of `request` in order, then the
 * defaults, without duplicates.
 *
 * @param ipam The object with the key `request`: a list of `{option, skipDefault}`, or one of them.
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if there is no such option.
 */
export function readRequestedCodes(ipam: JsonObject): readonly number[] {
  const entries = readListOrOne(ipam, "request", (entry) => ({
    code: readOptionCode(entry),
    skipDefault: entry.boolean("skipDefault") ?? false,
  }));
  const listed = entries.flatMap(({ code }) => code ?? []);
  const defaults = entries.some(({ skipDefault }) => skipDefault)
    ? []
    : DEFAULT_REQUEST;
  return [...new Set([...listed, ...defaults])].filter((code) =>
    code !== OptionCode.pad && code !== OptionCode.end
  );
}
