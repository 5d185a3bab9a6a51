import { assert, assertEquals, assertMatch } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { BROADCAST_FLAG } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type { Printed } from "../../../../lib/cli/run_program.ts";
import { SendRefusedError } from "../../../../lib/dhcp/daemon/ports.ts";
import { runCommand } from "../../../../lib/dhcp/operator/run_command.ts";
import type { LeaseEvent } from "../../../../lib/dhcp/protocol/lease_event.ts";
import type { LeaseReport } from "../../../../lib/dhcp/protocol/lease_report.ts";
import {
  ExampleDhcpHost,
  type ExampleDhcpHostOptions,
  NETNS,
  NOW_MS,
} from "../../../dhcp/operator/example_dhcp_host.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { LEASED, sampleLease } from "../daemon/sample_lease.ts";

const HOUR_MS = 3_600_000;

function report(
  containerId: string,
  fields: Partial<LeaseReport> = {},
): LeaseReport {
  return {
    attachment: { containerId, networkName: "net", ifName: "eth0" },
    state: "BOUND",
    netns: "/ns/a",
    ifName: "eth0",
    macAddress: "",
    lease: {
      address: "192.0.2.50/24",
      server: "192.0.2.1",
      startMs: NOW_MS,
      t1Ms: NOW_MS + HOUR_MS,
      t2Ms: NOW_MS + 2 * HOUR_MS,
      expiresMs: NOW_MS + 3 * HOUR_MS,
    },
    unanswered: 0,
    packets: {},
    lastProblem: undefined,
    ...fields,
  };
}

function renewed(kind: LeaseEvent["kind"]): LeaseEvent {
  const { attachment } = report("c1");
  const values = { address: "192.0.2.50/24", server: "192.0.2.1" };
  return {
    kind,
    attachment,
    atMs: NOW_MS,
    ...values,
    expiresMs: Infinity,
    detail: "",
  };
}

const HOST: ExampleDhcpHostOptions = {
  daemon: {
    leases: [report("c1"), report("c2"), report("d1")],
    renewals: { "c1/net/eth0": renewed("renewed") },
  },
};

async function run(
  args: readonly string[],
  options: ExampleDhcpHostOptions = HOST,
): Promise<Printed & { readonly host: ExampleDhcpHost }> {
  const host = new ExampleDhcpHost(options);
  const printed = await host.scheduler.settle(
    runCommand(args, { ports: host, version: "1.2.3" }),
  );
  return { ...printed, host };
}

function withLease(fields: Partial<LeaseReport>): ExampleDhcpHostOptions {
  return { daemon: { leases: [report("c1", fields)] } };
}

function network(
  name: string,
  ipam: Readonly<Record<string, unknown>>,
): string {
  const type = "macvlan";
  return JSON.stringify({
    ...{ cniVersion: "1.0.0", name, type },
    ipam: { type: "dhcp", ...ipam },
  });
}

const LAN = network("lan", {
  broadcast: true,
  clientId: "mac",
  timeout: 4,
  provide: [
    { option: "host-name", fromArg: "K8S_POD_NAME" },
    { option: "dhcp-client-identifier", value: "container" },
  ],
  request: [{ option: "ntp-servers" }],
  suppress: ["dns", "gateway"],
});

const CONFIGURED: ExampleDhcpHostOptions = {
  server: ({ xid }) => [
    reply("OFFER", xid, { options: { 6: "c0000235", 15: "6c616e" } }),
  ],
  files: {
    "lan.conf": LAN,
    "invalid.conf": network("lan", { timeout: "soon" }),
    "both.conflist": JSON.stringify({
      items: ["lan", "wan"].map((name) => ({
        kind: "NetworkAttachmentDefinition",
        metadata: { name },
        spec: { config: network(name, {}) },
      })),
    }),
  },
};

const CONFIGURED_PROBE = ["probe", "--netns", NETNS];

testRows(
  "the exit status of",
  [
    { name: "help is 0", args: ["help"], want: 0 },
    { name: "an unknown command is 2", args: ["x"], want: 2 },
    { name: "leases is 0", args: ["leases"], want: 0 },
    {
      name: "leases of a daemon without any is 0",
      args: ["leases"],
      host: { daemon: {} },
      want: 0,
    },
    {
      name: "leases with one that is renewed is 0",
      args: ["leases"],
      host: withLease({ state: "RENEWING", unanswered: 1 }),
      want: 0,
    },
    {
      name: "leases with one that its server does not renew is 1",
      args: ["leases"],
      host: withLease({ state: "REBINDING" }),
      want: 1,
    },
    {
      name: "leases with one that is being acquired is 1",
      args: ["leases"],
      host: withLease({ state: "SELECTING", lease: undefined }),
      want: 1,
    },
    {
      name: "leases with one whose interface is gone is 1",
      args: ["leases"],
      host: withLease({ state: "GONE" }),
      want: 1,
    },
    {
      name: "leases without daemon and files is 0",
      args: ["leases"],
      host: {},
      want: 0,
    },
    {
      name: "leases with a file that cannot be read is 3",
      args: ["leases"],
      host: {
        stored: { records: [], unusable: [{ path: "/s/x", reason: "no" }] },
      },
      want: 3,
    },
    {
      name: "leases without daemon on an abstract socket is 3",
      args: ["leases", "--socket", "@x"],
      host: {},
      want: 3,
    },
    {
      name: "leases of upstream's daemon is 3",
      args: ["leases"],
      host: { daemon: "upstream" },
      want: 3,
    },
    { name: "show without a container is 2", args: ["show"], want: 2 },
    { name: "show is 0", args: ["show", "c1"], want: 0 },
    { name: "show of the start of an ID is 0", args: ["show", "d"], want: 0 },
    { name: "show of an ambiguous start is 2", args: ["show", "c"], want: 2 },
    { name: "show of another container is 1", args: ["show", "x"], want: 1 },
    {
      name: "show of another interface is 1",
      args: ["show", "c1", "--ifname", "eth1"],
      want: 1,
    },
    { name: "renew is 0", args: ["renew", "c1"], want: 0 },
    {
      name: "renew of one that cannot be is 1",
      args: ["renew", "c2"],
      want: 1,
    },
    { name: "renew of another container is 1", args: ["renew", "x"], want: 1 },
    {
      name: "renew without a daemon is 3",
      args: ["renew", "c1"],
      host: {},
      want: 3,
    },
    { name: "release is 0", args: ["release", "d1"], want: 0 },
    {
      name: "release of an ambiguous start is 2",
      args: ["release", "c"],
      want: 2,
    },
    {
      name: "release by upstream's daemon is 3",
      args: ["release", "c1"],
      host: { daemon: "upstream" },
      want: 3,
    },
    { name: "probe without a namespace is 2", args: ["probe"], want: 2 },
    {
      name: "probe for no time is 2",
      args: ["probe", "--netns", NETNS, "--timeout", "0"],
      want: 2,
    },
    {
      name: "probe for a time that is no number is 2",
      args: ["probe", "--netns", NETNS, "--timeout", "x"],
      want: 2,
    },
    {
      name: "probe of another namespace is 3",
      args: ["probe", "--netns", "/x"],
      want: 3,
    },
    {
      name: "probe without a server is 1",
      args: ["probe", "--netns", NETNS],
      want: 1,
    },
    {
      name: "probe with a network and no configuration is 2",
      args: ["probe", "--netns", NETNS, "--network", "lan"],
      want: 2,
    },
    {
      name: "probe with a missing configuration is 3",
      args: ["probe", "--netns", NETNS, "--config", "/x"],
      want: 3,
    },
    {
      name: "probe with two networks of a configuration is 3",
      args: [...CONFIGURED_PROBE, "--config", "both.conflist"],
      want: 3,
    },
    {
      name: "probe with one of two networks is 0",
      args: [
        ...[...CONFIGURED_PROBE, "--config", "both.conflist"],
        ...["--network", "lan"],
      ],
      host: CONFIGURED,
      want: 0,
    },
    {
      name: "probe with a network that a configuration lacks is 3",
      args: [
        ...[...CONFIGURED_PROBE, "--config", "lan.conf"],
        ...["--network", "wan"],
      ],
      host: CONFIGURED,
      want: 3,
    },
    {
      name: "probe with an invalid configuration is 3",
      args: [...CONFIGURED_PROBE, "--config", "invalid.conf"],
      host: CONFIGURED,
      want: 3,
    },
    {
      name: "validate of a missing file is 3",
      args: ["validate", "/x"],
      want: 3,
    },
    { name: "completion is 0", args: ["completion", "fish"], want: 0 },
    { name: "man is 0", args: ["man"], want: 0 },
    { name: "watch without a daemon is 3", args: ["watch"], host: {}, want: 3 },
    {
      name: "watch of upstream's daemon is 3",
      args: ["watch"],
      host: { daemon: "upstream" },
      want: 3,
    },
    {
      name: "watch of a daemon that disconnects is 3",
      args: ["watch"],
      want: 3,
    },
    {
      name: "watch whose reader has ended is 0",
      args: ["watch"],
      host: {
        daemon: { watched: [{ kind: "event", event: renewed("renewed") }] },
        readLines: 0,
      },
      want: 0,
    },
  ] as readonly {
    name: string;
    args: readonly string[];
    host?: ExampleDhcpHostOptions;
    want: number;
  }[],
  async ({ args, host = HOST, want }) => {
    const { status, stdout, stderr } = await run(args, host);
    assertEquals(status, want, `${stdout}${stderr}`);
  },
);

Deno.test("leases asks for every page", async () => {
  const { stdout, host } = await run(["leases", "--json"]);
  assertEquals(
    JSON.parse(stdout).leases.map((
      { containerId }: { containerId: string },
    ) => containerId),
    ["c1", "c2", "d1"],
  );
  assertEquals(host.requests, [
    { method: "leases", after: "" },
    { method: "leases", after: "c1/net/eth0" },
    { method: "leases", after: "c2/net/eth0" },
  ]);
});

Deno.test("leases ends if the daemon repeats a page", async () => {
  const leases = [report("c1"), report("c2")];
  const { status, stdout, stderr } = await run(["leases"], {
    daemon: { leases, repeatsPage: true },
  });
  assertEquals([status, stdout], [3, ""]);
  assertMatch(stderr, /the leases are not in order/);
});

Deno.test("leases --wide has T2, the server, the counters and the last error", async () => {
  const { stdout } = await run(
    ["leases", "--wide"],
    withLease({
      packets: { sent_request: 7, received_ack: 5 },
      lastProblem: { event: "send-failed", reason: "no", atMs: NOW_MS - 5000 },
    }),
  );
  assertEquals(
    stdout.split("\n").map((line) => line.split(/ {2,}/)).slice(0, 2),
    [
      [
        ...["CONTAINER", "NETWORK", "INTERFACE", "STATE", "ADDRESS", "T1"],
        ...["EXPIRY", "T2", "SERVER", "SENT", "RECEIVED", "LAST ERROR"],
      ],
      [
        ...["c1", "net", "eth0", "BOUND", "192.0.2.50/24", "1h"],
        ...["3h", "2h", "192.0.2.1", "7", "5", "send-failed: no (5s ago)"],
      ],
    ],
  );
});

Deno.test("no command prints what a terminal would obey", async () => {
  const evil = "\u001b[2J\u009b\u202e\r\n";
  const hostile = report(`c1${evil}`, {
    state: `REBINDING${evil}`,
    ifName: evil,
    netns: evil,
    lastProblem: { event: `nak-received`, reason: evil, atMs: NOW_MS },
  });
  const event = {
    ...renewed("failed"),
    attachment: hostile.attachment,
    detail: evil,
    address: evil,
    server: evil,
  };
  const host: ExampleDhcpHostOptions = {
    daemon: {
      leases: [hostile],
      watched: [{ kind: "event", event }],
      renewals: { [`c1${evil}/net/eth0`]: event },
    },
    server: ({ xid }) => [
      reply("OFFER", xid, { options: { 15: "1b5b324a", 119: "" } }),
    ],
  };
  const calls = [
    ...["leases", "watch"].map((name) => [name]),
    ...["show", "renew", "release"].map((name) => [name, "c1"]),
    ["probe", "--netns", NETNS],
  ];
  for (const call of calls) {
    for (const options of [[], ["--wide"], ["--json"]]) {
      const { stdout, stderr, host: { printed } } = await run(
        [...call, ...options],
        host,
      );
      const text = [stdout, stderr, ...printed].join("\n");
      assert(text.length > 20, call.join(" "));
      // deno-lint-ignore no-control-regex
      const found = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.exec(
        text,
      );
      assertEquals(found, null, `${call.join(" ")}: ${text}`);
    }
  }
});

Deno.test("the leases of files have states of their own", async () => {
  const record = (
    containerId: string,
    fields: Partial<typeof LEASED>,
  ): typeof LEASED => ({
    ...LEASED,
    attachment: { containerId, networkName: "net", ifName: "eth0" },
    grant: { kind: "leased", lease: sampleLease({}, HOUR_MS - 1000) },
    ...fields,
  });
  const offer = { address: ip("192.0.2.7"), server: ip("192.0.2.1") };
  const { stdout } = await run(["leases", "--json"], {
    stored: {
      records: [
        record("e", { bootId: "earlier" }),
        record("d", {
          grant: { kind: "leased", lease: sampleLease({}, -HOUR_MS) },
        }),
        record("c", { isLost: true }),
        { ...record("b", {}), grant: { kind: "offered", offer } },
        record("a", {}),
      ],
    },
  });
  const { source, leases } = JSON.parse(stdout);
  assertEquals(source, "files");
  assertEquals(
    leases.map((
      { containerId, state, address, expiry }: Record<string, unknown>,
    ) => [containerId, state, address, expiry === null]),
    [
      ["a", "STORED", "192.0.2.50/24", false],
      ["b", "OFFERED", "192.0.2.7", true],
      ["c", "LOST", "192.0.2.50/24", false],
      ["d", "EXPIRED", "192.0.2.50/24", false],
      ["e", "EARLIER-BOOT", "192.0.2.50/24", true],
    ],
  );
});

Deno.test("a lease that never ends has no times", async () => {
  const { stdout } = await run(
    ["show", "c1"],
    withLease({
      lease: {
        address: "192.0.2.50/24",
        server: "192.0.2.1",
        startMs: NOW_MS,
        t1Ms: Infinity,
        t2Ms: Infinity,
        expiresMs: Infinity,
      },
    }),
  );
  assertEquals(/expiry +never\n/.test(stdout), true, stdout);
});

Deno.test("release asks for the leases of one container only, and of its interface", async () => {
  const { host, stderr } = await run(["release", "d1", "--ifname", "eth0"]);
  assertEquals(host.requests.slice(-1), [{
    method: "release",
    attachment: report("d1").attachment,
  }]);
  assert(stderr.includes("may still have 192.0.2.50/24"), stderr);
});

Deno.test("watch and renew say the same without a daemon", async () => {
  const watched = await run(["watch"], {});
  const renewed = await run(["renew", "c1"], {});
  assertEquals(watched.stderr, renewed.stderr);
});

Deno.test("watch prints only the events of a container", async () => {
  const other = { ...renewed("renewed"), attachment: report("d1").attachment };
  const { host } = await run(["watch", "d", "--json"], {
    daemon: {
      watched: [
        { kind: "event", event: renewed("renewed") },
        { kind: "event", event: other },
        { kind: "end", reason: "too-slow", missed: 3 },
      ],
    },
  });
  assertEquals(
    host.printed.map((line) => {
      const { event, containerId, missed } = JSON.parse(line);
      return [event, containerId, missed];
    }),
    [["renewed", "d1", undefined], ["watch-ended", undefined, 3]],
  );
});

Deno.test("a probe that may not send ends at once", async () => {
  const sendError = new SendRefusedError("socket: operation not permitted", {
    advice: "the daemon needs CAP_NET_RAW",
  });
  const { status, stdout, host } = await run(
    ["probe", "--netns", NETNS, "--json"],
    { sendError },
  );
  const { steps } = JSON.parse(stdout);
  assertEquals(status, 1);
  assertEquals(steps.at(-1), {
    step: "sent",
    verdict: "failed",
    text: "no DHCPDISCOVER: socket: operation not permitted",
    details: [],
    advice: "the daemon needs CAP_NET_RAW",
  });
  assertEquals(host.scheduler.nowMs(), 1_000_000);
});

Deno.test("a probe that cannot send now tries until its time is over", async () => {
  const sendError = new SystemError("network is down");
  const { stdout, host } = await run(
    ["probe", "--netns", NETNS, "--timeout", "4", "--json"],
    { sendError },
  );
  assertEquals(JSON.parse(stdout).steps.at(-1).verdict, "failed");
  assertEquals(host.scheduler.nowMs(), 1_004_000);
});

Deno.test("a probe sends and accepts what a network configures, with an identifier of its own", async () => {
  const args = ["--config", "lan.conf", "--args", "K8S_POD_NAME=web-0"];
  const probed = await run([...CONFIGURED_PROBE, ...args], CONFIGURED);
  const [discover] = probed.host.discovers;
  assertEquals(discover?.flags, BROADCAST_FLAG);
  const options = discover?.options;
  assertEquals(new TextDecoder().decode(options?.get(12)), "web-0");
  assert(options?.get(55)?.includes(42));
  assertMatch(
    new TextDecoder().decode(options?.get(61)),
    /^\0dhcp-probe\/02:00:5e:10:00:01\//,
  );
  assert(!probed.stdout.includes("name servers"));
  assert(probed.stdout.includes("no routes"));
  const silent = { ...CONFIGURED, server: () => [] };
  const { stdout } = await run([...CONFIGURED_PROBE, ...args], silent);
  assert(stdout.includes("no answer within 4 s"));
});

Deno.test("a probe reports how long it waits, and how long it listens for other servers", async () => {
  const { host } = await run(CONFIGURED_PROBE, CONFIGURED);
  assertEquals(
    [...new Set(host.reported)],
    [3, 2, 1].map((seconds) =>
      `listening for other servers, ${seconds} s left, DHCPDISCOVERs: 1`
    ),
  );
  const silent = await run([...CONFIGURED_PROBE, "--timeout", "4"], {});
  assertEquals(
    silent.host.reported[0],
    "waiting for an offer, 4 s left, DHCPDISCOVERs: 1",
  );
});

Deno.test("a probe shows the lease time of the server, whatever fraction the clock has", async () => {
  const host = { ...CONFIGURED, answerMs: 12.1 };
  const { stdout } = await run(CONFIGURED_PROBE, host);
  assert(stdout.includes("lease time 1h, "), stdout);
});

Deno.test("validate reports how many files are checked", async () => {
  const { host } = await run(["validate", "lan.conf"], CONFIGURED);
  assertEquals(host.reported, ["checking configurations: 0"]);
});

Deno.test("a probe keeps a limited number of different answers", async () => {
  let last = 0;
  const { stdout } = await run(["probe", "--netns", NETNS, "--json"], {
    server: ({ xid }) =>
      Array.from({ length: 9 }, () => {
        last += 1;
        const yiaddr = ip(`198.18.0.${last}`);
        return reply("OFFER", xid, { yiaddr, options: { 54: undefined } });
      }),
  });
  const { answers, steps } = JSON.parse(stdout);
  assertEquals(answers.length, 32);
  const received = steps.find(({ step }: { step: string }) =>
    step === "received"
  );
  assert(
    /other answers not listed/.test(received.details.join()),
    received.details,
  );
});

Deno.test("a probe lists an answer that is repeated once", async () => {
  const { stdout } = await run(["probe", "--netns", NETNS, "--json"], {
    server: ({ xid }) => [
      reply("OFFER", xid, { options: { 54: undefined } }),
      reply("NAK", xid),
    ],
  });
  assertEquals(
    JSON.parse(stdout).answers.map(({ refusal }: { refusal: string }) =>
      refusal
    ),
    [
      "no server identifier (option 54)",
      "DHCPNAK instead of DHCPOFFER",
    ],
  );
});

Deno.test("validate reads standard input", async () => {
  const config = JSON.stringify({
    cniVersion: "1.0.0",
    name: "net",
    ipam: { type: "dhcp", timeout: -1 },
  });
  const { status, stdout } = await run(["validate", "-", "--json"], {
    files: { "-": config },
  });
  const { errors, files } = JSON.parse(stdout);
  assertEquals([status, errors, files[0].problems[0].path], [
    1,
    1,
    "ipam.timeout",
  ]);
});

testRows("validate warns about", [
  {
    name: "an unknown key of an entry",
    ipam: { provide: [{ option: "60", valeu: "x" }] },
    path: "ipam.provide[0].valeu",
  },
  {
    name: "an unknown key of a single entry",
    ipam: { request: { option: "3", skipDefaults: true } },
    path: "ipam.request.skipDefaults",
  },
  {
    name: "an unknown key of routes",
    ipam: { routes: { alow: ["10.0.0.0/8"] } },
    path: "ipam.routes.alow",
  },
  {
    name: "a list of routes",
    ipam: { routes: [{ dst: "0.0.0.0/0" }] },
    path: "ipam.routes",
  },
  {
    name: "a relative socket",
    ipam: { daemonSocketPath: "run/dhcp.sock" },
    path: "ipam.daemonSocketPath",
  },
  {
    name: "a probe that takes all the time",
    ipam: { conflictProbeMs: 5000, timeout: 5 },
    path: "ipam.conflictProbeMs",
  },
  {
    name: "a request without a subnet mask",
    ipam: { request: [{ option: "3", skipDefault: true }] },
    path: "ipam.request",
  },
  {
    name: "a client identifier that has no effect",
    ipam: { clientId: "mac", provide: [{ option: "61", hex: "0102" }] },
    path: "ipam.clientId",
  },
], async ({ ipam, path }) => {
  const config = { cniVersion: "1.0.0", name: "net" };
  const text = JSON.stringify({ ...config, ipam: { type: "dhcp", ...ipam } });
  const { status, stdout } = await run(["validate", "x", "--json"], {
    files: { x: text },
  });
  const { errors, files: [{ problems }] } = JSON.parse(stdout);
  assertEquals([status, errors], [0, 0], stdout);
  assertEquals(
    problems.map((each: { path: string; severity: string }) =>
      `${each.severity} ${each.path}`
    ),
    [`warning ${path}`],
  );
});

Deno.test("validate has no problem with a complete configuration, and names what is sent", async () => {
  const ipam = {
    ...{ type: "dhcp", daemonSocketPath: "@dhcp", timeout: "30s" },
    ...{ clientId: "duid", broadcast: "auto", onExpiry: "keep" },
    ...{ onChange: "keep", conflictProbeMs: 200, priority: 5 },
    ...{ suppress: ["dns"], routes: { deny: ["10.0.0.0/8"] } },
    allowSplitDefault: true,
    provide: [{ option: "host-name", value: "a", fromArg: "K8S_POD_NAME" }],
    request: [{ option: "ntp-servers" }],
  };
  const plugins = [{ type: "macvlan", master: "eth0", ipam }];
  const text = JSON.stringify({ cniVersion: "1.0.0", name: "net", plugins });
  const { status, stdout } = await run(["validate", "x", "--strict"], {
    files: { x: text },
  });
  assertEquals([status, stdout.split("\n").slice(0, 3)], [0, [
    "x",
    "  network net: daemon at @dhcp; requests options 42, 121, 3, 1, 33, 6, 15, 119,",
    "    26; sends options 12",
  ]]);
});
