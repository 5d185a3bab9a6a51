import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { ipv4FromBits } from "../../../../lib/net/ipv4_address.ts";
import { hex } from "../../../support/bytes.ts";
import {
  ClientDriver,
  seededU32,
  type Sent,
} from "../../../support/client_driver.ts";
import {
  ADDRESS,
  clientIn,
  HELD,
  lease,
  XID,
} from "../../../support/client_states.ts";
import { ip, reply, settings } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { describeFailure } from "../../../../lib/dhcp/client/failure_text.ts";

const START = { kind: "start", link: "up" } as const;
const T0 = 1_000_000;

function times(sent: readonly Sent[]): number[] {
  return sent.map(({ atMs }) => atMs - T0);
}

Deno.test("SELECTING sends again after 0.3 s, then 1, 1, 2, 2, 4, 4, 8 s and so on, while a caller waits", () => {
  const client = clientIn("SELECTING").advance(40_000);
  assertEquals(
    times(client.sent),
    [0, 300, 1300, 2300, 4300, 6300, 10_300, 14_300, 22_300, 30_300, 38_300],
  );
});

Deno.test("SELECTING has one xid while a caller waits, so a late answer counts", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(1) })
    .event(START).advance(60_000);
  const xids = client.sent.map(({ message }) => message.xid);
  assertEquals(new Set(xids).size, 1);
  const states = client.of("log").filter(({ event }) =>
    event === "state-changed"
  );
  assertEquals(states.map(({ fields }) => fields["to"]), ["SELECTING"]);
});

testRows("an ADD succeeds although the server needs", [
  { name: "3 s", delayMs: 3000 },
  { name: "8 s", delayMs: 8000 },
  { name: "14 s", delayMs: 14_000 },
  { name: "25 s", delayMs: 25_000 },
], ({ delayMs }) => {
  const client = new ClientDriver(
    settings({ timings: { resendTimeoutMs: 60_000 } }),
    { randomU32: seededU32(6) },
  );
  client.delayMs = delayMs;
  client.server = ({ type, message }) => [
    reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid),
  ];
  client.event(START).advance(60_000);
  assertEquals(client.of("leaseAcquired")[0]?.timeMs, T0 + 2 * delayMs);
});

Deno.test("a lost lease is replaced although the server needs 14 s", () => {
  const client = clientIn("BOUND").advance(3_600_000 - 1);
  client.delayMs = 14_000;
  client.server = ({ type, message }) => [
    reply(type === "DISCOVER" ? "OFFER" : "ACK", message.xid),
  ];
  client.advance(120_000);
  assertEquals(client.of("leaseLost").length, 1);
  assertEquals(client.of("leaseAcquired").length, 2);
});

Deno.test("after a lost lease SELECTING waits 10, 20, 40, 62 s, with pauses of 2, 4, 8, 16 s", () => {
  const client = clientIn("BOUND").advance(3_600_000 + 170_000);
  const changes = client.of("log").filter(({ event, fields }) =>
    event === "state-changed" &&
    ["SELECTING", "INIT"].includes(String(fields["to"]))
  ).slice(1).map(({ timeMs, fields }) => [
    fields["to"],
    (timeMs - T0 - 3_600_000) / 1000,
  ]);
  assertEquals(changes, [
    ["SELECTING", 0],
    ["INIT", 10],
    ["SELECTING", 12],
    ["INIT", 32],
    ["SELECTING", 36],
    ["INIT", 76],
    ["SELECTING", 84],
    ["INIT", 146],
    ["SELECTING", 162],
  ]);
});

testRows("DISCOVER has another xid after", [
  {
    name: "a NAK",
    leave: (client: ClientDriver): unknown =>
      client.receive(reply("NAK", client.last.message.xid)).advance(2000),
  },
  {
    name: "an ACK that cannot be used",
    leave: (client: ClientDriver): unknown =>
      client.receive(
        reply("ACK", client.last.message.xid, { options: { 1: "00" } }),
      ).advance(2000),
  },
], ({ leave }) => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(7) });
  client.event({ kind: "resume", link: "up", lease: lease(client.nowMs) })
    .advance(3_600_000);
  const { xid } = client.last.message;
  client.receive(reply("OFFER", xid));
  leave(client);
  assertEquals(client.last.type, "DISCOVER");
  assertNotEquals(client.last.message.xid, xid);
});

testRows("DISCOVER has the same xid after", [
  {
    name: "a REQUEST without an answer",
    leave: (client: ClientDriver): unknown =>
      client.receive(reply("OFFER", client.last.message.xid)).advance(13_000),
  },
  {
    name: "a link that went down and up",
    leave: (client: ClientDriver): unknown =>
      client.event({ kind: "linkDown" }).event({ kind: "linkUp" }),
  },
], ({ leave }) => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(8) })
    .event(START);
  const { xid } = client.last.message;
  const before = client.sent.length;
  leave(client);
  const discovers = client.sent.slice(before).filter(({ type }) =>
    type === "DISCOVER"
  );
  assert(discovers.length > 0);
  assertEquals(
    new Set(discovers.map(({ message }) => message.xid)),
    new Set([xid]),
  );
});

Deno.test("SELECTING counts secs from the start of the acquisition (RFC 2131 section 2)", () => {
  const client = clientIn("SELECTING").advance(13_000);
  assertEquals(
    client.sent.map(({ message }) => message.secs),
    [0, 0, 1, 2, 4, 6, 10],
  );
});

Deno.test("secs stays at 65535", () => {
  const client = clientIn("BOUND").advance(3_600_000).advance(70_000_000);
  assertEquals(client.last.message.secs, 65535);
});

testRows("SELECTING asks for broadcast answers", [
  { name: "never with broadcast false", broadcast: false, want: [0, 0, 0, 0] },
  {
    name: "always with broadcast true",
    broadcast: true,
    want: [0x8000, 0x8000, 0x8000, 0x8000],
  },
  {
    name: "after two unanswered DISCOVERs with broadcast auto",
    broadcast: "auto" as const,
    want: [0, 0, 0x8000, 0x8000],
  },
], ({ broadcast, want }) => {
  const client = clientIn("SELECTING", settings({ broadcast })).advance(2300);
  assertEquals(client.sent.map(({ message }) => message.flags), want);
});

Deno.test("REQUESTING keeps the BROADCAST bit that the offer needed", () => {
  const client = clientIn("SELECTING").advance(1300)
    .receive(reply("OFFER", XID));
  assertEquals([client.last.type, client.last.message.flags], [
    "REQUEST",
    0x8000,
  ]);
  client.advance(300);
  const flags = client.sent.map(({ message }) => message.flags);
  assertEquals(flags.slice(-2), [0x8000, 0x8000]);
});

Deno.test('REQUESTING "MUST use the same value in the secs field" and xid as the DISCOVER (RFC 2131 section 3.1 step 3)', () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(2) })
    .event(START).advance(5000);
  const { xid, secs } = client.last.message;
  client.receive(reply("OFFER", xid)).advance(3000);
  const requests = client.sent.filter(({ type }) => type === "REQUEST");
  assert(requests.length > 2 && secs > 0);
  for (const { message } of requests) {
    assertEquals([message.xid, message.secs], [xid, secs]);
  }
});

Deno.test("SELECTING accepts the first of two offers and names its server", () => {
  const client = clientIn("SELECTING")
    .receive(reply("OFFER", XID, { yiaddr: ip("192.0.2.60") }))
    .receive(reply("OFFER", XID, { options: { 54: "c0000209" } }));
  assertEquals(client.last.message.options.get(50), hex("c000023c"));
  assertEquals(client.last.message.options.get(54), hex("c0000201"));
  assertEquals(client.summary(), ["DISCOVER", "offerAccepted", "REQUEST"]);
});

testRows("SELECTING refuses an offer", [
  {
    name: "without a server identifier",
    offer: { options: { 54: undefined } },
    want: "no server identifier (option 54)",
  },
  {
    name: "of 0.0.0.0",
    offer: { yiaddr: ip("0.0.0.0") },
    want: "address 0.0.0.0 in yiaddr",
  },
  {
    name: "of 127.0.0.1",
    offer: { yiaddr: ip("127.0.0.1") },
    want: "address 127.0.0.1 in yiaddr",
  },
  {
    name: "of the broadcast address of its subnet",
    offer: { yiaddr: ip("192.0.2.255") },
    want: "address 192.0.2.255 in yiaddr",
  },
  {
    name: "of the network address of its subnet",
    offer: { yiaddr: ip("192.0.2.0") },
    want: "address 192.0.2.0 in yiaddr",
  },
  {
    name: "of a server at the offered address",
    offer: { options: { 54: "c0000232" } },
    want: "server identifier 192.0.2.50 (option 54)",
  },
  {
    name: "for another client identifier",
    offer: { options: { 61: "0100" } },
    want: "the client identifier of another client (option 61)",
  },
], ({ offer, want }) => {
  const client = clientIn("SELECTING").receive(reply("OFFER", XID, offer));
  assertEquals(client.state.state, "SELECTING");
  client.advance(208_000);
  const [failed] = client.of("failed");
  assert(failed?.failure.kind === "offer-refused");
  assertEquals(failed.failure.reason, want);
});

Deno.test("SELECTING warns once about an offer that a server repeats", () => {
  const client = clientIn("SELECTING");
  const bad = reply("OFFER", XID, { options: { 54: undefined } });
  for (let i = 0; i < 5; i++) client.receive(bad);
  const logs = client.of("log").filter(({ event }) =>
    event === "offer-refused"
  );
  assertEquals(logs.map(({ level }) => level), [
    "warn",
    "debug",
    "debug",
    "debug",
    "debug",
  ]);
});

Deno.test("SELECTING accepts a usable offer after an unusable one", () => {
  const client = clientIn("SELECTING")
    .receive(reply("OFFER", XID, { options: { 54: undefined } }))
    .receive(reply("OFFER", XID)).receive(reply("ACK", XID));
  assertEquals(client.state.state, "BOUND");
});

Deno.test("an acquisition fails at its deadline and counts the unanswered DISCOVERs", () => {
  const client = clientIn(
    "SELECTING",
    settings({
      timings: { resendTimeoutMs: 25_000 },
    }),
  ).advance(60_000);
  const [failed] = client.of("failed");
  assert(failed?.failure.kind === "no-offer");
  assertEquals(failed.timeMs, T0 + 25_000);
  assertEquals(failed.failure.discovers, client.sent.length);
  assertEquals(client.state.state, "STOPPED");
});

Deno.test("an acquisition whose link never comes up fails with link-down", () => {
  const client = clientIn("INIT (link down)").advance(208_000);
  assertEquals(client.sent, []);
  assertEquals(client.summary(), ["failed link-down"]);
});

Deno.test("an acquisition that waited for its link sends as soon as the link is up", () => {
  const client = clientIn("INIT (link down)").advance(1700)
    .event({ kind: "linkUp" });
  assertEquals(times(client.sent), [1700]);
});

testRows("an ADD whose link comes up after 0.4 s ends within a second", [
  { name: "with nothing lost", lost: [], wantMs: [400, 400, 400] },
  {
    name: "with the first DISCOVER lost",
    lost: [1],
    wantMs: [625, 700, 775],
  },
  { name: "with the first REQUEST lost", lost: [2], wantMs: [625, 700, 775] },
], ({ lost, wantMs }) => {
  // The smallest, the nominal and the largest jitter.
  const jitters = [0, 2 ** 31, 2 ** 32 - 1];
  const tookMs = jitters.map((random) => {
    const client = new ClientDriver(settings(), { randomU32: () => random });
    client.server = ({ type, message: { xid } }) => {
      if (lost.some((count) => count === client.sent.length)) return [];
      return [reply(type === "DISCOVER" ? "OFFER" : "ACK", xid)];
    };
    client.event({ kind: "start", link: "down" }).advance(400)
      .event({ kind: "linkUp" }).advance(1000);
    return (client.of("leaseAcquired")[0]?.timeMs ?? Infinity) - T0;
  });
  assertEquals(tookMs, wantMs);
});

Deno.test("an acquisition that waited for its link still obeys the first NAK at once", () => {
  const client = clientIn("INIT (link down)").advance(500)
    .event({ kind: "linkUp" })
    .receive(reply("OFFER", XID)).receive(reply("NAK", XID));
  assertEquals([client.last.type, client.last.atMs], ["DISCOVER", T0 + 500]);
});

Deno.test("a flapping link does not make a waiting acquisition flood the network", () => {
  const client = clientIn("INIT (link down)");
  for (let i = 0; i < 600; i++) {
    client.event({ kind: "linkUp" }).advance(50)
      .event({ kind: "linkDown" }).advance(50);
  }
  assert(client.sent.length <= 8, `${client.sent.length}`);
});

Deno.test("REQUESTING requests the same address again after its link was down", () => {
  const client = clientIn("REQUESTING").event({ kind: "linkDown" })
    .advance(100).event({ kind: "linkUp" });
  assertEquals(client.last.type, "DISCOVER");
  assertEquals(client.last.message.options.get(50), hex("c0000232"));
});

Deno.test("REQUESTING ignores every server except the one whose offer it accepted", () => {
  const other = { options: { 54: "c0000209" } };
  const client = clientIn("REQUESTING")
    .receive(reply("NAK", XID, other)).receive(reply("ACK", XID, other));
  assertEquals(client.state.state, "REQUESTING");
});

Deno.test("REQUESTING without an answer returns to INIT, and the failure names server and address", () => {
  const client = clientIn(
    "REQUESTING",
    settings({
      timings: { resendTimeoutMs: 10_500 },
    }),
  ).advance(11_000);
  const [failed] = client.of("failed");
  assertEquals(
    failed && describeFailure(failed.failure),
    "no DHCPACK received from 192.0.2.1: 9 DHCPREQUESTs for 192.0.2.50 unanswered",
  );
});

Deno.test('a NAK is obeyed at once (RFC 2131 section 3.1 step 4: "the client restarts the configuration process")', () => {
  const client = clientIn("REQUESTING").advance(100);
  client.receive(reply("NAK", XID));
  assertEquals([client.last.type, client.last.atMs], ["DISCOVER", T0 + 100]);
});

Deno.test("NAKs in a row back off: 0, 1, 2, 4, 8 s", () => {
  const client = new ClientDriver();
  client.server = ({ type, message }) =>
    type === "DISCOVER"
      ? [reply("OFFER", message.xid)]
      : [reply("NAK", message.xid)];
  client.event(START).advance(40_000);
  const discovers = client.sent.filter(({ type }) => type === "DISCOVER");
  assertEquals(times(discovers), [0, 0, 1000, 3000, 7000, 15_000, 31_000]);
});

Deno.test("an acquisition that fails after NAKs quotes the server", () => {
  const client = new ClientDriver(settings({
    timings: { resendTimeoutMs: 500 },
  }));
  client.server = ({ type, message }) =>
    type === "DISCOVER"
      ? [reply("OFFER", message.xid)]
      : [reply("NAK", message.xid, { options: { 56: "676f2061776179" } })];
  client.event(START).advance(1000);
  const [failed] = client.of("failed");
  assertEquals(
    failed && describeFailure(failed.failure),
    'DHCPNAK received from 192.0.2.1: "go away"',
  );
});

const NO_MASK = { options: { 1: undefined } };

Deno.test("an ACK without a subnet mask is completed with that of the OFFER", () => {
  const client = clientIn("SELECTING")
    .receive(reply("OFFER", XID, { options: { 1: "fffffe00" } }))
    .receive(reply("ACK", XID, NO_MASK));
  assertEquals(client.of("leaseAcquired")[0]?.lease.prefixLength, 23);
});

Deno.test("an ACK without a lease time is completed with the times of the OFFER", () => {
  const times = { 51: "00000078", 58: "0000000a", 59: "00000064" };
  const client = clientIn("SELECTING")
    .receive(reply("OFFER", XID, { options: times }))
    .receive(reply("ACK", XID, { options: { 51: undefined } }));
  const lease = client.of("leaseAcquired")[0]?.lease;
  assertEquals(
    [lease?.t1Ms, lease?.t2Ms, lease?.expiresMs],
    [T0 + 10_000, T0 + 100_000, T0 + 120_000],
  );
});

Deno.test("an ACK is complete by itself otherwise", () => {
  const client = clientIn("SELECTING")
    .receive(reply("OFFER", XID, { options: { 6: "c0000235", 26: "0578" } }))
    .receive(reply("ACK", XID, { options: { 3: undefined } }));
  const lease = client.of("leaseAcquired")[0]?.lease;
  assertEquals(
    [lease?.gateway, lease?.routes, lease?.dns.nameservers, lease?.mtu],
    [undefined, [], [], undefined],
  );
});

Deno.test("an ACK without a subnet mask after an OFFER without one is released and fails the acquisition", () => {
  const client = clientIn("SELECTING").receive(reply("OFFER", XID, NO_MASK))
    .receive(reply("ACK", XID, NO_MASK));
  const { type, source, destination, message } = client.last;
  assertEquals(
    [type, source, destination, formatIpAddress(message.ciaddr)],
    ["RELEASE", "192.0.2.50", "192.0.2.1", "192.0.2.50"],
  );
  const [failed] = client.of("failed");
  assertEquals(
    failed && describeFailure(failed.failure),
    "DHCPACK from 192.0.2.1 cannot be used: DHCP option Subnet Mask not found in DHCPACK",
  );
});

Deno.test("an ACK without a subnet mask after a lost lease is released, and the client continues", () => {
  const client = clientIn("BOUND").advance(3_600_000);
  assertEquals(client.state.state, "SELECTING");
  client.receive(reply("OFFER", XID, NO_MASK))
    .receive(reply("ACK", XID, NO_MASK));
  assertEquals(client.summary().slice(-2), ["REQUEST", "RELEASE"]);
  assertEquals(client.of("failed"), []);
  assertEquals(client.advance(2000).last.type, "DISCOVER");
});

testRows(
  "an ACK for another address than requested is refused, and RELEASE names that address, in",
  [
    { name: "REQUESTING", state: "REQUESTING" as const },
    { name: "REBOOTING", state: "REBOOTING" as const },
  ],
  ({ state }) => {
    const client = clientIn(state)
      .receive(reply("ACK", XID, { yiaddr: ip("192.0.2.77") }));
    const { type, source, destination, message } = client.last;
    assertEquals(
      [type, source, destination, formatIpAddress(message.ciaddr)],
      ["RELEASE", "192.0.2.77", "192.0.2.1", "192.0.2.77"],
    );
    const [failed] = client.of("failed");
    assertEquals(
      failed && describeFailure(failed.failure),
      "DHCPACK from 192.0.2.1 cannot be used: address 192.0.2.77 instead of 192.0.2.50",
    );
  },
);

Deno.test("an ACK for an address that no host can have is refused, and RELEASE names the address requested", () => {
  const client = clientIn("REQUESTING")
    .receive(reply("ACK", XID, { yiaddr: ip("192.0.2.255") }));
  assertEquals(formatIpAddress(client.last.message.ciaddr), "192.0.2.50");
  const [failed] = client.of("failed");
  assertEquals(
    failed && describeFailure(failed.failure),
    "DHCPACK from 192.0.2.1 cannot be used: address 192.0.2.255 in yiaddr",
  );
});

Deno.test("a lease counts from the last REQUEST (RFC 2131 section 4.4.1)", () => {
  const client = clientIn("REQUESTING").advance(450).receive(
    reply("ACK", XID),
  );
  assertEquals(client.of("leaseAcquired")[0]?.lease.sentMs, T0 + 300);
});

Deno.test("PROBING with a conflict sends DECLINE and waits ten seconds (RFC 2131 section 3.1 step 5)", () => {
  const client = clientIn("PROBING").event({ kind: "conflict" });
  const { type, source, message } = client.last;
  assertEquals([type, source], ["DECLINE", "0.0.0.0"]);
  assertEquals(message.options.get(50), hex("c0000232"));
  assertEquals(message.options.get(54), hex("c0000201"));
  client.advance(9999);
  assertEquals(client.last.type, "DECLINE");
  client.advance(1);
  assertEquals(client.last.type, "DISCOVER");
  assertEquals(client.last.message.options.has(50), false);
});

Deno.test("PROBING with a conflict does not request the declined address again", () => {
  const client = new ClientDriver(settings({ timings: { probeMs: 500 } }))
    .event({ ...START, held: HELD }).receive(reply("ACK", XID))
    .event({ kind: "conflict" }).advance(10_000);
  assertEquals(client.last.type, "DISCOVER");
  assertEquals(client.last.message.options.has(50), false);
});

Deno.test("an acquisition that fails after a conflict reports the conflict", () => {
  const client = clientIn("PROBING").event({ kind: "conflict" })
    .advance(208_000);
  assertEquals(client.of("failed")[0]?.failure, {
    kind: "no-offer",
    discovers: 30,
    before: { kind: "conflict", address: ADDRESS },
  });
});

testRows("an acquisition that fails after a NAK reports", [
  {
    name: "the NAK, if an answer may still have been in transit",
    resendTimeoutMs: 1000,
    want: 'DHCPNAK received from 192.0.2.1: "no"',
  },
  {
    name: "the NAK and the unanswered DISCOVERs after it",
    resendTimeoutMs: 1400,
    want:
      'no DHCPOFFER received: 3 DHCPDISCOVERs unanswered, after DHCPNAK received from 192.0.2.1: "no"',
  },
], ({ resendTimeoutMs, want }) => {
  const given = settings({ timings: { resendTimeoutMs } });
  const client = clientIn("REQUESTING", given)
    .receive(reply("NAK", XID, { options: { 56: "6e6f" } })).advance(2000);
  const [failed] = client.of("failed");
  assertEquals(failed && describeFailure(failed.failure), want);
});

testRows<{ name: string; leave: (client: ClientDriver) => unknown }>(
  "stop releases a requested address although REQUESTING ended with",
  [
    { name: "a pause", leave: (client) => client.advance(10_500) },
    {
      name: "a link that went down",
      leave: (client) => client.event({ kind: "linkDown" }),
    },
    {
      name: "a link that went down, and up",
      leave: (client) =>
        client.event({ kind: "linkDown" }).event({ kind: "linkUp" }),
    },
  ],
  ({ leave }) => {
    const client = clientIn("REQUESTING");
    leave(client);
    assertNotEquals(client.state.state, "REQUESTING");
    client.event({ kind: "stop", release: true });
    assertEquals(client.last.type, "RELEASE");
    assertEquals(formatIpAddress(client.last.message.ciaddr), "192.0.2.50");
  },
);

Deno.test("a requested address is released when time runs out in SELECTING", () => {
  const client = clientIn(
    "REQUESTING",
    settings({ timings: { resendTimeoutMs: 20_000 } }),
  ).advance(20_000);
  assertEquals(client.summary().slice(-2), ["RELEASE", "failed no-offer"]);
});

Deno.test("an address that was refused with a NAK is not released", () => {
  const client = clientIn("REQUESTING").receive(reply("NAK", XID))
    .event({ kind: "stop", release: true });
  assertEquals(client.summary().includes("RELEASE"), false);
});

Deno.test("INIT-REBOOT that waited for its link continues with DISCOVER if no server answers (RFC 2131 section 3.2)", () => {
  const client = clientIn("INIT-REBOOT (link down)")
    .event({ kind: "linkUp" }).advance(4000);
  assertEquals([client.last.type, client.state.link], ["DISCOVER", "up"]);
});

Deno.test("REBOOTING asks again after its link was down", () => {
  const client = clientIn("REBOOTING").event({ kind: "linkDown" });
  assertEquals([client.state.state, client.state.link], [
    "INIT-REBOOT",
    "down",
  ]);
  client.event({ kind: "linkUp" });
  assertEquals(client.summary(), ["REQUEST", "REQUEST"]);
});

Deno.test("PROBING requests and probes the address again after its link was down", () => {
  const client = clientIn("PROBING").event({ kind: "linkDown" }).advance(1000)
    .event({ kind: "linkUp" });
  assertEquals(client.state.state, "REBOOTING");
  client.receive(reply("ACK", XID));
  assertEquals(client.summary().slice(-2), ["REQUEST", "probe"]);
});

Deno.test("a link that goes down and up does not shorten the ten seconds after a DECLINE", () => {
  const client = clientIn("PROBING").event({ kind: "conflict" })
    .event({ kind: "linkDown" }).advance(1000).event({ kind: "linkUp" })
    .advance(8999);
  assertEquals(client.last.type, "DECLINE");
  assertEquals(client.advance(1).last.type, "DISCOVER");
});

Deno.test("stop in REQUESTING releases what the server may have granted", () => {
  const client = clientIn("REQUESTING").event({ kind: "stop", release: true });
  assertEquals(
    [client.last.type, client.last.source, client.last.destination],
    ["RELEASE", "192.0.2.50", "192.0.2.1"],
  );
});

Deno.test("a stopped client can be started again, with another xid", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(3) })
    .event(START);
  const first = client.last.message.xid;
  client.event({ kind: "stop", release: false }).advance(60_000).event(START);
  assertEquals(client.sent.length, 2);
  assertNotEquals(client.last.message.xid, first);
});

Deno.test("REBOOTING without an answer continues with DISCOVER for the same address after 4 s", () => {
  const client = clientIn("REBOOTING").advance(4000);
  assertEquals([client.last.type, client.last.atMs], ["DISCOVER", T0 + 4000]);
  assertEquals(client.last.message.options.get(50), hex("c0000232"));
});

Deno.test("REBOOTING leaves half of a short deadline to DISCOVER", () => {
  const client = clientIn(
    "REBOOTING",
    settings({
      timings: { resendTimeoutMs: 2000 },
    }),
  ).advance(1000);
  assertEquals([client.last.type, client.last.atMs], ["DISCOVER", T0 + 1000]);
});

Deno.test("REBOOTING that is refused does not request the address again", () => {
  const client = clientIn("REBOOTING").receive(reply("NAK", XID));
  assertEquals(client.last.type, "DISCOVER");
  assertEquals(client.last.message.options.has(50), false);
});

Deno.test("an exchange ignores an answer to one before a NAK", () => {
  const client = new ClientDriver(settings(), { randomU32: seededU32(4) })
    .event(START);
  const { xid } = client.last.message;
  client.receive(reply("OFFER", xid)).receive(reply("NAK", xid));
  assertEquals(client.state.state, "SELECTING");
  client.receive(reply("OFFER", xid));
  assertEquals(client.state.state, "SELECTING");
});

Deno.test("a client in BOUND ignores every message", () => {
  const client = clientIn("BOUND");
  const before = client.state;
  for (const type of ["OFFER", "ACK", "NAK"] as const) {
    client.receive(reply(type, XID));
  }
  client.receive(reply("ACK", XID, { yiaddr: ipv4FromBits(0xc0000299) }));
  assertEquals(client.state, before);
});

testRows("an acquisition that fails in REQUESTING after a NAK reports", [
  {
    name: "the NAK, if the answer to its only REQUEST may have been in transit",
    timeoutMs: 200,
    want: 'DHCPNAK received from 192.0.2.1: "no"',
  },
  {
    name: "the unanswered REQUESTs, if there are several",
    timeoutMs: 5000,
    want:
      "no DHCPACK received from 192.0.2.1: 7 DHCPREQUESTs for 192.0.2.50 unanswered",
  },
], ({ timeoutMs, want }) => {
  const timings = { resendTimeoutMs: timeoutMs };
  const client = new ClientDriver(settings({ timings }), {
    randomU32: seededU32(6),
  });
  let naks = 0;
  client.server = ({ type, message: { xid } }) => {
    if (type === "DISCOVER") return [reply("OFFER", xid)];
    if (naks++ > 0) return [];
    return [reply("NAK", xid, { options: { 56: "6e6f" } })];
  };
  client.event(START).advance(10_000);
  const [failed] = client.of("failed");
  assertEquals(failed && describeFailure(failed.failure), want);
});
