/**
 * CNI_ARGS as the dhcp plugin reads it: any key may be meant for another plugin, so nothing is
 * refused (CONVENTIONS, "CNI_ARGS"). Pure.
 *
 * @module
 */

/**
 * Parses `KEY=VALUE;KEY=VALUE`.
 *
 * A value may contain `=`. Parts without `=` are ignored; the last of several equal keys counts.
 */
export function parseCniArgs(text: string): ReadonlyMap<string, string> {
  const args = new Map<string, string>();
  for (const pair of text.split(";")) {
    const equals = pair.indexOf("=");
    if (equals >= 0) args.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return args;
}
