/** The options that `dhcp probe` sends, and what it accepts: those of a network. Pure. @module */

import { SystemError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { quotedText } from "../../base/quoted_text.ts";
import { collectProblems } from "../../cni/collect_problems.ts";
import {
  type ConfigFile,
  readConfigDocument,
} from "../../cni/config_document.ts";
import { OptionCode } from "../codec/option_code.ts";
import { parseDhcpConfig } from "../config/dhcp_config.ts";
import type { LeaseOptions } from "../config/lease_options.ts";

/** Which network to take the options of. */
export interface NetworkChoice {
  /** The name of the network; undefined if there is only one. */
  readonly network: string | undefined;
  /** The value of CNI_ARGS. */
  readonly cniArgs: string;
}

/** Returns the options of a network that configures nothing. */
export function defaultOptions(): LeaseOptions {
  const json = new JsonObject({ ipam: { type: "dhcp" } }, "");
  return parseDhcpConfig({ name: "probe", cniVersion: "", json }, "").options;
}

/**
 * Returns the options of a network in configuration files, without its client identifier: a server
 * must not take the probe for the container.
 *
 * @throws {SystemError} if there is no such network, or several, or its configuration is invalid.
 */
export function optionsOf(
  files: readonly ConfigFile[],
  { network, cniArgs }: NetworkChoice,
): LeaseOptions {
  const paths = files.map(({ path }) => path).join(", ") || "the path";
  const networks = files
    .flatMap(({ text }) => readConfigDocument(text).configs)
    .filter(({ ipamType }) => ipamType === "dhcp")
    .map(({ json }) =>
      collectProblems(json, {
        parse: (config) => parseDhcpConfig(config, cniArgs).options,
      })
    ).filter(({ name }) => network === undefined || name === network);
  const [found, ...others] = networks;
  if (found === undefined) {
    throw new SystemError(
      network === undefined
        ? `${paths}: no network of dhcp`
        : `${paths}: no network of dhcp has the name ${quotedText(network)}`,
      { advice: "dhcp validate lists the networks of a configuration" },
    );
  }
  if (others.length > 0) {
    const names = networks.map(({ name }) => quotedText(name ?? ""));
    throw new SystemError(
      `${paths}: several networks of dhcp: ${names.join(", ")}`,
      { advice: "name one of them with --network" },
    );
  }
  const { parsed, problems } = found;
  if (problems.length > 0 || parsed === undefined) {
    const messages = problems.map(({ message }) => message);
    throw new SystemError(`${paths}: ${messages.join("; ")}`, {
      advice: "see dhcp validate",
    });
  }
  const provided = new Map(parsed.provided);
  provided.delete(OptionCode.clientIdentifier);
  return { ...parsed, provided, clientId: { kind: "attachment" } };
}
