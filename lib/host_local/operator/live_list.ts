/** A list of the containers that exist, as an operator gives it to `reclaim`. Pure. @module */

import { DecodeError, SystemError } from "../../base/errors.ts";
import { parseJson } from "../../base/json_text.ts";
import { quotedText, shortened } from "../../base/quoted_text.ts";
import { isValidName } from "../../cni/environment.ts";

/** The list of 60,000 containers takes 4 MB. */
export const MAX_LIVE_BYTES = 8 * 1024 * 1024;

const MAX_QUOTED = 40;

const LIST_ADVICE = "write one container ID per line, or a JSON array of them";

/** What was read for `--live`. */
export interface LiveText {
  /** Where it is from, for messages. */
  readonly path: string;
  readonly text: string;
  /** When it was written at the latest: wall clock, milliseconds since 1970. */
  readonly writtenAtMs: number;
}

/** The IDs of containers that exist. */
export interface LiveList extends Omit<LiveText, "text"> {
  /** The number of IDs. */
  readonly size: number;
  /**
   * Returns whether a container is listed. The start of its ID counts, because runtimes print short
   * IDs. So does what follows a hyphen: nerdctl passes `<namespace>-<ID>` to the plugins.
   */
  readonly has: (containerId: string) => boolean;
}

/**
 * Parses a list: a JSON array of texts, or one ID per line.
 *
 * @throws {SystemError} if it is empty, looks like JSON and is not, or an entry is no container ID.
 */
export function parseLiveList({ path, text, writtenAtMs }: LiveText): LiveList {
  const trimmed = text.trim();
  if (trimmed === "") {
    throw new SystemError(`read ${path}: the list of containers is empty`, {
      advice: "if there are no containers, write [] instead",
    });
  }
  const ids = trimmed.startsWith("[") || trimmed.startsWith("{")
    ? idsOfJson(trimmed, path)
    : idsOfLines(text, path);
  const starts = withoutLonger(ids);
  const has = (id: string): boolean =>
    isStarted(id, starts) ||
    [...id.matchAll(/-/g)].some(({ index }) =>
      isStarted(id.slice(index + 1), starts)
    );
  return { path, writtenAtMs, size: ids.length, has };
}

function idsOfJson(text: string, path: string): readonly string[] {
  let value: unknown;
  try {
    value = parseJson(text, path);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new SystemError(`read ${path}: ${error.message}`, {
      advice: LIST_ADVICE,
      cause: error,
    });
  }
  if (!Array.isArray(value)) {
    throw new SystemError(
      `read ${path}: expected a JSON array of container IDs`,
      { advice: LIST_ADVICE },
    );
  }
  return value.map((entry: unknown, index) =>
    checked(entry, `${path}: entry ${index + 1}`)
  );
}

function idsOfLines(text: string, path: string): readonly string[] {
  return text.split("\n").flatMap((line, index) => {
    const id = line.trim();
    return id === "" ? [] : [checked(id, `${path}: line ${index + 1}`)];
  });
}

function checked(entry: unknown, at: string): string {
  if (typeof entry === "string" && isValidName(entry)) return entry;
  const text = typeof entry === "string" ? entry : JSON.stringify(entry);
  const shown = quotedText(shortened(text, MAX_QUOTED));
  throw new SystemError(`read ${at}: ${shown} is no container ID`, {
    advice: LIST_ADVICE,
  });
}

/** Sorts IDs and leaves out those that begin with another one. */
function withoutLonger(ids: readonly string[]): readonly string[] {
  const starts: string[] = [];
  for (const id of ids.toSorted()) {
    const last = starts.at(-1);
    if (last === undefined || !id.startsWith(last)) starts.push(id);
  }
  return starts;
}

/**
 * Returns whether an ID begins with one of the starts. They are sorted, and none begins with
 * another: only the last one that is not above the ID can match.
 */
function isStarted(id: string, starts: readonly string[]): boolean {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? "") <= id) low = middle + 1;
    else high = middle;
  }
  const candidate = starts[low - 1];
  return candidate !== undefined && id.startsWith(candidate);
}
