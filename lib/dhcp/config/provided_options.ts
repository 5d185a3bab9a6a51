/** `provide` in the network configuration: the options that the client sends. Pure. @module */

import { ConfigError } from "../../base/errors.ts";
import { parseHex } from "../../base/hex.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { OptionCode } from "../codec/option_code.ts";
import { type DhcpOptions, isSendable } from "../codec/options.ts";
import { readListOrOne } from "./json_values.ts";
import { readOptionCode } from "./option_name.ts";
import { encodeOptionText } from "./option_text.ts";

/** The capacity of one option. RFC 3396 could split a longer content, but upstream refuses it. */
const MAX_BYTES = 255;

/** The CNI_ARGS key in which runtimes pass the name of the pod. */
const POD_NAME = "K8S_POD_NAME";
/** One label or several. A pod name with other characters is not sent as host name. */
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/;

/**
 * Reads the options to send: those of `provide`, and the pod's name as host name unless `provide`
 * has an entry for the host name.
 *
 * @param ipam The object with the key `provide`: a list of `{option, value | hex, fromArg}`, or one
 * of them.
 * @param args CNI_ARGS by key.
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if there is no such option, or it cannot hold its value.
 */
export function readProvidedOptions(
  ipam: JsonObject,
  args: ReadonlyMap<string, string>,
): DhcpOptions {
  const provided = new Map<number, Uint8Array>();
  const podName = args.get(POD_NAME) ?? "";
  if (HOST_NAME.test(podName)) {
    provided.set(OptionCode.hostName, new TextEncoder().encode(podName));
  }
  readListOrOne(ipam, "provide", (entry) => {
    const code = readOptionCode(entry);
    if (code === undefined || !isSendable(code)) return;
    const content = readContent(entry, code, args);
    if (content === undefined) provided.delete(code);
    else provided.set(code, content);
  });
  return provided;
}

function readContent(
  entry: JsonObject,
  code: number,
  args: ReadonlyMap<string, string>,
): Uint8Array | undefined {
  const argument = entry.string("fromArg") ?? "";
  const fromArg = argument === "" ? undefined : args.get(argument);
  if (fromArg !== undefined) {
    const path = entry.at("fromArg");
    const content = encodeOptionText(code, fromArg, path);
    const from = ` from CNI_ARGS ${JSON.stringify(argument)}`;
    return checkLength(content, { entry, from, text: fromArg, path });
  }
  const hex = entry.string("hex");
  if (hex !== undefined) {
    const path = entry.at("hex");
    const content = parseHex(hex.replaceAll(" ", ""));
    if (content === undefined) {
      throw new ConfigError(
        `hex is ${JSON.stringify(hex)}, expected two hexadecimal digits a byte`,
        path,
      );
    }
    return checkLength(content, { entry, from: "", text: hex, path });
  }
  const text = readText(entry);
  if (text === "") return undefined;
  const path = entry.at("value");
  const content = encodeOptionText(code, text, path);
  return checkLength(content, { entry, from: "", text, path });
}

/**
 * Returns `value` as text: numbers and booleans as JSON has them, list elements joined by commas.
 */
function readText(entry: JsonObject): string {
  const value = entry.value("value");
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  if (!Array.isArray(value)) return entry.string("value") ?? "";
  const elements = entry.list(
    "value",
    (element, path) => readText(new JsonObject({ value: element }, path)),
  );
  return (elements ?? []).join(",");
}

function checkLength(
  content: Uint8Array,
  { entry, from, text, path }: {
    readonly entry: JsonObject;
    readonly from: string;
    readonly text: string;
    readonly path: string;
  },
): Uint8Array | undefined {
  if (content.length <= MAX_BYTES) return content;
  const option = JSON.stringify(String(entry.value("option")));
  throw new ConfigError(
    `value too long for option ${option}${from}: ${JSON.stringify(text)}`,
    path,
  );
}
