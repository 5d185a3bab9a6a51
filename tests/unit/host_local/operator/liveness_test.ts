import { assertEquals } from "@std/assert";
import { livenessOf } from "../../../../lib/host_local/operator/liveness.ts";
import type {
  CachedAttachment,
  RuntimeTraces,
} from "../../../../lib/host_local/operator/runtime_traces.ts";
import type { Owner } from "../../../../lib/host_local/reservation_format.ts";
import { testRows } from "../../../support/rows.ts";

const OWNER: Owner = {
  kind: "attachment",
  attachment: { containerId: "c1", ifName: "eth0" },
};
const CONTAINERD = {
  runtime: "containerd",
  path: "/run/containerd/task",
  state: "read",
  count: 1,
} as const;
const TASK = new Map([["c1", { runtime: "containerd", path: "/t/c1" }]]);
const NETNS = new Map([["c1", { runtime: "netns", path: "/run/netns/c1" }]]);

function cached(extra: Partial<CachedAttachment> = {}): CachedAttachment {
  return { path: "/cache/net-c1-eth0", ...extra };
}

interface Row {
  readonly name: string;
  readonly owner?: Owner;
  readonly fromEarlierBoot?: boolean;
  readonly traces?: Partial<RuntimeTraces>;
  readonly cached?: CachedAttachment;
  readonly unreadable?: string;
  /** State, decisive source, number of proofs. */
  readonly want: readonly [string, string, number];
}

const ROWS: readonly Row[] = [
  {
    name: "alive if a runtime has the container",
    traces: { containers: TASK },
    want: ["alive", "containerd", 1],
  },
  {
    name: "alive if a namespace has the ID",
    traces: { namespaces: NETNS },
    want: ["alive", "netns", 1],
  },
  {
    name: "alive if the recorded namespace exists",
    cached: cached({ netns: "/run/netns/x", hasNetns: true }),
    want: ["alive", "netns", 1],
  },
  {
    name: "alive with every sign",
    traces: { containers: TASK, namespaces: NETNS },
    cached: cached({ netns: "/run/netns/x", hasNetns: true }),
    want: ["alive", "containerd", 3],
  },
  {
    name: "gone if reserved before the last boot",
    fromEarlierBoot: true,
    traces: { sources: [CONTAINERD] },
    want: ["gone", "earlier boot", 1],
  },
  {
    name: "gone if the recorded namespace is gone",
    cached: cached({ netns: "/run/netns/x", hasNetns: false }),
    traces: { sources: [CONTAINERD] },
    want: ["gone", "netns", 1],
  },
  {
    name: "alive if a runtime has the container, whatever the time of the file",
    fromEarlierBoot: true,
    traces: { containers: TASK },
    want: ["alive", "containerd", 2],
  },
  {
    name:
      "alive if a runtime has the container, although its namespace is gone",
    traces: { containers: TASK },
    cached: cached({ netns: "/run/netns/x", hasNetns: false }),
    want: ["alive", "containerd", 2],
  },
  {
    name: "without a trace if no runtime has the container",
    traces: { sources: [CONTAINERD] },
    want: ["no trace", "", 1],
  },
  {
    name: "without a trace, with the cached result as the only one",
    traces: { sources: [CONTAINERD] },
    cached: cached(),
    want: ["no trace", "CNI cache", 2],
  },
  {
    name: "without a trace, with a cached result that was not read",
    traces: {
      sources: [CONTAINERD],
      cached: new Map([["net-c1-eth0", "/cache/net-c1-eth0"]]),
    },
    want: ["no trace", "CNI cache", 2],
  },
  { name: "unknown without a runtime", want: ["unknown", "", 1] },
  {
    name: "unknown if no runtime is in use",
    traces: { sources: [{ ...CONTAINERD, state: "absent" }] },
    want: ["unknown", "", 1],
  },
  {
    name: "unknown if a runtime's directory cannot be read",
    traces: {
      sources: [CONTAINERD, { ...CONTAINERD, path: "/x", state: "unreadable" }],
    },
    want: ["unknown", "unreadable", 1],
  },
  {
    name: "unknown if the file names no container, even before the last boot",
    owner: { kind: "unknown" },
    fromEarlierBoot: true,
    traces: { sources: [CONTAINERD] },
    want: ["unknown", "no owner", 1],
  },
  {
    name: "unknown if the file cannot be read",
    owner: { kind: "unknown" },
    unreadable: "open /x: permission denied",
    want: ["unknown", "unreadable", 1],
  },
  {
    name: "alive by the container alone if the file names no interface",
    owner: { kind: "container", containerId: "c1" },
    traces: { containers: TASK },
    want: ["alive", "containerd", 1],
  },
  {
    name: "without a trace if only another container exists",
    owner: { kind: "container", containerId: "c" },
    traces: { containers: TASK, sources: [CONTAINERD] },
    want: ["no trace", "", 1],
  },
];

testRows("livenessOf() is", ROWS, (row) => {
  const { state, source, proofs } = livenessOf({
    networkName: "net",
    reservation: {
      owner: row.owner ?? OWNER,
      fromEarlierBoot: row.fromEarlierBoot ?? false,
    },
    unreadable: row.unreadable,
    cached: row.cached,
  }, {
    sources: [],
    containers: new Map(),
    namespaces: new Map(),
    cached: new Map(),
    ...row.traces,
  });
  assertEquals([state, source, proofs.length], [...row.want]);
});
