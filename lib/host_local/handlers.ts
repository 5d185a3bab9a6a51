/** What host-local does for each command. Pure but for the ports that it is given. @module */

import { SystemError } from "../base/errors.ts";
import type { ContainerInterface } from "../cni/attachment.ts";
import { logInvalidConfig } from "../cni/config_check.ts";
import { CniError, CniErrorCode } from "../cni/error.ts";
import type { Answer, PluginHandlers, Request } from "../cni/plugin.ts";
import { type Dns, type IpConfig, NO_DNS } from "../cni/result.ts";
import { readValidAttachments } from "../cni/valid_attachments.ts";
import { formatIpAddress } from "../net/ip_address.ts";
import {
  type AddPlan,
  type Choice,
  chooseFree,
  planAdd,
  PoolError,
} from "./add_plan.ts";
import type { AddressPreferences } from "./address_preferences.ts";
import { findMismatch, readPreviousAddresses } from "./check.ts";
import { CniArgsError } from "./cni_args.ts";
import {
  type HostLocalConfig,
  parseGcGraceMs,
  parseHostLocalConfig,
  parseStoreConfig,
} from "./config.ts";
import { keptByGc } from "./gc.ts";
import type { HostLocalPorts, ReservationStore } from "./ports.ts";
import { formatRange } from "./range.ts";
import {
  formatRangeSet,
  type RangeSet,
  rangesWithOutsideGateway,
} from "./range_set.ts";
import { reclaimableIn, reclaimFrom } from "./reclaim_on_exhaustion.ts";
import { describeRefusal } from "./refusal_details.ts";
import { MAX_RESOLV_CONF_BYTES, parseResolvConf } from "./resolv_conf.ts";

/** Returns the handlers of host-local. */
export function hostLocalHandlers(ports: HostLocalPorts): PluginHandlers {
  return {
    add: (request, answer) => add(request, answer, ports),
    del: (request) => del(request, ports),
    check: (request) => check(request, ports),
    gc: (request) => gc(request, ports),
    status: (request) => status(request, ports),
  };
}

async function add(
  request: Request,
  answer: Answer,
  ports: HostLocalPorts,
): Promise<void> {
  const config = resolveConfig(request);
  logOutsideGateways(config, ports);
  const dns = readDns(config, ports);
  const attachment = attachmentOf(request);
  using store = await ports.stores.openOrCreate(config);
  const plan = await planOrRefuse(request, { config, store, ports });
  using reserved = store.reserve(attachment, plan);
  await reserved.synced();
  await answer({
    ips: plan.choices.map(toIpConfig),
    routes: config.routes,
    dns,
  });
  reserved.keep();
}

async function del(request: Request, ports: HostLocalPorts): Promise<void> {
  const config = parseStoreConfig(
    request.config,
    request.invocation.cniArgs,
  );
  logInvalidConfig(request, ports.log, () => resolveConfig(request));
  using store = await ports.stores.openForChange(config);
  try {
    store?.release(attachmentOf(request));
  } finally {
    // Something may have been released even if not everything could be.
    await store?.unlockAndSync();
  }
}

async function check(request: Request, ports: HostLocalPorts): Promise<void> {
  const config = resolveConfig(request);
  const previous = readPreviousAddresses(request.config.json);
  const attachment = attachmentOf(request);
  using store = await ports.stores.openForReading(config);
  const held = store?.heldBy(attachment) ?? [];
  const { rangeSets, directory } = config;
  const mismatch = findMismatch({ held, previous, rangeSets });
  if (mismatch === undefined) return;
  const { containerId, ifName } = attachment;
  throw new CniError(
    CniErrorCode.internal,
    `host-local: Failed to find address added by container ${containerId}`,
    { details: `${mismatch} (interface ${ifName}, directory ${directory})` },
  );
}

async function gc(request: Request, ports: HostLocalPorts): Promise<void> {
  const attachments = readValidAttachments(request.config.json);
  const graceMs = parseGcGraceMs(request.config);
  const config = parseStoreConfig(request.config, "");
  logInvalidConfig(request, ports.log, () => resolveConfig(request));
  using store = await ports.stores.openForChange(config);
  const nowMs = ports.nowMs();
  try {
    store?.releaseUnless(keptByGc({ attachments, graceMs, nowMs }));
  } finally {
    await store?.unlockAndSync();
  }
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
  if (config.statusFailsWhenFull) {
    await refuseFullRangeSet(request, { config, ports });
  }
}

async function refuseFullRangeSet(
  { config: { name } }: Request,
  { config, ports }: {
    readonly config: HostLocalConfig;
    readonly ports: HostLocalPorts;
  },
): Promise<void> {
  using store = await ports.stores.openForReading(config);
  if (store === undefined) return;
  const preferences = store.preferencesOf(undefined);
  const full = config.rangeSets.find((set) =>
    chooseFree(set, { cursor: undefined, free: store, preferences }) ===
      undefined
  );
  if (full === undefined) return;
  // Otherwise the runtime would send no ADD, and nothing would be released.
  if (config.reclaimOnExhaustion) {
    const target = { networkName: name, set: full, cursor: undefined };
    const found = await reclaimableIn(target, { store, ports });
    if (found.length > 0) return;
  }
  throw new CniError(
    CniErrorCode.pluginNotAvailable,
    `no IP addresses available in range set: ${formatRangeSet(full)}`,
    { details: `directory ${config.directory}` },
  );
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

function logOutsideGateways(
  { rangeSets }: HostLocalConfig,
  { log }: HostLocalPorts,
): void {
  for (const { gateway, range } of rangesWithOutsideGateway(rangeSets)) {
    log("warn", "gateway-outside-subnet", {
      gateway: formatIpAddress(gateway),
      range: formatRange(range),
    });
  }
}

function readDns({ resolvConf }: HostLocalConfig, ports: HostLocalPorts): Dns {
  return resolvConf === undefined
    ? NO_DNS
    : parseResolvConf(ports.readNamedFile(resolvConf, MAX_RESOLV_CONF_BYTES));
}

/** What an ADD is planned with. */
interface AddContext {
  readonly config: HostLocalConfig;
  readonly store: ReservationStore;
  readonly ports: HostLocalPorts;
}

async function planOrRefuse(
  request: Request,
  context: AddContext,
): Promise<AddPlan> {
  const { config, store, ports } = context;
  const attachment = attachmentOf(request);
  const preferences = store.preferencesOf(attachment);
  const { rangeSets, requestedAddresses, reclaimOnExhaustion } = config;
  const { containerId } = attachment;
  const options = { rangeSets, requestedAddresses, containerId, preferences };
  preferences?.releaseFromEarlierBoot(store, rangeSets);
  const tried = new Set<RangeSet>();
  for (;;) {
    const reservations = store.reservationsOf(attachment);
    try {
      return planAdd(options, reservations);
    } catch (error) {
      if (!(error instanceof PoolError)) throw error;
      const { set } = error;
      if (!reclaimOnExhaustion || set === undefined || tried.has(set)) {
        throw refusalOf(error, { ...context, preferences });
      }
      tried.add(set);
      const cursor = reservations.cursor(rangeSets.indexOf(set));
      const target = { networkName: request.config.name, set, cursor };
      if (!await reclaimFrom(target, { store, ports })) {
        throw refusalOf(error, {
          ...context,
          preferences,
          foundNothingToReclaim: true,
        });
      }
    }
  }
}

function refusalOf(
  error: PoolError,
  { config, store, ports, ...rest }: AddContext & {
    readonly preferences: AddressPreferences | undefined;
    readonly foundNothingToReclaim?: boolean;
  },
): CniError {
  const { rangeSets, requestedAddresses, directory } = config;
  return new CniError(
    error.kind === "exhausted" || error.kind === "cooling"
      ? CniErrorCode.tryAgainLater
      : CniErrorCode.internal,
    error.message,
    {
      details: describeRefusal(error, {
        ...rest,
        store,
        nowMs: ports.nowMs(),
        directory,
        rangeSets,
        requestedAddresses,
      }),
      cause: error,
    },
  );
}

function toIpConfig({ address, range: { subnet, gateway } }: Choice): IpConfig {
  return {
    address: { address, prefixLength: subnet.prefixLength },
    ...(gateway === undefined ? {} : { gateway }),
  };
}
