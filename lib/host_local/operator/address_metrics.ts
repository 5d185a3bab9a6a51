/** How full the networks of this host are, as metrics. Pure but for the ports. @module */

import { SystemError } from "../../base/errors.ts";
import { cleanPath } from "../../base/path.ts";
import { messageWithAdvice } from "../../cli/error_advice.ts";
import type { MetricFamily, Sample } from "../../metrics/exposition.ts";
import {
  countUsableAddresses,
  formatRangeSet,
  isUsable,
  type RangeSet,
} from "../range_set.ts";
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
  readonly sets: Map<string, RangeSet>;
}

/** How many addresses are reserved in a network. */
interface Use {
  readonly network: Network;
  readonly reserved: number;
  readonly reservedInSets: ReadonlyMap<string, number>;
}

/**
 * Counts the addresses of every network that is configured or has a directory in the data
 * directory.
 *
 * A file that is named like an address counts as a reservation. No file is opened and no lock is
 * taken, so that this can run every few seconds.
 *
 * @throws {SystemError} if the data directory cannot be read.
 */
export async function addressMetrics(
  { dataDir, files }: {
    readonly dataDir: string;
    readonly files: readonly ConfigFile[];
  },
  ports: Pick<OperatorPorts, "networkNames" | "addressesIn" | "nowMs">,
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
    for (const set of config.rangeSets) sets.set(formatRangeSet(set), set);
  }
  for (const name of names) networkAt(name, cleanPath(`${dataDir}/${name}`));
  return [...networks.values()].sort((a, b) =>
    a.directory < b.directory ? -1 : 1
  );
}

async function useOf(
  network: Network,
  ports: Pick<OperatorPorts, "addressesIn">,
): Promise<Use> {
  let reserved = 0;
  const reservedInSets = new Map<string, number>();
  for await (const addresses of ports.addressesIn(network.directory)) {
    reserved += addresses.length;
    for (const [text, set] of network.sets) {
      const inside = addresses.filter((address) =>
        isUsable(set, address)
      ).length;
      reservedInSets.set(text, (reservedInSets.get(text) ?? 0) + inside);
    }
  }
  return { network, reserved, reservedInSets };
}

function familiesOf(
  uses: readonly Use[],
  { unreadable, readMs }: {
    readonly unreadable: number;
    readonly readMs: number;
  },
): readonly MetricFamily[] {
  const perSet = (
    valueOf: (use: Use, text: string, set: RangeSet) => number,
  ): readonly Sample[] =>
    uses.flatMap((use) => {
      const { name, directory, sets } = use.network;
      return [...sets].map(([text, set]) => ({
        labels: { network: name, directory, range_set: text },
        value: valueOf(use, text, set),
      }));
    });
  return [
    {
      name: `${METRICS_PREFIX}_range_set_addresses`,
      help:
        "Addresses of a range set that can be allocated, reserved or not; only of networks whose configuration is found",
      type: "gauge",
      samples: perSet((_use, _text, set) => Number(countUsableAddresses(set))),
    },
    {
      name: `${METRICS_PREFIX}_range_set_reserved_addresses`,
      help: "Addresses of a range set that are reserved",
      type: "gauge",
      samples: perSet(({ reservedInSets }, text) =>
        reservedInSets.get(text) ?? 0
      ),
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
