/** Stack traces of the executables with the positions in the sources. Pure. @module */

import { type SourceMap, sourcePosition } from "./source_map.ts";

/** `file:///…/main_dhcp_plugin.js:1:234`, as in a stack trace. */
const POSITION = /\bfile:\/\/(\/[^\s"():]+):(\d+):(\d+)/g;

/**
 * Returns the text with positions in bundles as positions in the sources, and with the line breaks
 * that a log line escapes.
 *
 * @param maps The source maps by the names of their files, such as `main_dhcp_plugin.js`.
 */
export function mapStack(
  text: string,
  maps: ReadonlyMap<string, SourceMap>,
): string {
  return text.replaceAll("\\n", "\n").replaceAll(
    POSITION,
    (whole, path: string, line: string, column: string) => {
      const [, map] = [...maps].find(([file]) => path.endsWith(`/${file}`)) ??
        [];
      const found = map &&
        sourcePosition(map, { line: Number(line), column: Number(column) });
      return found ? `${found.source}:${found.line}:${found.column}` : whole;
    },
  );
}
