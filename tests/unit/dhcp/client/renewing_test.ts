import { assert, assertEquals } from "@std/assert";
import { leaseFromAck } from "../../../../lib/dhcp/client/lease.ts";
import { decodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { hex } from "../../../support/bytes.ts";
import { ClientDriver, seededU32 } from "../../../support/client_driver.ts";
import {
  ADDRESS,
  clientIn,
  lease,
  LEASE_MS,
  XID,
} from "../../../support/client_states.ts";
import { ip, reply, settings } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const T0 = 1_000_000;
const MINUTE = 60_000;

Deno.test("RENEWING begins at T1 with a unicast from the leased address, ciaddr set, 50 and 54 absent", () => {
  const client = clientIn("RENEWING");
  const { atMs, source, destination, message } = client.last;
  assertEquals(
    [atMs - T0, source, destination, formatIpAddress(message.ciaddr)],
    [LEASE_MS / 2, "192.0.2.50", "192.0.2.1", "192.0.2.50"],
  );
  assertEquals([message.options.has(50), message.options.has(54)], [
    false,
    false,
  ]);
  assertEquals([message.secs, message.flags], [0, 0]);
});

Deno.test("REBINDING begins at T2 with a broadcast REQUEST, not a DISCOVER", () => {
  const client = clientIn("REBINDING");
  const { atMs, type, source, destination, message } = client.last;
  assertEquals(
    [atMs - T0, type, source, destination, formatIpAddress(message.ciaddr)],
    [
      LEASE_MS * 7 / 8,
      "REQUEST",
      "192.0.2.50",
      "255.255.255.255",
      "192.0.2.50",
    ],
  );
  assertEquals(message.secs, (LEASE_MS * 3 / 8) / 1000);
});

Deno.test("RENEWING and REBINDING wait 4 s, doubling, at most half of what remains (RFC 2131 sections 4.1 and 4.4.5)", () => {
  const client = clientIn("BOUND").advance(LEASE_MS - 1);
  const renewals = client.sent.slice(2).map(({ atMs, destination }) => [
    Math.round((atMs - T0) / 1000),
    destination === "192.0.2.1" ? "unicast" : "broadcast",
  ]);
  assertEquals(renewals, [
    [1800, "unicast"],
    [1804, "unicast"],
    [1812, "unicast"],
    [1828, "unicast"],
    [1860, "unicast"],
    [1924, "unicast"],
    [2052, "unicast"],
    [2308, "unicast"],
    [2729, "unicast"],
    [2940, "unicast"],
    [3045, "unicast"],
    [3105, "unicast"],
    [3150, "broadcast"],
    [3154, "broadcast"],
    [3162, "broadcast"],
    [3178, "broadcast"],
    [3210, "broadcast"],
    [3274, "broadcast"],
    [3402, "broadcast"],
    [3501, "broadcast"],
    [3557, "broadcast"],
  ]);
});

Deno.test("a lease of two minutes gets several REQUESTs in both phases", () => {
  const client = clientIn("REQUESTING")
    .receive(reply("ACK", XID, { options: { 51: "00000078" } }))
    .advance(119_000);
  const tries = client.sent.slice(2).map(({ atMs }) =>
    Math.round((atMs - T0) / 100) / 10
  );
  assertEquals(
    tries,
    [60, 64, 72, 88, 96.5, 102.1, 105, 109, 114.5, 117.3],
  );
});

Deno.test("each REQUEST of a renewal has its own xid", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(5) });
  client.server = ({ type, message }) =>
    client.sent.length > 2
      ? []
      : [reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid)];
  client.event({ kind: "start", link: "up" }).advance(LEASE_MS - 1);
  const xids = client.sent.slice(1).map(({ message }) => message.xid);
  assertEquals(new Set(xids).size, xids.length);
  assert(xids.length > 8);
});

Deno.test("a renewal counts from the REQUEST that it answers", () => {
  const client = clientIn("RENEWING").advance(5000).receive(reply("ACK", XID));
  const [renewed] = client.of("leaseRenewed");
  assertEquals(renewed?.lease.expiresMs, T0 + LEASE_MS * 3 / 2 + 4000);
});

const OTHER_SERVER = { options: { 54: "c0000209" } };

Deno.test("RENEWING ignores a NAK of another server", () => {
  const client = clientIn("RENEWING").receive(reply("NAK", XID, OTHER_SERVER));
  assertEquals(client.state.state, "RENEWING");
});

Deno.test("RENEWING accepts an ACK of another server, and later renewals go to that server", () => {
  const client = clientIn("RENEWING").receive(reply("ACK", XID, OTHER_SERVER));
  assertEquals(
    client.of("leaseRenewed")[0]?.lease.serverIdentifier,
    ip("192.0.2.9"),
  );
  client.advance(LEASE_MS / 2);
  assertEquals([client.state.state, client.last.destination], [
    "RENEWING",
    "192.0.2.9",
  ]);
});

testRows(
  'another server cannot replace the address ("the client has successfully reacquired its network address", RFC 2131 section 4.4.5) in',
  [
    { name: "RENEWING", state: "RENEWING" as const },
    { name: "REBINDING", state: "REBINDING" as const },
  ],
  ({ state }) => {
    const client = clientIn(state)
      .receive(
        reply("ACK", XID, { yiaddr: ip("192.0.2.60"), ...OTHER_SERVER }),
      );
    assertEquals(client.state.state, state);
    const [refusal] = client.of("log").filter(({ event }) =>
      event === "ack-refused"
    );
    assertEquals([refusal?.level, refusal?.fields], [
      "warn",
      { reason: "address 192.0.2.60 instead of 192.0.2.50" },
    ]);
  },
);

testRows("an ACK without a server identifier in", [
  {
    name: "RENEWING counts if it comes from the server's address",
    state: "RENEWING" as const,
    source: "192.0.2.1",
    want: "BOUND",
  },
  {
    name: "REBINDING counts if it comes from the server's address",
    state: "REBINDING" as const,
    source: "192.0.2.1",
    want: "BOUND",
  },
  {
    name: "RENEWING is ignored from any other address",
    state: "RENEWING" as const,
    source: "192.0.2.9",
    want: "RENEWING",
  },
  {
    name: "REBINDING is ignored from any other address",
    state: "REBINDING" as const,
    source: "192.0.2.9",
    want: "REBINDING",
  },
], ({ state, source, want }) => {
  const client = clientIn(state)
    .receive(reply("ACK", XID, { options: { 54: undefined } }), ip(source));
  assertEquals(client.state.state, want);
  const [renewed] = client.of("leaseRenewed");
  assertEquals(
    renewed?.lease.serverIdentifier,
    want === "BOUND" ? ip("192.0.2.1") : undefined,
  );
});

testRows("a refused ACK is a warning", [
  { name: "once, if it is repeated", addresses: [60, 60, 60], warnings: 1 },
  {
    name: "four times, if it varies",
    addresses: [60, 61, 62, 63, 64, 65],
    warnings: 4,
  },
], ({ addresses, warnings }) => {
  const client = clientIn("REBINDING");
  for (const last of addresses) {
    const yiaddr = ip(`192.0.2.${last}`);
    client.receive(reply("ACK", XID, { yiaddr, ...OTHER_SERVER }));
  }
  const levels = client.of("log").filter(({ event }) => event === "ack-refused")
    .map(({ level }) => level);
  assertEquals(levels.filter((level) => level === "warn").length, warnings);
  assertEquals(levels.length, addresses.length);
});

/** What the first ACK has; a renewal may leave any of it out. */
const COMPLETE = {
  6: "c0000235",
  15: "612e6578616d706c65",
  26: "0578",
  33: "0a000000 c0000202",
  58: "000000b4",
  59: "00000b40",
  119: "0162 00",
  121: "08 0a c0000203 00 c0000204",
};

function clientWithEverything(): ClientDriver {
  return clientIn("REQUESTING")
    .receive(reply("ACK", XID, { options: COMPLETE }))
    .advance(180_000);
}

testRows("a renewal changes nothing that it leaves out:", [
  { name: "the subnet mask (1)", leftOut: [1] },
  { name: "the router (3)", leftOut: [3] },
  { name: "the name servers (6)", leftOut: [6] },
  { name: "the domain (15)", leftOut: [15] },
  { name: "the MTU (26)", leftOut: [26] },
  { name: "the static routes (33)", leftOut: [33] },
  { name: "the lease time (51)", leftOut: [51] },
  { name: "the search list (119)", leftOut: [119] },
  { name: "the classless routes (121)", leftOut: [121] },
  {
    name: "everything",
    leftOut: [1, 3, 6, 15, 26, 33, 51, 54, 58, 59, 119, 121],
  },
], ({ leftOut }) => {
  const client = clientWithEverything();
  const before = client.of("leaseAcquired")[0]?.lease;
  assert(before !== undefined);
  const absent = Object.fromEntries(leftOut.map((code) => [code, undefined]));
  client.receive(reply("ACK", XID, { options: { ...COMPLETE, ...absent } }));
  assertEquals(client.of("leaseChanged"), []);
  const after = client.of("leaseRenewed")[0]?.lease;
  const passed = 180_000;
  assertEquals(after, {
    ...before,
    sentMs: before.sentMs + passed,
    t1Ms: before.t1Ms + passed,
    t2Ms: before.t2Ms + passed,
    expiresMs: before.expiresMs + passed,
    ack: after?.ack,
  });
  // What was left out is stored: the next daemon restores the same lease from the ACK.
  const restored = leaseFromAck(decodeMessage(after?.ack ?? new Uint8Array()), {
    sentMs: after?.sentMs ?? 0,
  });
  assertEquals(restored.kind === "lease" && restored.lease, after);
});

testRows("a renewal changes nothing with an option that is", [
  { name: "empty (3)", options: { 3: "" } },
  { name: "malformed (3)", options: { 3: "c00002" } },
  { name: "without a usable router (3)", options: { 3: "7f000001 00000000" } },
  { name: "empty (6)", options: { 6: "" } },
  { name: "empty (15)", options: { 15: "" } },
  { name: "not a domain name (15)", options: { 15: "612c62" } },
  { name: "malformed (26)", options: { 26: "05" } },
  { name: "too small an MTU (26)", options: { 26: "0043" } },
  { name: "malformed (33)", options: { 33: "0a000000" } },
  { name: "malformed (51)", options: { 51: "0e10" } },
  { name: "malformed (119)", options: { 119: "c000" } },
  { name: "empty (121)", options: { 121: "" } },
  { name: "without a usable route (121)", options: { 121: "08 7f c0000203" } },
  { name: "not a mask (1)", options: { 1: "ff00ff00" } },
], ({ options }) => {
  const client = clientWithEverything();
  const acquired = client.of("leaseAcquired")[0]?.lease;
  client.receive(reply("ACK", XID, { options: { ...COMPLETE, ...options } }));
  assertEquals(client.of("leaseChanged"), []);
  const [renewed] = client.of("leaseRenewed");
  assertEquals(renewed?.lease.expiresMs, (acquired?.expiresMs ?? 0) + 180_000);
  const ignored = client.of("log").filter(({ event }) =>
    event === "option-ignored"
  );
  assert(ignored.some(({ level }) => level === "warn"));
});

testRows("a renewal changes what is present and different:", [
  { name: "the router (3)", options: { 3: "c0000209" }, want: "gateway" },
  { name: "the name servers (6)", options: { 6: "c0000236" }, want: "dns" },
  { name: "the domain (15)", options: { 15: "62" }, want: "dns" },
  { name: "the search list (119)", options: { 119: "0163 00" }, want: "dns" },
  { name: "the MTU (26)", options: { 26: "05dc" }, want: "mtu" },
  {
    name: "the classless routes (121)",
    options: { 121: "00 c0000209" },
    want: "routes",
  },
  { name: "the mask (1)", options: { 1: "fffffe00" }, want: "prefixLength" },
], ({ options, want }) => {
  const client = clientWithEverything()
    .receive(reply("ACK", XID, { options: { ...COMPLETE, ...options } }));
  const [log] = client.of("log").filter(({ event }) =>
    event === "lease-changed"
  );
  assertEquals(log?.fields["changed"], want);
});

testRows("the times of a renewal", [
  {
    name: "are all those of the renewal if it has a lease time (51)",
    options: { 51: "00000078" },
    want: [60, 105, 120],
  },
  {
    name: "are the lease time from before and a T1 that is sent",
    options: { 51: undefined, 58: "0000003c" },
    want: [60, 2880, 3600],
  },
], ({ options, want }) => {
  const client = clientWithEverything();
  const startMs = client.nowMs;
  client.receive(reply("ACK", XID, { options }));
  const { t1Ms = 0, t2Ms = 0, expiresMs = 0 } =
    client.of("leaseChanged")[0]?.lease ??
      client.of("leaseRenewed")[0]?.lease ??
      {};
  assertEquals(
    [t1Ms, t2Ms, expiresMs].map((ms) => (ms - startMs) / 1000),
    [...want],
  );
});

Deno.test("a value that a server no longer sends stays over many renewals", () => {
  const client = clientWithEverything();
  for (let i = 0; i < 5; i++) {
    client.receive(reply("ACK", XID, {
      options: { 1: undefined, 3: undefined },
    })).advance(180_000).advance(LEASE_MS / 2);
  }
  assertEquals(client.of("leaseChanged"), []);
});

testRows("a renewal is no change with", [
  {
    name: "the name servers in another order",
    first: { 6: "c0000235 c0000236" },
    then: { 6: "c0000236 c0000235" },
  },
  {
    name: "the routes in another order",
    first: { 121: "08 0a c0000203 00 c0000204" },
    then: { 121: "00 c0000204 08 0a c0000203" },
  },
], ({ first, then }) => {
  const client = clientIn("REQUESTING")
    .receive(reply("ACK", XID, { options: first }))
    .advance(LEASE_MS / 2)
    .receive(reply("ACK", XID, { options: then }));
  assertEquals(client.of("leaseChanged"), []);
  assertEquals(client.of("leaseRenewed").length, 1);
});

Deno.test("an option that is ignored in every renewal is a warning once", () => {
  const bad = { options: { 26: "05" } };
  const client = clientIn("REQUESTING").receive(reply("ACK", XID, bad))
    .advance(LEASE_MS / 2).receive(reply("ACK", XID, bad))
    .advance(LEASE_MS / 2).receive(reply("ACK", XID, bad));
  const levels = client.of("log").filter(({ event }) =>
    event === "option-ignored"
  ).map(({ level }) => level);
  assertEquals(levels, ["warn", "debug", "debug"]);
});

Deno.test("a link that comes back asks about the lease, and the ACK is complete by itself except for mask and times", () => {
  const client = clientIn("REBOOTING (lease)").receive(reply("ACK", XID, {
    options: { 1: undefined, 3: undefined, 51: undefined },
  }));
  const [changed] = client.of("leaseChanged");
  assertEquals([changed?.lease.prefixLength, changed?.lease.gateway], [
    24,
    undefined,
  ]);
  assertEquals(
    (changed?.lease.expiresMs ?? 0) - (changed?.lease.sentMs ?? 0),
    LEASE_MS,
  );
});

Deno.test("REBINDING accepts any server, and later renewals go to that server", () => {
  const client = clientIn("REBINDING")
    .receive(reply("ACK", XID, { options: { 54: "c0000209" } }))
    .advance(LEASE_MS / 2);
  assertEquals([client.state.state, client.last.destination], [
    "RENEWING",
    "192.0.2.9",
  ]);
});

Deno.test("a renewal with other values reports which values, and the previous lease", () => {
  const client = clientIn("RENEWING").receive(reply("ACK", XID, {
    yiaddr: ip("192.0.2.60"),
    options: { 3: "c0000202", 51: "00000078" },
  }));
  const [changed] = client.of("leaseChanged");
  const [log] = client.of("log").filter(({ event }) =>
    event === "lease-changed"
  );
  assertEquals(log?.fields["changed"], "address,gateway,routes");
  assertEquals(changed?.previous.address, ADDRESS);
  assertEquals(changed?.lease.address, ip("192.0.2.60"));
  client.advance(MINUTE);
  assertEquals(client.last.source, "192.0.2.60");
});

Deno.test("a renewal without a subnet mask keeps the mask", () => {
  const client = clientIn("RENEWING")
    .receive(reply("ACK", XID, { options: { 1: undefined } }));
  assertEquals(client.of("leaseRenewed")[0]?.lease.prefixLength, 24);
});

Deno.test("an unusable ACK of a renewal is ignored", () => {
  const client = clientIn("RENEWING")
    .receive(reply("ACK", XID, { yiaddr: ip("0.0.0.0") }));
  assertEquals(client.state.state, "RENEWING");
  client.advance(LEASE_MS);
  assertEquals(client.of("leaseLost")[0]?.reason, "expired");
});

testRows("a NAK ends the lease and is followed by DISCOVER in", [
  { name: "RENEWING, at once", state: "RENEWING" as const, afterMs: 0 },
  { name: "REBINDING, at once", state: "REBINDING" as const, afterMs: 0 },
  {
    name: "REBOOTING, after 1 s: the second restart in a row",
    state: "REBOOTING (lease)" as const,
    afterMs: 1000,
  },
], ({ state, afterMs }) => {
  const client = clientIn(state).advance(100);
  const nakMs = client.nowMs;
  client.receive(reply("NAK", XID, { options: { 56: "6e6f" } }));
  const [lost] = client.of("leaseLost");
  const [log] = client.of("log").filter(({ event }) => event === "lease-lost");
  assertEquals([lost?.reason, log?.fields["message"]], ["nak", "no"]);
  client.advance(afterMs);
  assertEquals([client.last.type, client.last.atMs], [
    "DISCOVER",
    nakMs + afterMs,
  ]);
  assertEquals(client.last.message.options.has(50), false);
});

Deno.test("a lease is lost when it expires, and DISCOVERs continue until there is another", () => {
  const client = clientIn("BOUND").advance(LEASE_MS);
  const [lost] = client.of("leaseLost");
  assertEquals([lost?.reason, lost?.timeMs], ["expired", T0 + LEASE_MS]);
  assertEquals(client.last.type, "DISCOVER");
  assertEquals(client.last.message.options.get(50), hex("c0000232"));

  client.advance(24 * 60 * MINUTE);
  assertEquals(client.of("failed"), []);
  assert(client.last.atMs > client.nowMs - 2 * MINUTE, "still trying");

  client.server = ({ type, message }) => [
    reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid),
  ];
  client.advance(2 * MINUTE);
  assertEquals(client.of("leaseAcquired").length, 2);
});

Deno.test("a lease that expired during a suspend is not renewed first", () => {
  const client = clientIn("BOUND");
  client.nowMs += LEASE_MS * 10;
  client.event({ kind: "timer" });
  assertEquals(client.summary().slice(4), ["leaseLost expired", "DISCOVER"]);
});

Deno.test("an infinite lease is never renewed", () => {
  const client = clientIn("REQUESTING")
    .receive(reply("ACK", XID, { options: { 51: "ffffffff" } }));
  assertEquals(client.timerMs, undefined);
  client.advance(10 * 365 * 24 * 60 * MINUTE);
  assertEquals(client.sent.length, 2);
});

Deno.test("conflicts in a row back off beyond ten seconds", () => {
  const client = new ClientDriver(settings({ timings: { probeMs: 100 } }));
  client.server = ({ type, message }) =>
    type === "DECLINE" || type === "RELEASE"
      ? []
      : [reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid)];
  client.event({ kind: "start", link: "up" });
  let probes = 0;
  for (let i = 0; i < 200_000 / 50; i++) {
    client.advance(50);
    if (client.of("probe").length > probes) {
      probes++;
      client.event({ kind: "conflict" });
    }
  }
  const declines = client.sent.filter(({ type }) => type === "DECLINE");
  const gaps = declines.slice(1).map((sent, i) =>
    Math.round((sent.atMs - (declines[i]?.atMs ?? 0)) / 1000)
  );
  assertEquals(gaps, [10, 10, 10, 10, 10, 16, 32, 62]);
});

Deno.test("RELEASE is a unicast from the leased address, once", () => {
  const client = clientIn("BOUND").event({ kind: "stop", release: true });
  const { type, source, destination } = client.last;
  assertEquals([type, source, destination], [
    "RELEASE",
    "192.0.2.50",
    "192.0.2.1",
  ]);
  client.event({ kind: "stop", release: true });
  assertEquals(client.sent.length, 3);
  assertEquals(client.timerMs, undefined);
});

Deno.test("a link that comes back makes the client verify its lease, which stays in use", () => {
  const client = clientIn("BOUND (link down)").advance(MINUTE)
    .event({ kind: "linkUp" });
  const { type, source, destination, message } = client.last;
  assertEquals([type, source, destination], [
    "REQUEST",
    "0.0.0.0",
    "255.255.255.255",
  ]);
  assertEquals(message.options.get(50), hex("c0000232"));
  assertEquals(message.options.has(54), false);
  client.advance(4000);
  assertEquals([client.state.state, client.of("leaseLost")], ["BOUND", []]);
  const [, ...later] = client.of("leaseAcquired");
  assertEquals(later, []);
});

Deno.test("a flapping link does not make a client with a lease flood the network", () => {
  const client = clientIn("BOUND");
  for (let i = 0; i < 600; i++) {
    client.event({ kind: "linkDown" }).advance(50)
      .event({ kind: "linkUp" }).advance(50);
  }
  assert(client.sent.length < 10, `${client.sent.length}`);
  client.advance(LEASE_MS);
  assert(client.of("leaseLost").length === 1);
});

Deno.test("a flapping link after T1 causes at most one REQUEST per second", () => {
  const client = clientIn("RENEWING");
  for (let i = 0; i < 600; i++) {
    client.event({ kind: "linkDown" }).advance(50)
      .event({ kind: "linkUp" }).advance(50);
  }
  assert(client.sent.length <= 63, `${client.sent.length}`);
});

Deno.test("a short lease survives a flapping link, with any jitter", () => {
  for (let seed = 0; seed < 200; seed++) {
    const client = new ClientDriver(settings(), {
      randomU32: seededU32(seed),
    });
    client.server = ({ type, message }) => [
      reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid, {
        options: { 51: "0000003c" },
      }),
    ];
    client.delayMs = 5;
    client.event({ kind: "start", link: "up" }).advance(1000);
    for (let i = 0; i < 8; i++) {
      client.event({ kind: "linkDown" }).advance(500)
        .event({ kind: "linkUp" }).advance(500);
    }
    client.advance(600_000);
    assertEquals(client.of("leaseLost"), [], `seed ${seed}`);
  }
});

testRows("resume continues a lease in", [
  { name: "BOUND before T1", ageMs: 0, want: ["BOUND"] },
  {
    name: "RENEWING after T1",
    ageMs: LEASE_MS / 2,
    want: ["RENEWING", "REQUEST"],
  },
  {
    name: "REBINDING after T2",
    ageMs: LEASE_MS * 7 / 8,
    want: ["REBINDING", "REQUEST"],
  },
  {
    name: "SELECTING after its expiry",
    ageMs: LEASE_MS,
    want: ["SELECTING", "leaseLost expired", "DISCOVER"],
  },
], ({ ageMs, want }) => {
  const client = new ClientDriver();
  client.event({
    kind: "resume",
    link: "up",
    lease: lease(client.nowMs - ageMs),
  });
  assertEquals([client.state.state, ...client.summary()], want);
});

testRows("T1 of one second", [
  { name: "is obeyed", seconds: "00000001", requests: 60 },
  { name: "of two is obeyed", seconds: "00000002", requests: 30 },
  { name: "of zero is repaired", seconds: "00000000", requests: 0 },
], ({ seconds, requests }) => {
  const client = new ClientDriver();
  client.server = ({ type, message }) => [
    reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid, {
      options: { 58: seconds },
    }),
  ];
  client.event({ kind: "start", link: "up" }).advance(MINUTE);
  assertEquals(client.sent.length - 2, requests);
});

Deno.test("a renewal before T1 is a unicast from the leased address, and the lease begins again", () => {
  const client = clientIn("BOUND").advance(MINUTE);
  client.event({ kind: "renew" });
  const { source, destination, message } = client.last;
  assertEquals([source, destination, formatIpAddress(message.ciaddr)], [
    "192.0.2.50",
    "192.0.2.1",
    "192.0.2.50",
  ]);
  client.receive(reply("ACK", XID));
  const { state } = client;
  assert(state.state === "BOUND");
  assertEquals(state.lease.expiresMs - T0, LEASE_MS + MINUTE);
});

Deno.test("a renewal before T1 without an answer ends after 10 s, and T1 comes as if it had not been", () => {
  const client = clientIn("BOUND").advance(MINUTE);
  const before = client.state;
  const done = client.summary().length;
  client.event({ kind: "renew" }).advance(10_000);
  assertEquals(client.state, before);
  const effects = client.summary().slice(done);
  assertEquals(effects.at(-1), "renewalFailed");
  assertEquals(new Set(effects.slice(0, -1)), new Set(["REQUEST"]));
  assert(effects.length >= 4, effects.join());
  assertEquals(client.timerMs, T0 + LEASE_MS / 2);
});

Deno.test("a renewal before T1 of a lease that never ends does not last either", () => {
  const client = clientIn("REQUESTING");
  client.receive(reply("ACK", XID, { options: { 51: "ffffffff" } }));
  client.event({ kind: "renew" }).advance(10_000);
  assertEquals([client.state.state, client.timerMs], ["BOUND", undefined]);
});

Deno.test("a renewal that an operator asks for just before T1 continues after it", () => {
  const client = clientIn("BOUND").advance(LEASE_MS / 2 - 1000);
  client.event({ kind: "renew" }).advance(20_000);
  assertEquals(client.state.state, "RENEWING");
});
