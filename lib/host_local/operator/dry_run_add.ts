/**
 * Runs an ADD of the plugin itself, with a store that changes nothing. Pure but for the ports.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { parseJson } from "../../base/json_text.ts";
import { type PluginIo, runPlugin } from "../../cni/plugin.ts";
import type { AddPlan } from "../add_plan.ts";
import type { StoreConfig } from "../config.ts";
import { hostLocalHandlers } from "../handlers.ts";
import { IPAM_TYPE } from "./configured_networks.ts";
import { findReclaimable } from "./find_reclaimable.ts";
import type { NetworkFacts } from "./network_facts.ts";
import type { OperatorPorts } from "./ports.ts";
import { SnapshotStore } from "./snapshot_store.ts";

/** What an ADD is called with. */
export interface AddCall {
  readonly containerId: string;
  readonly ifName: string;
  /** The value of CNI_ARGS. */
  readonly cniArgs: string;
}

/** What an ADD has done. A part is undefined if the ADD failed before it. */
interface Progress {
  /** The network that was opened. */
  opened: StoreConfig | undefined;
  /** What its directory has; also undefined if there is none. */
  facts: NetworkFacts | undefined;
  store: SnapshotStore | undefined;
  plan: AddPlan | undefined;
  /** The path of the file that was read. */
  resolvConf: string | undefined;
  readonly warnings: string[];
}

/** An ADD that has changed nothing. */
export interface DryRun extends Readonly<Progress> {
  /** The document that ADD would print. */
  readonly document: unknown;
  readonly succeeds: boolean;
}

/** Runs an ADD that changes nothing. */
export async function dryRunAdd(
  json: Readonly<Record<string, unknown>>,
  { add, ports }: { readonly add: AddCall; readonly ports: OperatorPorts },
): Promise<DryRun> {
  const progress: Progress = {
    opened: undefined,
    facts: undefined,
    store: undefined,
    plan: undefined,
    resolvConf: undefined,
    warnings: [],
  };
  const open = async (config: StoreConfig): Promise<SnapshotStore> => {
    progress.opened = config;
    ports.probe(config);
    const facts = await ports.readNetwork(config);
    if (facts?.lock.kind === "unavailable") {
      const { reason, advice } = facts.lock;
      throw new SystemError(reason, { advice });
    }
    progress.facts = facts;
    progress.store = new SnapshotStore(facts, {
      settings: config.history,
      now: ports.moment(),
      onPlan: (plan) => {
        progress.plan = plan;
      },
    });
    return progress.store;
  };
  const handlers = hostLocalHandlers({
    stores: {
      openOrCreate: open,
      openForChange: open,
      openForReading: open,
      probe: (config) => ports.probe(config),
    },
    readNamedFile: (path, maxBytes) => {
      const text = ports.readNamedFile(path, maxBytes);
      progress.resolvConf = path;
      return text;
    },
    nowMs: () => ports.nowMs(),
    findReclaimable: (networkName, reservations) =>
      Promise.resolve(findReclaimable(networkName, reservations, ports)),
    log: (_, event, fields) => {
      const pairs = Object.entries(fields ?? {})
        .map(([key, value]) => `${key} ${value}`);
      progress.warnings.push([event, ...pairs].join(", "));
    },
  });
  let stdout = "";
  const io: PluginIo = {
    env: (name) => environmentOf(add)[name],
    readStdin: () => JSON.stringify(json),
    writeStdout: (text) => {
      stdout += text;
    },
    writeStderr: (line) => void progress.warnings.push(line),
    pid: 0,
  };
  const status = await runPlugin(io, {
    name: IPAM_TYPE,
    version: "",
    handlers,
  });
  return {
    ...progress,
    document: parseJson(stdout, "stdout"),
    succeeds: status === 0,
  };
}

function environmentOf(add: AddCall): Readonly<Record<string, string>> {
  return {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: add.containerId,
    CNI_IFNAME: add.ifName,
    CNI_ARGS: add.cniArgs,
    // The plugin does not enter it, and there is none.
    CNI_NETNS: "/run/netns/none",
    CNI_NETNS_OVERRIDE: "1",
  };
}
