/** What host-local does for each command. Pure but for the ports it is given. @module */

import { SystemError } from "../base/errors.ts";
import { CniError, CniErrorCode, toCniError } from "../cni/error.ts";
import type { PluginHandlers, Request } from "../cni/plugin.ts";
import { type Dns, type IpConfig, NO_DNS, type Result } from "../cni/result.ts";
import { readValidAttachments } from "../cni/valid_attachments.ts";
import type { IpAddress } from "../net/ip_address.ts";
import { nextAddress } from "./round_robin.ts";
import { findMismatch, readPreviousAddresses } from "./check.ts";
import { CniArgsError } from "./cni_args.ts";
import {
  type HostLocalConfig,
  parseGcGraceMs,
  parseHostLocalConfig,
  parseStoreConfig,
} from "./config.ts";
import { describeRefusal } from "./refusal_details.ts";
import { planAdd, PoolError } from "./add_plan.ts";
import type { Range } from "./range.ts";
import { formatRangeSet } from "./range_set.ts";
import { parseResolvConf } from "./resolv_conf.ts";
import type { ReservationStores } from "./reservation_store.ts";
import { listedOwners } from "./listed_owners.ts";
import type { ContainerInterface } from "../cni/attachment.ts";

/** What the handlers need of the outside. */
export interface HostLocalPorts {
  readonly stores: ReservationStores;
  /** The text of a file. Throws {@link SystemError}. */
  readText(path: string): string;
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  /** Says on stderr what does not stop the command. */
  warn(message: string): void;
}

function attachmentOf({ invocation }: Request): ContainerInterface {
  return { containerId: invocation.containerId, ifName: invocation.ifName };
}

function resolveConfig({ config, invocation }: Request): HostLocalConfig {
  try {
    return parseHostLocalConfig(config, invocation.cniArgs);
  } catch (error) {
    if (!(error instanceof CniArgsError)) throw error;
    throw new CniError(CniErrorCode.invalidEnvironment, error.message, {
      details: "in CNI_ARGS",
      cause: error,
    });
  }
}

function toIpConfig(address: IpAddress, { subnet, gateway }: Range): IpConfig {
  return {
    address: { address, prefixLength: subnet.prefixLength },
    ...(gateway === undefined ? {} : { gateway }),
  };
}

function readDns({ resolvConf }: HostLocalConfig, ports: HostLocalPorts): Dns {
  return resolvConf === undefined
    ? NO_DNS
    : parseResolvConf(ports.readText(resolvConf));
}

/** DEL and GC go on without a configuration they can live without, but say what is wrong with it. */
function warnAboutConfig(request: Request, ports: HostLocalPorts): void {
  try {
    resolveConfig(request);
  } catch (error) {
    const { command } = request.invocation;
    ports.warn(
      `${command} goes on although the configuration is invalid: ${
        toCniError(error).message
      }`,
    );
  }
}

function refusal(error: PoolError, details: string): CniError {
  const code = error.kind === "exhausted"
    ? CniErrorCode.tryAgainLater
    : CniErrorCode.internal;
  return new CniError(code, error.message, { details, cause: error });
}

async function add(
  request: Request,
  answer: (result: Result) => void,
  ports: HostLocalPorts,
): Promise<void> {
  const config = resolveConfig(request);
  config.warnings.forEach(ports.warn);
  const dns = readDns(config, ports);
  const { rangeSets, requestedAddresses, routes } = config;
  const attachment = attachmentOf(request);
  const { containerId } = attachment;
  using store = await ports.stores.openOrCreate(config);
  try {
    store.add(
      attachment,
      (reservations) =>
        planAdd({ rangeSets, requestedAddresses, containerId }, reservations),
      ({ choices }) =>
        answer({
          ips: choices.map(({ address, range }) => toIpConfig(address, range)),
          routes,
          dns,
        }),
    );
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    throw refusal(
      error,
      describeRefusal(error, {
        store,
        nowMs: ports.nowMs(),
        directory: config.directory,
      }),
    );
  }
}

async function del(request: Request, ports: HostLocalPorts): Promise<void> {
  const config = parseStoreConfig(request.config);
  warnAboutConfig(request, ports);
  using store = await ports.stores.openForChange(config);
  store?.release(attachmentOf(request));
}

async function check(request: Request, ports: HostLocalPorts): Promise<void> {
  const config = resolveConfig(request);
  const previous = readPreviousAddresses(request.config.json);
  const attachment = attachmentOf(request);
  using store = await ports.stores.openForReading(config);
  const held = store?.heldBy(attachment) ?? [];
  const mismatch = findMismatch({
    held,
    previous,
    rangeSets: config.rangeSets,
  });
  if (mismatch === undefined) return;
  throw new CniError(
    CniErrorCode.internal,
    `host-local: Failed to find address added by container ${attachment.containerId}`,
    {
      details:
        `${mismatch} (interface ${attachment.ifName}, directory ${config.directory})`,
    },
  );
}

async function gc(request: Request, ports: HostLocalPorts): Promise<void> {
  const isListed = listedOwners(readValidAttachments(request.config.json));
  const graceMs = parseGcGraceMs(request.config);
  const config = parseStoreConfig(request.config);
  warnAboutConfig(request, ports);
  using store = await ports.stores.openForChange(config);
  const nowMs = ports.nowMs();
  store?.releaseUnless(({ owner, reservedAtMs }) =>
    isListed(owner) || nowMs - reservedAtMs < graceMs
  );
}

async function status(request: Request, ports: HostLocalPorts): Promise<void> {
  const config = resolveConfig(request);
  try {
    ports.stores.probe(config);
    readDns(config, ports);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new CniError(CniErrorCode.pluginNotAvailable, error.message, {
      details: error.advice,
      cause: error,
    });
  }
  if (!config.statusFailsWhenFull) return;
  using store = await ports.stores.openForReading(config);
  if (store === undefined) return;
  const full = config.rangeSets.find((set) =>
    nextAddress(set, undefined, store) === undefined
  );
  if (full === undefined) return;
  const message = `no IP addresses available in range set: ${
    formatRangeSet(full)
  }`;
  throw new CniError(CniErrorCode.pluginNotAvailable, message, {
    details: `directory ${config.directory}`,
  });
}

/** Handlers that keep their reservations in `ports.stores`. */
export function hostLocalHandlers(ports: HostLocalPorts): PluginHandlers {
  return {
    add: (request, answer) => add(request, answer, ports),
    del: (request) => del(request, ports),
    check: (request) => check(request, ports),
    gc: (request) => gc(request, ports),
    status: (request) => status(request, ports),
  };
}
