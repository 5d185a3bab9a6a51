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
  type NetworkFacts,
  type RecordedReservation,
  reservationsIn,
} from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { OperatorPorts } from "./ports.ts";
import { readNetworks } from "./read_networks.ts";

/** A reservation with what is known about its container. */
export interface ListedReservation {
  readonly network: NetworkFacts;
  readonly reservation: RecordedReservation;
  readonly state: ContainerState;
}

const COLUMNS: readonly Column[] = [
  { title: "NETWORK", minWidth: 8 },
  { title: "ADDRESS" },
  { title: "CONTAINER", minWidth: 12 },
  { title: "INTERFACE", minWidth: 9 },
  { title: "AGE", isNumber: true },
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
  const read = await readNetworks(dataDir, names, { ports });
  const { networks, notes, isComplete } = read;
  const states = new ContainerStates(ports);
  const listed: ListedReservation[] = [];
  for (const network of networks) {
    for (const reservation of reservationsIn(network)) {
      const state = states.of(network.name, reservation);
      listed.push({ network, reservation, state });
    }
  }
  const nowMs = ports.nowMs();
  return {
    status: isComplete ? EXIT_STATUS.ok : EXIT_STATUS.failure,
    json: () => ({
      reservations: listed.map((each) => reservationJson(each, nowMs)),
    }),
    lines: (screen) =>
      listed.length === 0 ? [`no reservations in ${dataDir}`] : [
        ...formatTable(COLUMNS, cellsOf(listed, nowMs), screen),
        ...legendOf(listed),
      ],
    notes,
  };
}

/** Returns the cells of each column. Does little for each of up to 60,000 reservations. */
function cellsOf(
  listed: readonly ListedReservation[],
  nowMs: number,
): readonly (readonly Cell[])[] {
  const ageOf = ageFormatter(nowMs);
  const cells = new Map<Liveness, Cell>();
  return [
    listed.map(({ network }) => network.name),
    listed.map(({ reservation }) => reservation.file.name),
    listed.map(({ reservation }) => containerOf(reservation.owner) ?? "-"),
    listed.map(({ reservation }) => interfaceOf(reservation.owner) || "-"),
    listed.map(({ reservation }) => ageOf(reservation.reservedAtMs)),
    listed.map(({ state: { liveness } }) => {
      const cell = cells.get(liveness) ??
        { text: formatState(liveness), tone: STATE_TONE[liveness.state] };
      cells.set(liveness, cell);
      return cell;
    }),
  ];
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

function legendOf(listed: readonly ListedReservation[]): readonly string[] {
  const states = new Set(listed.map(({ state }) => state.liveness.state));
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
