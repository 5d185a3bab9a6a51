/** `dhcp validate`: what is wrong with network configurations of dhcp. Pure. @module */

import { JsonObject } from "../../base/json_reader.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { ProgressReport } from "../../cli/progress.ts";
import { unknownKeys } from "../../cni/collect_problems.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import type { ConfigProblem } from "../../cni/config_problem.ts";
import {
  type ConfigChecks,
  validateConfigs,
  type ValidateOptions,
} from "../../cli/validate_configs.ts";
import { OptionCode } from "../codec/option_code.ts";
import { type DhcpConfig, parseDhcpConfig } from "../config/dhcp_config.ts";

/** The keys of `ipam` that the plugin reads. */
const IPAM_KEYS = [
  ...["type", "daemonSocketPath", "request", "provide", "clientId"],
  ...["broadcast", "timeout", "onExpiry", "onChange", "conflictProbeMs"],
  ...["priority", "suppress", "routes", "allowSplitDefault"],
];
const PROVIDE_KEYS = ["option", "value", "hex", "fromArg"];
const REQUEST_KEYS = ["option", "skipDefault"];
const ROUTES_KEYS = ["allow", "deny"];

const CHECKS: ConfigChecks<DhcpConfig> = {
  ipamType: "dhcp",
  rules: { parse: (config) => parseDhcpConfig(config, "") },
  warningsOn,
  describe: ({ socketPath, options: { requestedCodes, provided } }) =>
    [
      `daemon at ${socketPath}`,
      `requests options ${requestedCodes.join(", ") || "as the server likes"}`,
      ...(provided.size === 0
        ? []
        : [`sends options ${[...provided.keys()].join(", ")}`]),
    ].join("; "),
  toJson: ({ socketPath, options: { requestedCodes, provided } }) => ({
    daemonSocketPath: socketPath,
    requestedOptions: requestedCodes,
    sentOptions: [...provided.keys()],
  }),
};

/**
 * Checks configurations.
 *
 * @param files All files at the paths of `options`.
 */
export function validate(
  files: readonly ConfigFile[],
  options: ValidateOptions,
): Outcome {
  return validateConfigs(files, { checks: CHECKS, ...options });
}

function warningsOn(
  value: Readonly<Record<string, unknown>>,
  parsed: DhcpConfig | undefined,
): readonly ConfigProblem[] {
  const given = new JsonObject(value, "").value("ipam");
  if (!isObject(given)) return [];
  const ipam = new JsonObject(given, "ipam");
  return [
    ...unknownKeys(given, { path: "ipam", known: IPAM_KEYS }),
    ...unknownIn(ipam, "provide", PROVIDE_KEYS),
    ...unknownIn(ipam, "request", REQUEST_KEYS),
    ...unknownRoutes(ipam),
    ...socketWarnings(ipam),
    ...(parsed === undefined ? [] : optionWarnings(parsed)),
  ];
}

/** Returns the unknown keys of the entries of a list, or of a single entry. */
function unknownIn(
  ipam: JsonObject,
  key: string,
  known: readonly string[],
): readonly ConfigProblem[] {
  const value = ipam.value(key);
  const path = ipam.at(key);
  return Array.isArray(value)
    ? value.flatMap((entry, index) =>
      unknownKeys(entry, { path: `${path}[${index}]`, known })
    )
    : unknownKeys(value, { path, known });
}

function unknownRoutes(ipam: JsonObject): readonly ConfigProblem[] {
  const routes = ipam.value("routes");
  const path = ipam.at("routes");
  if (!Array.isArray(routes)) {
    return unknownKeys(routes, { path, known: ROUTES_KEYS });
  }
  return [warning(
    path,
    "a list of routes is ignored: routes come from the server",
    'write {"allow": [...]} or {"deny": [...]} to choose among those of the server, or remove the key',
  )];
}

function socketWarnings(ipam: JsonObject): readonly ConfigProblem[] {
  const path = ipam.value("daemonSocketPath");
  if (typeof path !== "string" || !/^[^/@]/.test(path)) return [];
  return [warning(
    ipam.at("daemonSocketPath"),
    `${
      JSON.stringify(path)
    } is relative to the working directory of the runtime`,
    "write an absolute path",
  )];
}

function optionWarnings(
  { options: { requestedCodes, conflictProbeMs, timeoutMs, ...options } }:
    DhcpConfig,
): readonly ConfigProblem[] {
  const { subnetMask, router, clientIdentifier } = OptionCode;
  const isTooLong = timeoutMs !== undefined && conflictProbeMs >= timeoutMs;
  const lacks = (code: number): boolean =>
    requestedCodes.length > 0 && !requestedCodes.includes(code);
  return [
    ...(isTooLong
      ? [warning(
        "ipam.conflictProbeMs",
        `the probe takes ${conflictProbeMs} ms of the ${timeoutMs} ms that an ADD may take`,
        "write a longer timeout or a shorter probe",
      )]
      : []),
    ...(lacks(subnetMask)
      ? [warning(
        "ipam.request",
        "the subnet mask (option 1) is not requested, and no lease works without it",
        'add {"option": "subnet-mask"}, or remove skipDefault',
      )]
      : []),
    ...(lacks(router) && !options.suppressGateway
      ? [warning(
        "ipam.request",
        "the router (option 3) is not requested, so containers get no gateway",
        'add {"option": "routers"}, or write "suppress": ["gateway"] if that is intended',
      )]
      : []),
    ...(options.clientId.kind !== "attachment" &&
        options.provided.has(clientIdentifier)
      ? [warning(
        "ipam.clientId",
        "it has no effect: provide has a client identifier (option 61)",
        "remove one of them",
      )]
      : []),
  ];
}

function warning(
  path: string,
  message: string,
  advice: string,
): ConfigProblem {
  return { severity: "warning", path, message, advice };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
