/** `host-local explain`: who holds an address, or what a container holds, and why. Pure. @module */

import type { ConfigFile } from "../../cni/config_document.ts";
import { formatAge } from "../../base/age.ts";
import { escapedText } from "../../base/quoted_text.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import {
  type Definition,
  formatDefinitions,
  wrapText,
} from "../../cli/wrapped_text.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseIpAddress,
  sameAddress,
} from "../../net/ip_address.ts";
import { chooseFree } from "../add_plan.ts";
import type { Moment } from "../address_history.ts";
import {
  findRange,
  formatRangeSet,
  isGateway,
  isUsable,
} from "../range_set.ts";
import {
  type ConfiguredNetwork,
  configuredNetworks,
} from "./configured_networks.ts";
import { ContainerStates } from "./container_states.ts";
import {
  formatState,
  type ListedReservation,
  podOf,
  reservationJson,
  STATE_TONE,
} from "./list.ts";
import type { LivenessState } from "./liveness.ts";
import {
  containerOf,
  historyOf,
  interfaceOf,
  type NetworkFacts,
  ownerOf,
  reservationsIn,
} from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { OperatorPorts } from "./ports.ts";
import {
  notesOn,
  readingFactsOf,
  readNetworks,
  storeConfigOf,
} from "./read_networks.ts";
import { SnapshotStore } from "./snapshot_store.ts";

/** What `explain` is called with. */
export interface ExplainOptions {
  readonly dataDir: string;
  /** An address, a container ID, or the start of one. */
  readonly subject: string;
  readonly files: readonly ConfigFile[];
}

type FoundReservation = Pick<ListedReservation, "network" | "reservation">;

/** Why an address is free or cannot be allocated, in one network. */
interface FreeAddress {
  readonly network: string;
  readonly reason: string;
}

/**
 * Explains an address or a container.
 *
 * @throws {SystemError} if a network cannot be read.
 */
export async function explain(
  { dataDir, subject, files }: ExplainOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  const configured = configuredNetworks(files);
  const { networks, notes } = await readAll(dataDir, configured, ports);
  const states = new ContainerStates(ports);
  const histories = new Map(
    networks.map((network) => [network, historyOf(network)]),
  );
  const address = parseIpAddress(subject);
  const all = networks.flatMap((network) =>
    reservationsIn(network).map((reservation) => ({ network, reservation }))
  );
  const isWanted = address === undefined
    ? containerMatcher(subject, all)
    : ({ reservation }: FoundReservation): boolean =>
      sameAddress(reservation.address, address);
  const found = all.filter(isWanted).map(({ network, reservation }) => {
    const state = states.of(network.name, reservation);
    const history = histories.get(network);
    const pod = podOf(reservation, { history, state });
    return { network, reservation, state, pod };
  });
  const free = address === undefined
    ? []
    : freeIn(address, { networks, configured, found, now: ports.moment() });
  const nowMs = ports.nowMs();
  const isKnown = found.length > 0 || free.length > 0;
  return {
    status: isKnown ? EXIT_STATUS.ok : EXIT_STATUS.problems,
    json: () => ({
      subject,
      reservations: found.map((each) => ({
        ...reservationJson(each, nowMs),
        advice: adviceOn(each),
      })),
      free,
    }),
    lines: (screen) =>
      isKnown
        ? [
          ...found.flatMap((each, index) => [
            ...(index === 0 ? [] : [""]),
            ...linesOf(each, { nowMs, screen }),
          ]),
          ...(found.length > 0 && free.length > 0 ? [""] : []),
          ...free.flatMap(({ network, reason }) =>
            wrapText(`${subject} in network ${network}: ${reason}`, {
              width: screen.columns,
              indent: "  ",
            })
          ),
        ]
        : wrapText(nothingFound({ subject, address, dataDir, networks }), {
          width: screen.columns,
          indent: "  ",
        }),
    notes,
  };
}

function nothingFound({ subject, address, dataDir, networks }: {
  readonly subject: string;
  readonly address: IpAddress | undefined;
  readonly dataDir: string;
  readonly networks: readonly NetworkFacts[];
}): string {
  const names = networks.map(({ name }) => name).join(", ") || "none";
  return address === undefined
    ? `no container whose ID starts with ${subject} holds an address in the networks of ${dataDir}: ${names}`
    : `${subject} is not reserved, and no configured network has it in its range sets; networks of ${dataDir}: ${names}`;
}

/** Reads the networks of a data directory, and the configured networks elsewhere. */
async function readAll(
  dataDir: string,
  configured: readonly ConfiguredNetwork[],
  ports: OperatorPorts,
): Promise<
  { readonly networks: NetworkFacts[]; readonly notes: readonly string[] }
> {
  const read = await readNetworks(dataDir, [], { ports });
  const networks = [...read.networks];
  const notes = [...read.notes];
  for (const { config: { directory } } of configured) {
    if (networks.some((known) => known.directory === directory)) continue;
    const facts = await ports.readNetwork(storeConfigOf(directory));
    if (facts === undefined) continue;
    networks.push(facts);
    notes.push(...notesOn(readingFactsOf(facts)));
  }
  return { networks, notes };
}

/** Matches the container with exactly this ID; if there is none, those whose IDs start with it. */
function containerMatcher(
  subject: string,
  all: readonly FoundReservation[],
): (each: FoundReservation) => boolean {
  const idOf = ({ reservation }: FoundReservation): string | undefined =>
    containerOf(reservation.owner);
  return all.some((each) => idOf(each) === subject)
    ? (each) => idOf(each) === subject
    : (each) => idOf(each)?.startsWith(subject) === true;
}

/** Returns why an address is not reserved, for each network that it could belong to. */
function freeIn(
  address: IpAddress,
  { networks, configured, found, now }: {
    readonly networks: readonly NetworkFacts[];
    readonly configured: readonly ConfiguredNetwork[];
    readonly found: readonly ListedReservation[];
    readonly now: Moment;
  },
): readonly FreeAddress[] {
  return configured.flatMap(({ name, config }) => {
    const { directory, rangeSets } = config;
    const isHeld = found.some(({ network }) => network.directory === directory);
    if (isHeld) return [];
    const index = rangeSets.findIndex((set) => findRange(set, address));
    const set = rangeSets[index];
    const gatewaySet = rangeSets.findIndex((each) => isGateway(each, address));
    if (gatewaySet >= 0) {
      const reason =
        `the gateway of range set ${gatewaySet}; it is never allocated`;
      return [{ network: name, reason }];
    }
    if (set === undefined) return [];
    if (!isUsable(set, address)) {
      const parts = [
        `excluded from range set ${index} (${formatRangeSet(set)})`,
        "it is never allocated",
      ];
      return [{ network: name, reason: parts.join("; ") }];
    }
    const facts = networks.find((each) => each.directory === directory);
    const store = new SnapshotStore(facts, { settings: config.history, now });
    const preferences = store.preferencesOf(undefined);
    const next = chooseFree(set, {
      cursor: store.cursor(index),
      free: store,
      preferences,
    });
    const cooling = preferences?.describeCooling(address);
    const pod = preferences?.keptFor(address);
    const isNext = next !== undefined && sameAddress(next, address);
    const file = facts?.files.find((each) =>
      each.address !== undefined && sameAddress(each.address, address)
    );
    const isEmpty = file !== undefined && ownerOf(file).kind === "none";
    const reason = [
      `free, in range set ${index} (${formatRangeSet(set)})`,
      ...(isEmpty
        ? ["its file is empty: a process ended before it wrote the owner"]
        : []),
      ...(cooling === undefined ? [] : [cooling]),
      ...(pod === undefined ? [] : [
        `kept for pod ${pod.namespace}/${pod.name}: others get it only when no other is free`,
      ]),
      isNext
        ? "the next ADD gets it"
        : `the next ADD gets ${next ? formatIpAddress(next) : "none"}`,
    ].join("; ");
    return [{ network: name, reason }];
  });
}

const ADVICE: Readonly<Record<LivenessState, string>> = {
  "alive": "the runtime releases the address with DEL when the container ends",
  "gone":
    "nothing uses the address any more: host-local reclaim or GC by the runtime releases it",
  "no trace":
    "make sure that no container has the ID, then have the runtime call GC, or remove the file",
  "unknown":
    "ask the runtime whether the container exists; if not, have it call GC, or remove the file",
};

function adviceOn({ state, reservation }: ListedReservation): string {
  if (reservation.unreadable !== undefined) {
    return "run the command as the user that runs the plugins, normally root";
  }
  return reservation.owner.kind === "unknown"
    ? "no DEL or GC releases the address, because the file names no container; check-state says more"
    : ADVICE[state.liveness.state];
}

function linesOf(
  each: ListedReservation,
  { nowMs, screen }: { readonly nowMs: number; readonly screen: Screen },
): readonly string[] {
  const { network, reservation, state: { liveness }, pod } = each;
  const { owner, reservedAtMs, fromEarlierBoot, location, name } = reservation;
  const since = new Date(reservedAtMs).toISOString().replace(/\.\d+Z$/, "Z");
  const boot = fromEarlierBoot ? "before the last boot" : "in this boot";
  const definitions: readonly Definition[] = [
    ["network", network.name],
    ["container", containerOf(owner) ?? "unknown"],
    ["interface", escapedText(interfaceOf(owner)) || "unknown"],
    ...(pod === undefined ? [] : [["pod", pod] as const]),
    ["reserved", `${since}, ${formatAge(nowMs - reservedAtMs)} ago, ${boot}`],
    ["file", location],
    ["state", formatState(liveness)],
    ...liveness.proofs.map((proof, index) =>
      [index === 0 ? "because" : "", proof] as const
    ),
    ["what to do", adviceOn(each)],
  ];
  return [
    toned(name, STATE_TONE[liveness.state], screen),
    ...formatDefinitions(definitions, screen.columns),
  ];
}
