/**
 * The network configuration as every release of upstream's daemon can read it. Keys that it does not know do it no harm, and
 * it reads keys in any letter case, as is done here. Pure.
 *
 * @module
 */

import { JsonObject } from "../../base/json_reader.ts";
import { OptionCode, parseOptionCode } from "../codec/option_code.ts";

/**
 * A copy with the lists of options rewritten: by number, since that daemon knows six names; as lists, since it knows no
 * single entry; and without entries that have no option, which its older releases refuse.
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

/** `skipDefault` may stand in an entry of its own, which is left out; it is one for the whole list. */
function toRequest(
  entries: readonly JsonObject[] | undefined,
): Record<string, unknown>[] | undefined {
  const numbered = entries?.flatMap(withNumber);
  const skips = entries?.some((entry) => entry.value("skipDefault") === true);
  if (numbered === undefined || !skips) return numbered;
  // Nothing but that: every lease has a mask, so to ask for it is to ask for nothing.
  const listed = numbered.length > 0
    ? numbered
    : [{ option: String(OptionCode.subnetMask) }];
  return listed.map((entry) =>
    replaced(new JsonObject(entry, ""), { skipDefault: true })
  );
}

/** What is no object there is left out: a configuration is read strictly by the plugin itself, and at a DEL not at all. */
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

/** A copy with other values under these keys, in whatever letter case they were; undefined removes them. */
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
