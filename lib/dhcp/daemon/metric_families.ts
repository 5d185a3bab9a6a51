/** The metrics of the daemon, for Prometheus. Pure. @module */

import type { MetricFamily, Sample } from "../../metrics/exposition.ts";
import type { LossReason } from "../client/event.ts";
import type { PacketDropReason } from "../codec/packet.ts";
import type { ClientState } from "../client/state.ts";
import type { AcquisitionFailure } from "./acquisition_error.ts";
import type { CounterGroup, PlainCounter } from "./metrics.ts";

/** The start of the names of all metrics of the daemon. */
export const METRICS_PREFIX = "cni_dhcp";

/** Up to 60 s, which an ADD may take by default. */
export const BUCKET_SECONDS: readonly number[] = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
];

/** What the daemon knows of its leases. */
export interface DaemonFacts {
  /** The number of leases in each state. */
  readonly leases: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
  /** How long until the first lease expires, in milliseconds; undefined if none does. */
  readonly nextExpiryMs: number | undefined;
}

/** Returns the metrics of the daemon's leases and packets. */
export function daemonFamilies(
  { leases, counters, nextExpiryMs }: DaemonFacts,
): readonly MetricFamily[] {
  return [
    {
      name: `${METRICS_PREFIX}_leases`,
      help: "Leases, by state of the client (RFC 2131)",
      type: "gauge",
      samples: samplesOf("state", STATES, leases),
    },
    {
      name: `${METRICS_PREFIX}_next_expiry_seconds`,
      help:
        "Time until the first lease expires, if it is not renewed; absent if no lease expires",
      type: "gauge",
      samples: nextExpiryMs === undefined
        ? []
        : [{ value: nextExpiryMs / 1000 }],
    },
    ...Object.entries(PLAIN).map(([counter, { name, help }]) =>
      counterFamily(name, help, [{ value: counters[counter] ?? 0 }])
    ),
    ...Object.entries(GROUPS).map(([group, { name, help, label, known }]) =>
      counterFamily(
        name,
        help,
        samplesOf(label, known, countersOf(group, counters)),
      )
    ),
  ];
}

function counterFamily(
  name: string,
  help: string,
  samples: readonly Sample[],
): MetricFamily {
  return { name: `${METRICS_PREFIX}_${name}`, help, type: "counter", samples };
}

/** Returns the counters of a group by what follows its name. */
function countersOf(
  group: string,
  counters: DaemonFacts["counters"],
): Readonly<Record<string, number>> {
  const start = `${group}_`;
  return Object.fromEntries(
    Object.entries(counters)
      .filter(([name]) => name.startsWith(start))
      .map(([name, value]) => [name.slice(start.length), value]),
  );
}

/** @param known The labels that are there from the start: a rate needs a first value. */
function samplesOf(
  label: string,
  known: readonly string[],
  values: Readonly<Record<string, number>>,
): readonly Sample[] {
  const all = new Set([...known, ...Object.keys(values)]);
  return [...all].map((each) => ({
    labels: { [label]: each },
    value: values[each] ?? 0,
  }));
}

/** GONE: the interface of the lease was removed. */
const STATES: readonly (ClientState["state"] | "GONE")[] = [
  ...["INIT", "SELECTING", "REQUESTING", "PROBING", "BOUND"] as const,
  ...["RENEWING", "REBINDING", "INIT-REBOOT", "REBOOTING"] as const,
  ...["STOPPED", "GONE"] as const,
];

const PLAIN: Readonly<
  Record<PlainCounter, { readonly name: string; readonly help: string }>
> = {
  "leases_acquired": {
    name: "leases_acquired_total",
    help: "Leases that were acquired",
  },
  "leases_renewed": {
    name: "leases_renewed_total",
    help: "Renewals that a server acknowledged",
  },
  "renewals_failed": {
    name: "renewals_failed_total",
    help:
      "Leases that their server did not renew before T2; the client asks every server then",
  },
  "leases_changed": {
    name: "leases_changed_total",
    help: "Leases that a server renewed with other values",
  },
  "leases_orphaned": {
    name: "leases_orphaned_total",
    help: "Leases whose interface was removed",
  },
  "packets_delayed": {
    name: "packets_delayed_total",
    help: "Packets that had to wait because of -packetrate",
  },
  "send_errors": {
    name: "packet_send_errors_total",
    help: "Packets that the operating system did not send",
  },
};

const LOSSES: readonly LossReason[] = ["expired", "nak"];

const FAILURES: readonly AcquisitionFailure["kind"][] = [
  ...["link-down", "no-offer", "offer-refused", "no-ack", "nak"] as const,
  ...["unusable-ack", "conflict", "not-sent"] as const,
];

const DROPS: readonly PacketDropReason[] = ["port", "malformed"];

const GROUPS: Readonly<
  Record<CounterGroup, {
    readonly name: string;
    readonly help: string;
    readonly label: string;
    readonly known: readonly string[];
  }>
> = {
  "leases_lost": {
    name: "leases_lost_total",
    help: "Leases that expired or that a server refused to continue",
    label: "reason",
    known: LOSSES,
  },
  failed: {
    name: "acquisitions_failed_total",
    help: "Acquisitions that ended without a lease",
    label: "reason",
    known: FAILURES,
  },
  sent: {
    name: "packets_sent_total",
    help: "DHCP messages that were sent",
    label: "type",
    known: ["discover", "request", "decline", "release"],
  },
  received: {
    name: "packets_received_total",
    help: "DHCP messages that were received, for this client or not",
    label: "type",
    known: ["offer", "ack", "nak"],
  },
  dropped: {
    name: "packets_dropped_total",
    help: "Packets on the DHCP port that hold no message for a client",
    label: "reason",
    known: DROPS,
  },
};
