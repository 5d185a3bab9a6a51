/** Terminal sessions of the commands for operators: for the documentation, and as golden files. */

import { MESSAGE_TYPE } from "../../../lib/dhcp/codec/dhcp_message.ts";
import { runCommand } from "../../../lib/dhcp/operator/run_command.ts";
import type { LeaseEvent } from "../../../lib/dhcp/protocol/lease_event.ts";
import type { LeaseReport } from "../../../lib/dhcp/protocol/lease_report.ts";
import { ip, reply } from "../../support/dhcp_messages.ts";
import { LEASED, sampleLease } from "../../unit/dhcp/daemon/sample_lease.ts";
import {
  ExampleDhcpHost,
  type ExampleDhcpHostOptions,
  NETNS,
  NOW_MS,
} from "./example_dhcp_host.ts";

/** A call of a command, and the host that it is made on. */
export interface Session {
  /** The name of its golden file. */
  readonly name: string;
  readonly args: readonly string[];
  readonly host: ExampleDhcpHostOptions;
}

const WEB = "3f2a9c1b7d5e4f60a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718";
const DB = "b81d0c55aa0e4c7f9d3e2b1a0f9e8d7c6b5a49382716f5e4d3c2b1a0f9e8d7c6";
const JOB = "7c44e1d2f3a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function report(
  containerId: string,
  fields: Partial<LeaseReport> = {},
): LeaseReport {
  return {
    attachment: { containerId, networkName: "lan", ifName: "net1" },
    state: "BOUND",
    netns: NETNS,
    ifName: "net1",
    macAddress: "02:00:5e:10:00:01",
    lease: {
      address: "192.0.2.50/24",
      server: "192.0.2.1",
      startMs: NOW_MS - 20 * MINUTE_MS,
      t1Ms: NOW_MS + 5 * HOUR_MS + 40 * MINUTE_MS,
      t2Ms: NOW_MS + 10 * HOUR_MS + 10 * MINUTE_MS,
      expiresMs: NOW_MS + 11 * HOUR_MS + 40 * MINUTE_MS,
    },
    unanswered: 0,
    packets: {
      sent_discover: 1,
      sent_request: 3,
      received_offer: 1,
      received_ack: 3,
    },
    lastProblem: undefined,
    ...fields,
  };
}

const REBINDING = report(DB, {
  state: "REBINDING",
  lease: {
    address: "192.0.2.61/24",
    server: "192.0.2.1",
    startMs: NOW_MS - 11 * HOUR_MS,
    t1Ms: NOW_MS - 5 * HOUR_MS,
    t2Ms: NOW_MS - 30 * MINUTE_MS,
    expiresMs: NOW_MS + HOUR_MS,
  },
  unanswered: 6,
  packets: {
    sent_discover: 1,
    sent_request: 19,
    received_offer: 1,
    received_ack: 1,
    dropped_checksum: 2,
  },
});

const SEARCHING = report(JOB, {
  state: "INIT",
  lease: undefined,
  packets: { sent_discover: 4, sent_request: 2, received_nak: 2 },
  lastProblem: {
    event: "nak-received",
    // A server can write anything.
    reason: "pool \u001b[2J\u202eempty",
    atMs: NOW_MS - 42_000,
  },
});

/** A host with three leases. */
const NODE: ExampleDhcpHostOptions = {
  daemon: {
    leases: [report(WEB), SEARCHING, REBINDING],
    renewals: {
      [`${WEB}/lan/net1`]: event("renewed", WEB, {
        address: "192.0.2.50/24",
        expiresMs: NOW_MS + 12 * HOUR_MS,
      }),
      [`${DB}/lan/net1`]: event("failed", DB, {
        detail:
          "no DHCPACK received from 192.0.2.1: 5 DHCPREQUESTs for 192.0.2.61 unanswered",
      }),
    },
    watched: [
      {
        kind: "event",
        event: event("acquired", WEB, {
          address: "192.0.2.50/24",
          expiresMs: NOW_MS + 12 * HOUR_MS,
        }),
      },
      {
        kind: "event",
        event: event("failed", JOB, {
          server: "",
          detail: "no DHCPOFFER received: 9 DHCPDISCOVERs unanswered",
        }),
      },
      {
        kind: "event",
        event: event("released", WEB, { address: "192.0.2.50/24" }),
      },
      { kind: "end", reason: "stopping", missed: 0 },
    ],
  },
};

function event(
  kind: LeaseEvent["kind"],
  containerId: string,
  fields: Partial<LeaseEvent>,
): LeaseEvent {
  return {
    kind,
    atMs: NOW_MS,
    attachment: { containerId, networkName: "lan", ifName: "net1" },
    address: "",
    server: "192.0.2.1",
    expiresMs: Infinity,
    detail: "",
    ...fields,
  };
}

/** After the daemon was killed; its clock is one hour after the boot. */
const STOPPED: ExampleDhcpHostOptions = {
  stored: {
    records: [
      {
        ...LEASED,
        attachment: { containerId: WEB, networkName: "lan", ifName: "net1" },
        grant: { kind: "leased", lease: sampleLease({}, HOUR_MS - 1000) },
      },
      {
        ...LEASED,
        attachment: { containerId: DB, networkName: "lan", ifName: "net1" },
        bootId: "earlier",
      },
    ],
  },
};

const PROBE = ["probe", "--netns", NETNS];

/** A server, and another that has no server identifier. */
const TWO_SERVERS: ExampleDhcpHostOptions = {
  server: (discover) => [
    reply("OFFER", discover.xid, {
      options: { 6: "c0000235", 15: "6c616e2e6578616d706c65" },
    }),
    reply("OFFER", discover.xid, {
      yiaddr: ip("198.51.100.9"),
      options: { 54: undefined },
    }),
  ],
};

const REFUSED: ExampleDhcpHostOptions = {
  server: (discover) => [
    reply("OFFER", discover.xid, {
      options: { 1: undefined, 53: hexByte(MESSAGE_TYPE.OFFER) },
    }),
  ],
};

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

const LAN_CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "lan",
  plugins: [{
    type: "macvlan",
    master: "eth0",
    ipam: { type: "dhcp", timeout: 5, suppress: ["gateway", "dns"] },
  }],
});

const BROKEN_CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "lan",
  plugins: [{
    type: "macvlan",
    master: "eth0",
    ipam: {
      type: "dhcp",
      daemonSocketPth: "/run/cni/dhcp.sock",
      timeout: "soon",
      onExpiry: "keep",
      provide: [
        { option: "hostname", fromArg: "K8S_POD_NAME" },
        { option: "ntp-servers", value: "time.example" },
      ],
      request: [{ option: "subnet-mask", skipDefault: true }],
      suppress: ["gateways"],
    },
  }],
});

/** The sessions, in the order of the documentation. */
export const SESSIONS: readonly Session[] = [
  { name: "dhcp_help", args: ["--help"], host: NODE },
  { name: "leases", args: ["leases"], host: NODE },
  { name: "leases_files", args: ["leases"], host: STOPPED },
  { name: "leases_upstream", args: ["leases"], host: { daemon: "upstream" } },
  { name: "dhcp_show", args: ["show", DB.slice(0, 8)], host: NODE },
  {
    name: "dhcp_show_json",
    args: ["show", JOB.slice(0, 8), "--json"],
    host: NODE,
  },
  { name: "watch", args: ["watch"], host: NODE },
  { name: "renew", args: ["renew", WEB.slice(0, 8)], host: NODE },
  { name: "renew_failed", args: ["renew", DB.slice(0, 8)], host: NODE },
  { name: "release", args: ["release", WEB.slice(0, 8)], host: NODE },
  { name: "probe", args: PROBE, host: TWO_SERVERS },
  { name: "probe_silent", args: PROBE, host: {} },
  { name: "probe_refused", args: PROBE, host: REFUSED },
  {
    name: "probe_down",
    args: PROBE,
    host: { link: { isUp: false, hasCarrier: false } },
  },
  {
    name: "probe_config",
    args: [...PROBE, "--config", "lan.conflist"],
    host: { ...TWO_SERVERS, files: { "lan.conflist": LAN_CONFIG } },
  },
  {
    name: "dhcp_validate",
    args: ["validate", "lan.conflist"],
    host: { files: { "lan.conflist": LAN_CONFIG } },
  },
  {
    name: "dhcp_validate_errors",
    args: ["validate", "lan.conflist"],
    host: { files: { "lan.conflist": BROKEN_CONFIG } },
  },
];

/** Returns a session as a terminal of 80 columns shows it: the command, its output, its status. */
export async function sessionText({ args, host }: Session): Promise<string> {
  const ports = new ExampleDhcpHost(host);
  const { stdout, stderr, status } = await ports.scheduler.settle(
    runCommand(args, { ports, version: "1.0.0" }),
  );
  const exit = status === 0 ? "" : `(exit status ${status})\n`;
  const printed = [...ports.printed.map((line) => `${line}\n`), stdout]
    .join("").trimEnd();
  return `$ dhcp ${args.join(" ")}\n${stderr}${printed}`.trimEnd() +
    `\n${exit}`;
}
