/** The attachments that GC must keep (SPEC section 2, "GC"). Pure. @module */

import { ConfigError } from "../base/errors.ts";
import type { ContainerInterface } from "./attachment.ts";
import { JsonObject } from "../base/json_reader.ts";

/** The key of the specification, and the one of callers that were written before it was settled. */
const KEYS = ["cni.dev/valid-attachments", "cni.dev/attachments"] as const;

function readAttachment(value: unknown, path: string): ContainerInterface {
  const json = new JsonObject(value, path);
  const required = (key: string): string => {
    const text = json.string(key) ?? "";
    if (text === "") throw new ConfigError(`${key} is missing`, json.at(key));
    return text;
  };
  return { containerId: required("containerID"), ifName: required("ifname") };
}

/**
 * All attachments listed under either key. An empty list is meant: nothing is in use.
 *
 * @throws {ConfigError} If there is no list at all, or an element lacks a key: freeing by guess could free what is in use.
 * @throws {DecodeError} If it is no list of objects.
 */
export function readValidAttachments(
  json: JsonObject,
): readonly ContainerInterface[] {
  if (KEYS.every((key) => json.value(key) === undefined)) {
    throw new ConfigError(
      `GC needs a list under ${KEYS[0]}; an empty one frees everything`,
      KEYS[0],
    );
  }
  return KEYS.flatMap((key) => json.list(key, readAttachment) ?? []);
}
