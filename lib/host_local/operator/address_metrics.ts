/** How full the networks of this host are, as metrics. Pure but for the ports. @module */

import { SystemError } from "../../base/errors.ts";
import { cleanPath } from "../../base/path.ts";
import { messageWithAdvice } from "../../cli/error_advice.ts";
import type { MetricFamily, Sample } from "../../metrics/exposition.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { AddressHistory, HistorySettings } from "../address_history.ts";
import { AddressPreferences } from "../address_preferences.ts";
import {
  countUsableAddresses,
  formatRangeSet,
  isUsable,
  type RangeSet,
} from "../range_set.ts";
import type { FreeAddresses } from "../round_robin.ts";
import { configuredNetworks } from "./configured_networks.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import type { OperatorPorts } from "./ports.ts";

/** The start of the names of all metrics of host-local. */
export const METRICS_PREFIX = "cni_host_local";

/** Metrics, and what the operator should know about them. */
export interface AddressMetrics {
  readonly families: readonly MetricFamily[];
  /** How many networks they are about. */
  readonly networks: number;
  /** Why networks could not be read. */
  readonly failures: readonly string[];
}

/** A network directory, and the range sets that configurations allocate in it. */
interface Network {
  readonly name: string;
  readonly directory: string;
  /** By the text of the set: two configurations can have the same. */
  readonly sets: Map<string, SetConfig>;
}

/** A range set, and how long its addresses cool down. */
interface SetConfig {
  readonly set: RangeSet;
  /** Undefined if nothing is to be remembered. */
  readonly settings: HistorySettings | undefined;
}

/** How many addresses of a range set are reserved, and which of the others cool down. */
interface SetUse {
  readonly text: string;
  readonly set: RangeSet;
  reserved: number;
  readonly cooling: Set<string>;
}

/** How many addresses are reserved in a network. */
interface Use {
  readonly network: Network;
  readonly reserved: number;
  readonly sets: readonly SetUse[];
}

/** What cools down is free, unless a reservation is found. */
const ALL_FREE: FreeAddresses = { firstFree: (address) => address };

type MetricPorts = Pick<
  OperatorPorts,
  "networkNames" | "addressesIn" | "readHistory" | "moment" | "nowMs"
>;

/**
 * Counts the addresses of every network that is configured or has a directory in the data
 * directory.
 *
 * A file that is named like an address counts as a reservation. No lock is taken, and no file is
 * opened except the history of a network whose addresses cool down, so that this can run every few
 * seconds.
 *
 * @throws {SystemError} if the data directory cannot be read.
 */
export async function addressMetrics(
  { dataDir, files }: {
    readonly dataDir: string;
    readonly files: readonly ConfigFile[];
  },
  ports: MetricPorts,
): Promise<AddressMetrics> {
  const networks = networksOf({
    dataDir,
    names: ports.networkNames(dataDir),
    files,
  });
  const uses: Use[] = [];
  const failures: string[] = [];
  for (const network of networks) {
    try {
      uses.push(await useOf(network, ports));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      failures.push(messageWithAdvice(error));
    }
  }
  return {
    families: familiesOf(uses, {
      unreadable: failures.length,
      readMs: ports.nowMs(),
    }),
    networks: uses.length,
    failures,
  };
}

function networksOf({ dataDir, names, files }: {
  readonly dataDir: string;
  readonly names: readonly string[];
  readonly files: readonly ConfigFile[];
}): readonly Network[] {
  const networks = new Map<string, Network>();
  const networkAt = (name: string, directory: string): Network => {
    const network = networks.get(directory) ??
      { name, directory, sets: new Map() };
    networks.set(directory, network);
    return network;
  };
  for (const { name, config } of configuredNetworks(files)) {
    const { sets } = networkAt(name, config.directory);
    const { rangeSets, history: settings } = config;
    for (const set of rangeSets) {
      sets.set(formatRangeSet(set), { set, settings });
    }
  }
  for (const name of names) networkAt(name, cleanPath(`${dataDir}/${name}`));
  return [...networks.values()].sort((a, b) =>
    a.directory < b.directory ? -1 : 1
  );
}

async function useOf(network: Network, ports: MetricPorts): Promise<Use> {
  let reserved = 0;
  const sets = setUses(network, ports);
  for await (const addresses of ports.addressesIn(network.directory)) {
    reserved += addresses.length;
    for (const use of sets) {
      const inside = addresses.filter((address) => isUsable(use.set, address));
      use.reserved += inside.length;
      if (use.cooling.size === 0) continue;
      for (const address of inside) {
        use.cooling.delete(formatIpAddress(address));
      }
    }
  }
  return { network, reserved, sets };
}

/** Returns the range sets of a network, before its reservations are counted. */
function setUses(
  { directory, sets }: Network,
  ports: MetricPorts,
): readonly SetUse[] {
  let history: AddressHistory | undefined;
  return [...sets].map(([text, { set, settings }]) => {
    const use = { text, set, reserved: 0, cooling: new Set<string>() };
    if (settings === undefined || settings.cooldownSeconds === 0) return use;
    history ??= ports.readHistory(directory);
    const now = ports.moment();
    const preferences = new AddressPreferences({ history, settings, now });
    for (const { use: { address } } of preferences.coolingIn(set, ALL_FREE)) {
      use.cooling.add(formatIpAddress(address));
    }
    return use;
  });
}

function familiesOf(
  uses: readonly Use[],
  { unreadable, readMs }: {
    readonly unreadable: number;
    readonly readMs: number;
  },
): readonly MetricFamily[] {
  const perSet = (valueOf: (use: SetUse) => number): readonly Sample[] =>
    uses.flatMap(({ network: { name, directory }, sets }) =>
      sets.map((use) => ({
        labels: { network: name, directory, range_set: use.text },
        value: valueOf(use),
      }))
    );
  return [
    {
      name: `${METRICS_PREFIX}_range_set_addresses`,
      help:
        "Addresses of a range set that can be allocated, reserved or not; only of networks whose configuration is found",
      type: "gauge",
      samples: perSet(({ set }) => Number(countUsableAddresses(set))),
    },
    {
      name: `${METRICS_PREFIX}_range_set_reserved_addresses`,
      help: "Addresses of a range set that are reserved",
      type: "gauge",
      samples: perSet(({ reserved }) => reserved),
    },
    {
      name: `${METRICS_PREFIX}_range_set_cooling_addresses`,
      help:
        "Addresses of a range set that were released and cannot be allocated before their cooldown ends",
      type: "gauge",
      samples: perSet(({ cooling }) => cooling.size),
    },
    {
      name: `${METRICS_PREFIX}_network_reserved_addresses`,
      help:
        "Addresses that are reserved in the directory of a network, in its range sets or not",
      type: "gauge",
      samples: uses.map(({ network: { name, directory }, reserved }) => ({
        labels: { network: name, directory },
        value: reserved,
      })),
    },
    {
      name: `${METRICS_PREFIX}_networks_unreadable`,
      help: "Networks whose directory could not be read",
      type: "gauge",
      samples: [{ value: unreadable }],
    },
    {
      name: `${METRICS_PREFIX}_networks_read_timestamp_seconds`,
      help: "When the directories of the networks were read",
      type: "gauge",
      samples: [{ value: readMs / 1000 }],
    },
  ];
}
