/** The attachments that GC must keep (SPEC section 2, "GC"). Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import type { ContainerInterface } from "./attachment.ts";

/** The key of the specification, and the key that callers from before its release use. */
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
 * Reads the attachments that are listed under either key. An empty list means that nothing is in
 * use. So does `null`: libcni writes an empty list of Go like that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JsonObject } from "../base/json_reader.ts";
 *
 * const list = [{ containerID: "c1", ifname: "eth0" }];
 * const json = new JsonObject({ "cni.dev/valid-attachments": list }, "");
 * assertEquals(readValidAttachments(json), [{ containerId: "c1", ifName: "eth0" }]);
 * ```
 *
 * @throws {ConfigError} if there is no list, or a key is missing in an element: GC must not release
 *   by guess what is in use.
 * @throws {DecodeError} if the value is not a list of objects.
 */
export function readValidAttachments(
  json: JsonObject,
): readonly ContainerInterface[] {
  if (!KEYS.some((key) => json.has(key))) {
    throw new ConfigError(
      `GC needs a list under ${KEYS[0]}; an empty one frees everything`,
      KEYS[0],
    );
  }
  return KEYS.flatMap((key) => json.list(key, readAttachment) ?? []);
}
