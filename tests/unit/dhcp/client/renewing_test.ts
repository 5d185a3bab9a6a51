import { assert, assertEquals } from "@std/assert";
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

Deno.test("RENEWING ignores every server except the one that granted the lease", () => {
  const other = { options: { 54: "c0000209" } };
  const client = clientIn("RENEWING")
    .receive(reply("NAK", XID, other)).receive(reply("ACK", XID, other));
  assertEquals(client.state.state, "RENEWING");
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
