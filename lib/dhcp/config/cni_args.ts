/** CNI_ARGS as the dhcp plugin reads it: lenient, every key is somebody's (CONVENTIONS, "CNI_ARGS"). Pure. @module */

/**
 * Parses `KEY=VALUE;KEY=VALUE`. A value may hold `=`; what has none is left out; of a repeated key the last counts.
 */
export function parseCniArgs(text: string): ReadonlyMap<string, string> {
  const args = new Map<string, string>();
  for (const pair of text.split(";")) {
    const equals = pair.indexOf("=");
    if (equals >= 0) args.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return args;
}
