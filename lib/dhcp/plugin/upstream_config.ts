/**
 * The network configuration in the form that every release of upstream's daemon reads.
 *
 * Upstream's daemon ignores unknown keys and matches keys in any letter case, as this plugin does.
 * Pure.
 *
 * @module
 */

import { JsonObject } from "../../base/json_reader.ts";
import { OptionCode, parseOptionCode } from "../codec/option_code.ts";

/**
 * Returns a copy of the configuration with `provide` and `request` rewritten: options by number,
 * because upstream's daemon knows only six names; as lists, because it does not accept a single
 * entry; and without entries that have no option, which its older releases refuse.
 */
export function upstreamConfig(json: JsonObject): Record<string, unknown> {
  const ipam = json.object("ipam") ?? new JsonObject(null, "ipam");
  return replaced(json, {
    ipam: replaced(ipam, {
      provide: entriesOf(ipam, "provide")?.flatMap(withNumber),
      request: toRequest(entriesOf(ipam, "request")),
    }),
  });
}

/**
 * Rewrites `request`. `skipDefault` in any entry applies to the whole list, even if the entry has
 * no option.
 */
function toRequest(
  entries: readonly JsonObject[] | undefined,
): Record<string, unknown>[] | undefined {
  const numbered = entries?.flatMap(withNumber);
  const skips = entries?.some((entry) => entry.value("skipDefault") === true);
  if (numbered === undefined || !skips) return numbered;
  // The list needs an entry for `skipDefault`, and a subnet mask comes with every lease anyway.
  const listed = numbered.length > 0
    ? numbered
    : [{ option: String(OptionCode.subnetMask) }];
  return listed.map((entry) =>
    replaced(new JsonObject(entry, ""), { skipDefault: true })
  );
}

/**
 * Returns the entries that are objects. The plugin has refused others already, except for a DEL.
 */
function entriesOf(
  ipam: JsonObject,
  key: string,
): readonly JsonObject[] | undefined {
  const value = ipam.value(key);
  if (value === undefined) return undefined;
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return entries
    .filter((entry) =>
      typeof entry === "object" && entry !== null && !Array.isArray(entry)
    )
    .map((entry) => new JsonObject(entry, key));
}

function withNumber(entry: JsonObject): Record<string, unknown>[] {
  const code = parseOptionCode(String(entry.value("option") ?? ""));
  return code === undefined ? [] : [replaced(entry, { option: String(code) })];
}

/** Returns a copy with these keys replaced, in any letter case; `undefined` removes a key. */
function replaced(
  json: JsonObject,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const folded = Object.keys(values).map((key) => key.toLowerCase());
  const others = Object.entries(json.toJson()).filter(([key]) =>
    !folded.includes(key.toLowerCase())
  );
  const given = Object.entries(values).filter(([, value]) =>
    value !== undefined
  );
  return Object.fromEntries([...others, ...given]);
}
