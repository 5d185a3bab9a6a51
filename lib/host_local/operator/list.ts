/** `host-local list`: every reservation, and whether its container exists. Pure. @module */

import { formatAge } from "../../base/age.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Tone } from "../../cli/screen.ts";
import { type Cell, type Column, formatTable } from "../../cli/table.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { type ContainerState, ContainerStates } from "./container_states.ts";
import type { Liveness, LivenessState } from "./liveness.ts";
import {
  containerOf,
  interfaceOf,
  type NetworkReservations,
  type RecordedReservation,
} from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { OperatorPorts } from "./ports.ts";
import { readAllReservations } from "./read_networks.ts";

/** A reservation with what is known about its container. */
export interface ListedReservation {
  readonly network: Pick<NetworkReservations, "name" | "directory">;
  readonly reservation: RecordedReservation;
  readonly state: ContainerState;
}

const COLUMNS: readonly Column[] = [
  { title: "NETWORK", minWidth: 8 },
  { title: "ADDRESS", isPlain: true },
  // Neither addresses nor valid container IDs have other characters.
  { title: "CONTAINER", minWidth: 12, isPlain: true },
  { title: "INTERFACE", minWidth: 9 },
  { title: "AGE", isNumber: true, isPlain: true },
  { title: "STATE" },
];

/** The color of each state. */
export const STATE_TONE: Readonly<Record<LivenessState, Tone>> = {
  "alive": "good",
  "gone": "bad",
  "no trace": "warning",
  "unknown": "dim",
};

/** What the states mean, for the reader of a table. */
const LEGEND: Readonly<Record<LivenessState, string>> = {
  "alive": "",
  "gone": "gone: the container cannot exist any more",
  "no trace": "no trace: no container runtime on this host has the container",
  "unknown": "unknown: nothing on this host tells whether the container exists",
};

/**
 * Lists the reservations of the wanted networks.
 *
 * @throws {SystemError} if a network cannot be read.
 */
export async function list(
  { dataDir, names }: {
    readonly dataDir: string;
    readonly names: readonly string[];
  },
  ports: OperatorPorts,
): Promise<Outcome> {
  const read = await readAllReservations(dataDir, names, ports);
  const { networks, notes, isComplete } = read;
  const states = new ContainerStates(ports);
  const nowMs = ports.nowMs();
  return {
    status: isComplete ? EXIT_STATUS.ok : EXIT_STATUS.failure,
    json: () => ({
      reservations: networks.flatMap((network) =>
        network.reservations.map((reservation) => {
          const state = states.of(network.name, reservation);
          return reservationJson({ network, reservation, state }, nowMs);
        })
      ),
    }),
    lines: (screen) => {
      const { cells, found } = cellsOf(networks, { states, nowMs });
      return found.size === 0 ? [`no reservations in ${dataDir}`] : [
        ...formatTable(COLUMNS, cells, screen),
        ...legendOf(found),
      ];
    },
    notes,
  };
}

/** Returns the cells of each column. Does little for each of up to 60,000 reservations. */
function cellsOf(
  networks: readonly NetworkReservations[],
  { states, nowMs }: {
    readonly states: ContainerStates;
    readonly nowMs: number;
  },
): {
  readonly cells: readonly (readonly Cell[])[];
  readonly found: ReadonlySet<LivenessState>;
} {
  const ageOf = ageFormatter(nowMs);
  const stateCells = new Map<Liveness, Cell>();
  const found = new Set<LivenessState>();
  const [names, addresses, containers, interfaces, ages]: [
    string[],
    string[],
    string[],
    string[],
    string[],
  ] = [[], [], [], [], []];
  const stateColumn: Cell[] = [];
  for (const { name, reservations } of networks) {
    for (const reservation of reservations) {
      const { owner } = reservation;
      const { liveness } = states.of(name, reservation, owner);
      let cell = stateCells.get(liveness);
      if (cell === undefined) {
        const tone = STATE_TONE[liveness.state];
        cell = { text: formatState(liveness), tone };
        stateCells.set(liveness, cell);
        found.add(liveness.state);
      }
      names.push(name);
      addresses.push(reservation.name);
      containers.push(containerOf(owner) ?? "-");
      interfaces.push(interfaceOf(owner) || "-");
      ages.push(ageOf(reservation.reservedAtMs));
      stateColumn.push(cell);
    }
  }
  return {
    cells: [names, addresses, containers, interfaces, ages, stateColumn],
    found,
  };
}

/** Returns a function that formats the age of a time; many reservations have the same. */
function ageFormatter(nowMs: number): (timeMs: number) => string {
  const known = new Map<number, string>();
  return (timeMs) => {
    const seconds = Math.floor((nowMs - timeMs) / 1000);
    const text = known.get(seconds) ?? formatAge(seconds * 1000);
    known.set(seconds, text);
    return text;
  };
}

/** Formats a state with its decisive proof: `alive (containerd)`. */
export function formatState({ state, source }: Liveness): string {
  return source === "" ? state : `${state} (${source})`;
}

function legendOf(states: ReadonlySet<LivenessState>): readonly string[] {
  const lines = [...states].map((state) => LEGEND[state])
    .filter((line) => line !== "").sort();
  return lines.length === 0 ? [] : ["", ...lines];
}

/** Returns a reservation as `--json` prints it. */
export function reservationJson(
  { network, reservation, state }: ListedReservation,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const { address, owner, reservedAtMs, fromEarlierBoot, location } =
    reservation;
  const { liveness, cached } = state;
  return {
    network: network.name,
    address: formatIpAddress(address),
    containerId: containerOf(owner) ?? null,
    ifName: owner.kind === "attachment" ? owner.attachment.ifName : null,
    ...(cached?.pod === undefined ? {} : { pod: cached.pod }),
    reservedAt: new Date(reservedAtMs).toISOString(),
    ageSeconds: Math.max(0, Math.floor((nowMs - reservedAtMs) / 1000)),
    fromEarlierBoot,
    state: liveness.state,
    proofs: liveness.proofs,
    file: location,
  };
}
