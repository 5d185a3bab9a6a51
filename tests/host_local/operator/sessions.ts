/** Terminal sessions of the commands for operators: for the documentation, and as golden files. */

import { runCommand } from "../../../lib/host_local/operator/run_command.ts";
import {
  ExampleHost,
  type ExampleHostOptions,
  type ExampleNetwork,
} from "../../support/example_host.ts";

/** A call of a command, and the host that it is made on. */
export interface Session {
  /** The name of its golden file. */
  readonly name: string;
  readonly args: readonly string[];
  readonly host: ExampleHostOptions;
}

const WEB = "3f2a9c1b7d5e4f60a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718";
const DB = "b81d0c55aa0e4c7f9d3e2b1a0f9e8d7c6b5a49382716f5e4d3c2b1a0f9e8d7c6";
const JOB = "7c44e1d2f3a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1";
const GONE = "5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a";
const LOST = "90a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e9";
const OLD = "e09a7b3c2d1f4e5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c";

function reservation(
  containerId: string,
  minutes: number,
  ifName = "eth0",
): ExampleNetwork["files"][string] {
  return { content: `${containerId}\r\n${ifName}`, minutes };
}

const TASKS = "/run/containerd/io.containerd.runtime.v2.task";
const CACHE = "/var/lib/cni/results";

const POD_CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "bridge",
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:10::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

const STORAGE_CONFIG = JSON.stringify({
  cniVersion: "0.4.0",
  name: "storage",
  type: "macvlan",
  ipam: {
    type: "host-local",
    ranges: [[{
      subnet: "192.0.2.0/24",
      rangeStart: "192.0.2.16",
      rangeEnd: "192.0.2.23",
    }]],
  },
});

/** A Kubernetes node after a reboot. */
const NODE: ExampleHostOptions = {
  networks: {
    pods: {
      files: {
        "lock": "",
        "last_reserved_ip.0": "10.244.1.9",
        "last_reserved_ip.1": "fd00:10::9",
        "10.244.1.7": reservation(WEB, 193),
        "fd00:10::7": reservation(WEB, 193),
        "10.244.1.8": reservation(DB, 14),
        "fd00:10::8": reservation(DB, 14),
        "10.244.1.4": reservation(OLD, 9 * 24 * 60),
        "10.244.1.9": reservation(JOB, 2),
      },
      earlierBoot: ["10.244.1.4"],
    },
    storage: {
      files: {
        "lock": "",
        ...Object.fromEntries(
          [16, 17, 18, 19, 20, 21, 22, 23].map((host) => [
            `192.0.2.${host}`,
            reservation(host === 16 ? WEB : JOB, 193, `net${host - 15}`),
          ]),
        ),
      },
    },
  },
  files: {
    "/etc/cni/net.d/10-pods.conflist": POD_CONFIG,
    "/etc/cni/net.d/20-storage.conf": STORAGE_CONFIG,
  },
  bootMinutes: 8 * 24 * 60,
  traces: {
    sources: [
      {
        runtime: "containerd",
        path: TASKS,
        state: "read",
        count: 2,
        isComplete: true,
      },
      { runtime: "CRI-O", path: "/run/crio", state: "absent", count: 0 },
    ],
    containers: new Map([
      [WEB, { runtime: "containerd", path: `${TASKS}/k8s.io/${WEB}` }],
      [DB, { runtime: "containerd", path: `${TASKS}/k8s.io/${DB}` }],
    ]),
    cached: new Map([[`pods-${WEB}-eth0`, `${CACHE}/pods-${WEB}-eth0`]]),
  },
  cached: {
    [`${CACHE}/pods-${WEB}-eth0`]: {
      path: `${CACHE}/pods-${WEB}-eth0`,
      netns: "/run/netns/cni-5d1c9a52",
      hasNetns: true,
      pod: "shop/web-6f9c5",
    },
  },
};

const BROKEN_CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "shop",
  plugins: [{
    type: "bridge",
    ipam: {
      type: "host-local",
      ranges: [[{ subnet: "10.1.2.5/24", rangestrat: "10.1.2.10" }], [{
        subnet: "10.9.0.0/16",
        rangeEnd: "10.9.0.300",
        gateway: "10.9.0.1",
      }]],
      routes: [{ dst: "default" }],
    },
  }],
});

const BROKEN_NETWORK: ExampleHostOptions = {
  networks: {
    pods: {
      files: {
        "lock": "",
        "last_reserved_ip.0": "10.244.1",
        "10.244.1.7": reservation(WEB, 193),
        "10.244.1.8": { content: "", minutes: 60 },
        "10.244.1.9": { content: "backup of web", minutes: 60 },
        ".pending": { content: `${DB}\r\neth0`, inode: 7 },
        "10.244.1.10": { content: `${DB}\r\neth0`, inode: 7 },
        "README": { content: undefined, minutes: 9000 },
      },
    },
  },
  repaired: {
    pods: {
      files: {
        "lock": "",
        "10.244.1.7": reservation(WEB, 193),
        "10.244.1.9": { content: "backup of web", minutes: 60 },
        "README": { content: undefined, minutes: 9000 },
      },
    },
  },
  files: { "/etc/cni/net.d/10-pods.conflist": POD_CONFIG },
};

const SHOP_CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "shop",
  type: "bridge",
  ipam: {
    type: "host-local",
    ranges: [[{ subnet: "10.7.0.0/28", exclude: ["10.7.0.8/30"] }]],
    cooldownSeconds: 300,
    sticky: "pod",
  },
});

/** A network with pool features. Ten hours after the boot, which is 36,000 s. */
const SHOP: ExampleHostOptions = {
  networks: {
    shop: {
      files: {
        "lock": "",
        "last_reserved_ip.0": "10.7.0.5",
        "10.7.0.2": reservation(WEB, 193),
        "10.7.0.3": reservation(DB, 14),
        ".history": [
          `10.7.0.2 eth0 ${WEB} shop/web-0 1795855620000`,
          `10.7.0.4 eth0 ${OLD} shop/job-x7k2p 1795860000000 7 20000 1795851200000`,
          `10.7.0.3 eth0 ${DB} shop/db-0 1795866360000`,
          `10.7.0.5 eth0 ${JOB} shop/cache-0 1795866000000 7 35910 1795867110000`,
          "",
        ].join("\n"),
      },
    },
  },
  files: { "/etc/cni/net.d/30-shop.conf": SHOP_CONFIG },
  traces: NODE.traces ?? {},
};

/** The same network, nearly full, after a reboot. */
const BUSY_SHOP: ExampleHostOptions = {
  ...SHOP,
  networks: {
    shop: {
      files: {
        ...SHOP.networks?.["shop"]?.files,
        "10.7.0.4": reservation(OLD, 700),
        "10.7.0.6": reservation(GONE, 720),
        "10.7.0.7": reservation(LOST, 40),
        "10.7.0.12": reservation(DB, 14),
        "10.7.0.13": reservation(WEB, 193),
      },
      earlierBoot: ["10.7.0.4", "10.7.0.6"],
    },
  },
};

/** Two networks that share addresses, and two files that configure one name. */
const SHARING: ExampleHostOptions = {
  files: {
    "/etc/cni/net.d/10-front.conf": networkText("front", "10.9.0.0/24"),
    "/etc/cni/net.d/20-back.conf": networkText("back", "10.9.0.128/25"),
    "/etc/cni/net.d/30-front.conf": networkText("front", "10.10.0.0/24"),
    "/etc/cni/net.d/40-copy.conf": networkText("copy", "10.10.0.0/24"),
  },
};

function networkText(name: string, subnet: string): string {
  const ipam = { type: "host-local", ranges: [[{ subnet }]] };
  return JSON.stringify({ cniVersion: "1.0.0", name, type: "bridge", ipam });
}

/** The sessions, in the order of the documentation. */
export const SESSIONS: readonly Session[] = [
  { name: "help", args: ["--help"], host: NODE },
  { name: "list", args: ["list"], host: NODE },
  {
    name: "explain_json",
    args: ["explain", "10.244.1.9", "--json"],
    host: NODE,
  },
  { name: "show", args: ["show"], host: NODE },
  { name: "explain_address", args: ["explain", "10.244.1.7"], host: NODE },
  { name: "explain_gone", args: ["explain", "e09a7b3c"], host: NODE },
  { name: "explain_free", args: ["explain", "10.244.1.20"], host: NODE },
  {
    name: "explain_add",
    args: ["explain", "--config", "/etc/cni/net.d/10-pods.conflist"],
    host: NODE,
  },
  {
    name: "explain_full",
    args: ["explain", "--config", "/etc/cni/net.d/20-storage.conf"],
    host: NODE,
  },
  { name: "list_pods", args: ["list"], host: SHOP },
  { name: "show_pool", args: ["show"], host: SHOP },
  {
    name: "show_low",
    args: ["show", "--low", "25", "shop"],
    host: BUSY_SHOP,
  },
  { name: "explain_cooling", args: ["explain", "10.7.0.5"], host: SHOP },
  { name: "explain_excluded", args: ["explain", "10.7.0.9"], host: SHOP },
  { name: "validate", args: ["validate"], host: NODE },
  {
    name: "validate_errors",
    args: ["validate", "shop.conflist"],
    host: { files: { "shop.conflist": BROKEN_CONFIG } },
  },
  { name: "validate_shared", args: ["validate"], host: SHARING },
  { name: "check_state", args: ["check-state"], host: BROKEN_NETWORK },
  {
    name: "check_state_repair",
    args: ["check-state", "--repair"],
    host: BROKEN_NETWORK,
  },
  { name: "reclaim_help", args: ["reclaim", "--help"], host: NODE },
  { name: "reclaim", args: ["reclaim", "pods"], host: NODE },
  { name: "reclaim_yes", args: ["reclaim", "pods", "--yes"], host: NODE },
  { name: "metrics", args: ["metrics"], host: NODE },
  { name: "wrong_command", args: ["lst"], host: {} },
];

/** Returns a session as a terminal of 80 columns shows it: the command, its output, its status. */
export async function sessionText(
  { args, host: options }: Session,
): Promise<string> {
  const host = new ExampleHost(options);
  const { stdout, stderr, status } = await runCommand(args, {
    ports: host,
    version: "1.0.0",
  });
  const exit = status === 0 ? "" : `(exit status ${status})\n`;
  const log = host.logged.map((line) => `${line}\n`).join("");
  return `$ host-local ${args.join(" ")}\n${log}${stderr}${stdout.trimEnd()}`
    .trimEnd() + `\n${exit}`;
}
