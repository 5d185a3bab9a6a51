/** `request` and `provide`: what is asked of the server and what it is told. Pure. @module */

import { ConfigError } from "../../base/errors.ts";
import { parseHex } from "../../base/hex.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { OptionCode, parseOptionCode } from "../codec/option_code.ts";
import { type DhcpOptions, isSendable } from "../codec/options.ts";
import { readListOrOne } from "./lease_options.ts";
import { encodeOptionText } from "./option_text.ts";

/**
 * Asked for unless `skipDefault` is set. Upstream's default is 3 and 1; without the others the network would have no
 * name servers, and no classless routes. 121 stands before 3 and 33, as RFC 3442 demands.
 */
const DEFAULT_REQUEST: readonly number[] = [
  OptionCode.classlessStaticRoute,
  OptionCode.router,
  OptionCode.subnetMask,
  OptionCode.staticRoute,
  OptionCode.domainNameServer,
  OptionCode.domainName,
  OptionCode.domainSearch,
  OptionCode.interfaceMtu,
];

/** One option cannot be longer; RFC 3396 would split it, but upstream refuses it. */
const MAX_BYTES = 255;

/** What runtimes call the argument that holds the name of the container or pod. */
const POD_NAME = "K8S_POD_NAME";
/** A host name, or a name of several labels; what else a runtime may use is not sent unasked. */
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/;

/**
 * The Parameter Request List: the listed options in order, then the defaults, none twice.
 *
 * @param ipam The object that holds `request`, a list of `{option, skipDefault}` or one of them.
 * @throws {DecodeError | ConfigError} if it cannot be read.
 */
export function readRequestedCodes(ipam: JsonObject): readonly number[] {
  const entries = readListOrOne(ipam, "request", (entry) => ({
    code: readCode(entry),
    skipDefault: entry.boolean("skipDefault") ?? false,
  }));
  const listed = entries.flatMap(({ code }) => code ?? []);
  const defaults = entries.some(({ skipDefault }) => skipDefault)
    ? []
    : DEFAULT_REQUEST;
  return [...new Set([...listed, ...defaults])].filter((code) =>
    code !== OptionCode.pad && code !== OptionCode.end
  );
}

/**
 * The options to send: those of `provide`, and the pod's name as host name unless `provide` has a host name.
 *
 * @param ipam The object that holds `provide`, a list of `{option, value | hex, fromArg}` or one of them.
 * @param args CNI_ARGS.
 * @throws {DecodeError | ConfigError} if it cannot be read.
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
    const code = readCode(entry);
    if (code === undefined || !isSendable(code)) return;
    const content = readContent(entry, code, args);
    if (content === undefined) provided.delete(code);
    else provided.set(code, content);
  });
  return provided;
}

/** The code under `option`, a name or a number; undefined if it is empty. */
function readCode(entry: JsonObject): number | undefined {
  const value = entry.value("option");
  const text = typeof value === "number"
    ? String(value)
    : entry.string("option") ?? "";
  if (text === "") return undefined;
  const code = parseOptionCode(text);
  if (code !== undefined) return code;
  const quoted = JSON.stringify(text);
  const reason = /^[0-9]+$/.test(text)
    ? "value out of range"
    : "invalid syntax";
  throw new ConfigError(
    `Can not parse option ${quoted}: Can not parse option: strconv.ParseUint: parsing ${quoted}: ${reason}`,
    entry.at("option"),
  );
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

/** `value` as text: numbers, truth values and lists are written as they would be in it. */
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
