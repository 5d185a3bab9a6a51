/** The networks that configuration files describe. Pure. @module */

import { ConfigError, DecodeError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import {
  type ConfigFile,
  readConfigDocument,
} from "../../cni/config_document.ts";
import { CniError } from "../../cni/error.ts";
import { readCniVersion, readNetworkName } from "../../cni/network_config.ts";
import { CniArgsError } from "../cni_args.ts";
import { type HostLocalConfig, parseHostLocalConfig } from "../config.ts";

/** The IPAM type of this plugin. */
export const IPAM_TYPE = "host-local";

/** A network of this plugin, and where it is configured. */
export interface ConfiguredNetwork {
  readonly name: string;
  /** The path of the file. */
  readonly file: string;
  /** Where the file has it: `plugins[0]`; empty if it is the whole file. */
  readonly path: string;
  readonly config: HostLocalConfig;
}

/** Returns the networks of host-local whose configurations are valid. */
export function configuredNetworks(
  files: readonly ConfigFile[],
): readonly ConfiguredNetwork[] {
  return files.flatMap(({ path: file, text }) =>
    readConfigDocument(text).configs
      .filter(({ ipamType }) => ipamType === IPAM_TYPE)
      .flatMap(({ json, path }) => {
        const network = parseNetwork(json, "");
        return network === undefined ? [] : [{ ...network, file, path }];
      })
  );
}

/**
 * Parses the configuration of a plugin, as an ADD does.
 *
 * @param cniArgs The value of CNI_ARGS.
 * @returns Undefined if it is invalid.
 */
export function parseNetwork(
  value: Readonly<Record<string, unknown>>,
  cniArgs: string,
): Pick<ConfiguredNetwork, "name" | "config"> | undefined {
  try {
    const json = new JsonObject(value, "");
    const name = readNetworkName(json);
    const cniVersion = readCniVersion(json);
    const config = parseHostLocalConfig({ json, name, cniVersion }, cniArgs);
    return { name, config };
  } catch (error) {
    // `validate` reports it.
    if (
      error instanceof ConfigError || error instanceof DecodeError ||
      error instanceof CniError || error instanceof CniArgsError
    ) return undefined;
    throw error;
  }
}
