/** `host-local show`: how full the range sets of each network are. Pure. @module */

import type { ConfigFile } from "../../cni/config_document.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { configuredNetworks } from "./configured_networks.ts";
import { ContainerStates } from "./container_states.ts";
import {
  isLow,
  type KnownNetwork,
  type NetworkUse,
  networkUse,
} from "./network_use.ts";
import type { OperatorPorts } from "./ports.ts";
import {
  notesOn,
  readAllReservations,
  storeConfigOf,
} from "./read_networks.ts";
import { networkJson, networkLines } from "./show_report.ts";

/** What `show` is called with. */
export interface ShowOptions {
  readonly dataDir: string;
  /** The wanted networks; all if it is empty. */
  readonly names: readonly string[];
  readonly files: readonly ConfigFile[];
  /** Below this share of free addresses a range set is low; in percent. */
  readonly lowPercent: number;
}

/**
 * Shows how full range sets are.
 *
 * @throws {SystemError} if a network cannot be read.
 */
export async function show(
  { dataDir, names, files, lowPercent }: ShowOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  const configured = configuredNetworks(files).filter(({ name }) =>
    names.length === 0 || names.includes(name)
  );
  const existing = ports.networkNames(dataDir);
  const wanted = names.filter((name) =>
    existing.includes(name) || !configured.some((each) => each.name === name)
  );
  const { networks, notes, isComplete } = names.length > 0 &&
      wanted.length === 0
    ? { networks: [], notes: [], isComplete: true }
    : await readAllReservations(dataDir, wanted, ports);
  const states = new ContainerStates(ports);
  const now = ports.moment();
  const useOf = (network: KnownNetwork): NetworkUse =>
    networkUse(network, {
      stateOf: (each) => states.of(network.name, each).liveness.state,
      now,
    });
  const uses: NetworkUse[] = [];
  const elsewhere: string[] = [];
  for (const each of configured) {
    const { directory } = each.config;
    const known = networks.find((network) => network.directory === directory);
    const facts = known ??
      await ports.readReservations(storeConfigOf(directory));
    if (known === undefined && facts !== undefined) {
      elsewhere.push(...notesOn(facts));
    }
    const { name } = each;
    uses.push(useOf({ name, directory, facts, configured: each }));
  }
  for (const facts of networks) {
    const { name, directory } = facts;
    if (configured.some(({ config }) => config.directory === directory)) {
      continue;
    }
    uses.push(useOf({ name, directory, facts, configured: undefined }));
  }
  uses.sort((a, b) => a.name < b.name ? -1 : 1);
  const hasLow = uses.some(({ sets }) =>
    sets.some((use) => isLow(use, lowPercent))
  );
  return {
    status: !isComplete
      ? EXIT_STATUS.failure
      : hasLow
      ? EXIT_STATUS.problems
      : EXIT_STATUS.ok,
    json: () => ({ networks: uses.map((use) => networkJson(use, lowPercent)) }),
    lines: (screen) =>
      uses.length === 0
        ? [`no networks in ${dataDir}, and none is configured`]
        : uses.flatMap((use, index) => [
          ...(index === 0 ? [] : [""]),
          ...networkLines(use, { screen, lowPercent }),
        ]),
    notes: [...notes, ...elsewhere],
  };
}
