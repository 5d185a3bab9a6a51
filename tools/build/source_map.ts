/** Source maps (ECMA-426): from a position in a bundle to the place in the source. Pure. @module */

/** The parts of a source map that are used. */
export interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** A place in a source file; lines and columns are counted from 1. */
export interface SourcePosition {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

const BASE64 =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Decodes the numbers of one segment, which are Base64 VLQs. */
function decodeSegment(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = BASE64.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

/**
 * Returns the source of the code at a line and column of the bundle, both counted from 1; undefined
 * if the map does not have it.
 */
export function sourcePosition(
  { sources, mappings }: SourceMap,
  { line, column }: { readonly line: number; readonly column: number },
): SourcePosition | undefined {
  let [source, sourceLine, sourceColumn] = [0, 0, 0];
  let found: SourcePosition | undefined;
  for (const [index, text] of mappings.split(";").slice(0, line).entries()) {
    let start = 0;
    for (const segment of text === "" ? [] : text.split(",")) {
      const [columns = 0, ...place] = decodeSegment(segment);
      start += columns;
      if (place.length < 3) continue;
      const [sourceStep = 0, lineStep = 0, columnStep = 0] = place;
      source += sourceStep;
      sourceLine += lineStep;
      sourceColumn += columnStep;
      if (index !== line - 1 || start > column - 1) continue;
      found = {
        source: sources[source] ?? "",
        line: sourceLine + 1,
        column: sourceColumn + 1,
      };
    }
  }
  return found;
}
