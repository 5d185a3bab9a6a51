/** `host-local list`: every reservation, and whether its container exists. Pure. @module */

import { rememberedPod } from "../address_preferences.ts";
import { formatAge } from "../../base/age.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Tone } from "../../cli/screen.ts";
import { type Cell, type Column, formatTable } from "../../cli/table.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { AddressHistory } from "../address_history.ts";
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
  /** `namespace/name` of the pod, if it is known. */
  readonly pod: string | undefined;
}

/** Returns the pod of a reservation: the one that the plugin has recorded, or else the runtime. */
export function podOf(
  reservation: RecordedReservation,
  { history, state }: {
    readonly history: AddressHistory | undefined;
    readonly state: ContainerState;
  },
): string | undefined {
  const pod = history && rememberedPod(reservation, history);
  return pod === undefined ? state.cached?.pod : `${pod.namespace}/${pod.name}`;
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

/** Only where the plugin records pods. */
const POD_COLUMN: Column = { title: "POD", minWidth: 8 };

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
          const { history } = network;
          const pod = podOf(reservation, { history, state });
          return reservationJson({ network, reservation, state, pod }, nowMs);
        })
      ),
    }),
    lines: (screen) => {
      const { cells, found } = cellsOf(networks, { states, nowMs });
      return found.size === 0 ? [`no reservations in ${dataDir}`] : [
        ...formatTable(
          cells.length > COLUMNS.length ? [...COLUMNS, POD_COLUMN] : COLUMNS,
          cells,
          screen,
        ),
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
  const hasPods = networks.some(({ history }) => history.hasPods);
  const pods: string[] = [];
  for (const { name, reservations, history } of networks) {
    for (const reservation of reservations) {
      const { owner } = reservation;
      const state = states.of(name, reservation, owner);
      const { liveness } = state;
      if (hasPods) pods.push(podOf(reservation, { history, state }) ?? "-");
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
    cells: [
      names,
      addresses,
      containers,
      interfaces,
      ages,
      stateColumn,
      ...(hasPods ? [pods] : []),
    ],
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
  { network, reservation, state: { liveness }, pod }: ListedReservation,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const { address, owner, reservedAtMs, fromEarlierBoot, location } =
    reservation;
  return {
    network: network.name,
    address: formatIpAddress(address),
    containerId: containerOf(owner) ?? null,
    ifName: owner.kind === "attachment" ? owner.attachment.ifName : null,
    ...(pod === undefined ? {} : { pod }),
    reservedAt: new Date(reservedAtMs).toISOString(),
    ageSeconds: Math.max(0, Math.floor((nowMs - reservedAtMs) / 1000)),
    fromEarlierBoot,
    state: liveness.state,
    proofs: liveness.proofs,
    file: location,
  };
}
