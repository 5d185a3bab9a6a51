/**
 * Documents with network configurations, as operators keep them: a configuration, a list of plugins
 * (SPEC section 1), a NetworkAttachmentDefinition of Kubernetes. Pure.
 *
 * @module
 */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { parseJson } from "../base/json_text.ts";
import { type ConfigProblem, problemOf } from "./config_problem.ts";

/** A file with a network configuration. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** The configuration of one plugin, as the CNI library passes it to the plugin. */
export interface PluginConfig {
  readonly json: Readonly<Record<string, unknown>>;
  /** Where the document has it: `plugins[0]`; empty if it is the whole document. */
  readonly path: string;
  /** The type of its IPAM plugin; empty if it has none. */
  readonly ipamType: string;
}

/** What a document has. */
export interface ConfigDocument {
  readonly configs: readonly PluginConfig[];
  /** What is wrong with the document around the configurations. */
  readonly problems: readonly ConfigProblem[];
}

/** Where to stop if a document contains a document that contains a document. */
const MAX_DOCUMENTS = 1000;

/**
 * Reads a document.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const list = { name: "net", plugins: [{ type: "bridge", ipam: { type: "host-local" } }] };
 * const { configs } = readConfigDocument(JSON.stringify(list));
 * assertEquals(configs.map(({ path }) => path), ["plugins[0]"]);
 * ```
 */
export function readConfigDocument(text: string): ConfigDocument {
  const configs: PluginConfig[] = [];
  const problems: ConfigProblem[] = [];
  const add = (value: unknown, path: string, depth: number): void => {
    try {
      const json = new JsonObject(value, path);
      if (json.string("kind") === "NetworkAttachmentDefinition") {
        addDefinition(json);
      } else if (json.has("items")) {
        const items = json.list("items", (item, at) => ({ item, at })) ?? [];
        if (depth > 0 || items.length > MAX_DOCUMENTS) {
          throw new ConfigError("too many documents in one", path);
        }
        for (const { item, at } of items) add(item, at, depth + 1);
      } else if (json.has("plugins")) {
        addList(json);
      } else {
        configs.push(pluginConfig(json, path));
      }
    } catch (error) {
      const problem = problemOf(error, path);
      // The reader of JSON has a name for the whole document, and no path.
      problems.push(isRecord(value) ? problem : { ...problem, path });
    }
  };
  const addDefinition = (json: JsonObject): void => {
    const name = json.object("metadata")?.string("name");
    const spec = json.object("spec");
    const path = spec?.at("config") ?? json.at("spec");
    const config = spec?.string("config") ?? "";
    if (config === "") {
      throw new ConfigError("the definition has no configuration", path, {
        advice: "write the configuration as a JSON string under spec.config",
      });
    }
    const value = parseJson(config, path);
    // Multus uses the name of the definition for a configuration without one.
    const named = isRecord(value) && name !== undefined
      ? { name, ...value }
      : value;
    const inner = readConfigDocument(JSON.stringify(named));
    configs.push(...inner.configs.map((each) => within(each, path)));
    problems.push(...inner.problems.map((each) => within(each, path)));
  };
  const addList = (json: JsonObject): void => {
    const plugins = json.list("plugins", (plugin, at) => ({ plugin, at })) ??
      [];
    if (plugins.length === 0) {
      throw new ConfigError("the list has no plugins", json.at("plugins"), {
        advice: "write at least one plugin",
      });
    }
    const shared = {
      name: json.value("name"),
      cniVersion: json.value("cniVersion"),
    };
    for (const { plugin, at } of plugins) {
      try {
        const own = new JsonObject(plugin, at);
        const value = { ...own.toJson(), ...shared };
        configs.push(pluginConfig(new JsonObject(value, at), at));
      } catch (error) {
        problems.push(problemOf(error, at));
      }
    }
  };
  try {
    add(parseJson(text, ""), "", 0);
  } catch (error) {
    const problem = problemOf(error, "");
    problems.push(isYaml(text) ? { ...problem, advice: YAML_ADVICE } : problem);
  }
  return { configs, problems };
}

const YAML_ADVICE =
  "this looks like YAML; convert it to JSON first: kubectl get -o json, or yq -o json";

/** Returns whether the text begins as documents in YAML do. */
function isYaml(text: string): boolean {
  return /^\s*(?:---|#|[A-Za-z]+:\s)/.test(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Throws {DecodeError} if `ipam` or its type is of the wrong type. */
function pluginConfig(json: JsonObject, path: string): PluginConfig {
  const ipam = json.value("ipam");
  const type = isRecord(ipam) ? new JsonObject(ipam, "").value("type") : "";
  return {
    json: json.toJson(),
    path,
    ipamType: typeof type === "string" ? type : "",
  };
}

/** Puts the path of a string before a path inside the document that the string has. */
function within<T extends { readonly path: string }>(
  inner: T,
  outer: string,
): T {
  return {
    ...inner,
    path: inner.path === "" ? outer : `${outer}:${inner.path}`,
  };
}

/**
 * Joins the path of a configuration in its document with a path inside the configuration.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(joinPaths("plugins[0]", "ipam.ranges"), "plugins[0].ipam.ranges");
 * assertEquals(joinPaths("plugins[0]", "name"), "name");
 * ```
 */
export function joinPaths(outer: string, inner: string): string {
  if (outer === "") return inner;
  if (inner === "") return outer;
  // The CNI library copies these from the list to each plugin.
  const isShared = ["name", "cniVersion"].includes(inner);
  const list = outer.replace(/\.?plugins\[\d+\]$/, "");
  if (isShared && list !== outer) {
    return joinPaths(list.replace(/:$/, ""), inner);
  }
  const isText = outer.endsWith("config");
  return `${outer}${isText ? ":" : "."}${inner}`;
}
