import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { SendRefusedError } from "../../../../lib/dhcp/daemon/ports.ts";
import { hex } from "../../../support/bytes.ts";
import { SERVER_MAC } from "./fake_interface.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import {
  allocate,
  anyCaller,
  C1,
  failure,
  FakeHost,
  friendly,
  granting,
  HOUR_MS,
  silent,
} from "./fake_host.ts";

const RELEASE = { method: "release", attachment: C1 } as const;

Deno.test("a renewal is sent by unicast, and its deadlines are stored", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  await host.advance(HOUR_MS / 2 + 1000);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
  assertEquals(host.sent.at(-1)?.destination, "192.0.2.1");
  assertEquals(attached.openSockets, 0);
  const grant = host.record()?.grant;
  assertEquals(
    grant?.kind === "leased" && grant.lease.sentMs > 2_000_000,
    true,
  );
});

Deno.test("a renewal that fails until T2 is counted once, and so is the lost lease", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  const failed = (): readonly (number | undefined)[] => {
    const { counters } = host.daemon.status();
    return [counters["renewals_failed"], counters["leases_lost_expired"]];
  };
  host.server = silent;
  await host.advance(HOUR_MS * 3 / 4);
  assertEquals(host.daemon.status().leases, { RENEWING: 1 });
  assertEquals(failed(), [undefined, undefined]);
  await host.advance(HOUR_MS / 8 + 60_000);
  assertEquals(host.daemon.status().leases, { REBINDING: 1 });
  assertEquals(failed(), [1, undefined]);
  await host.advance(HOUR_MS / 8);
  assertEquals(failed(), [1, 1]);
});

Deno.test("the next expiry is that of the first lease, if a lease expires", async () => {
  const host = new FakeHost();
  host.interface();
  assertEquals(host.daemon.nextExpiryMs, undefined);
  const startMs = host.nowMs;
  await host.add();
  const { nextExpiryMs = 0 } = host.daemon;
  assertEquals(
    nextExpiryMs >= startMs + HOUR_MS && nextExpiryMs <= host.nowMs + HOUR_MS,
    true,
  );
});

Deno.test("a renewal without an answer holds a socket for ten seconds", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.server = silent;
  await host.advance(HOUR_MS / 2 - 60_000);
  while (attached.openSockets === 0) await host.advance(1000);
  await host.advance(9000);
  assertEquals(attached.openSockets, 1);
  let openMs = 0;
  const sent = host.types.length;
  for (let second = 0; second < 600; second++) {
    openMs += attached.openSockets * 1000;
    await host.advance(1000);
  }
  const tries = host.types.length - sent + 1;
  assertEquals(openMs <= tries * 11_000, true, `${openMs} ms, ${tries} tries`);
  assertEquals(host.daemon.status()["leases"], { RENEWING: 1 });
});

Deno.test("a removed namespace ends the lease, which is released from the host", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.remove("removed");
  assertEquals(host.daemon.status()["leases"], { GONE: 1 });
  attached.notify("netns-gone");
  await host.advance(0);
  assertEquals(host.typesFromHost, ["RELEASE"]);
  assertEquals([host.leases.files.size, host.daemon.status()["leases"]], [
    0,
    {},
  ]);
});

Deno.test("a removed interface whose removal is not reported yet is released from the host at DEL", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  const hostDevice = { name: "cni0", vlanId: undefined };
  await host.add(C1, { hostDevice });
  attached.link = undefined;
  await host.daemon.release(RELEASE);
  assertEquals(host.typesFromHost, ["RELEASE"]);
  const [sent] = host.interfaces.sentFromHost;
  assertEquals(sent?.route, {
    device: hostDevice,
    client: hex("02005e100001"),
    server: SERVER_MAC,
  });
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a lease whose interface is down is released from the host at DEL", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.set({ isUp: false, hasCarrier: false });
  await host.daemon.release(RELEASE);
  assertEquals([host.types, host.typesFromHost], [
    ["DISCOVER", "REQUEST"],
    ["RELEASE"],
  ]);
});

Deno.test("an interface that came back is used for the RELEASE", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  const { link } = attached;
  attached.remove("removed");
  assertEquals(host.daemon.status()["leases"], { GONE: 1 });
  attached.link = link;
  await host.settle(host.daemon.release(RELEASE));
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.typesFromHost, []);
});

Deno.test("the hardware address of the server is stored, for renewals after a restart too", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  assertEquals(host.record()?.serverMac, SERVER_MAC);
  await host.restart();
  attached.servers.length = 0;
  await host.advance(HOUR_MS / 2 + 1000);
  assertEquals(attached.servers, [SERVER_MAC]);
  assertEquals(host.record()?.serverMac, SERVER_MAC);
});

Deno.test("a removed interface ends the lease, and its file stays until the DEL", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.remove("removed");
  await host.advance(HOUR_MS * 2);
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.leases.files.size, 1);
  await host.daemon.release(RELEASE);
  assertEquals(host.typesFromHost, ["RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a removed interface ends an ADD in progress", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = silent;
  const failed = failure(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  await host.advance(100);
  attached.remove("removed");
  assertEquals(
    (await failed).message,
    "the interface was removed while a lease was being acquired",
  );
  await host.advance(0);
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("an expired lease is removed and the link set down, except during the search for another", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.server = silent;
  await host.advance(HOUR_MS + 11_000);
  assertEquals(attached.changes, [
    "-route 0.0.0.0/0 via 192.0.2.1",
    "-192.0.2.50/24",
    "down",
    "up",
    "down",
  ]);
  assertEquals(host.record()?.isLost, true);
  // The first DISCOVER uses a new socket: that of the renewals broke when the link went down.
  assertEquals(host.log.filter((line) => line.includes("send-failed")), []);
  host.server = friendly;
  attached.changes.length = 0;
  await host.advance(60_000);
  assertEquals(attached.changes, [
    "up",
    "+192.0.2.50/24",
    "+route 0.0.0.0/0 via 192.0.2.1",
  ]);
  assertEquals(host.record()?.isLost, false);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("an expired lease of a bridge port leaves the link alone", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.cidrs.length = 0;
  attached.set({ master: { index: 9, kind: "bridge" } });
  host.server = silent;
  await host.advance(HOUR_MS + 120_000);
  assertEquals(attached.changes, [
    "-route 0.0.0.0/0 via 192.0.2.1",
    "-192.0.2.50/24",
  ]);
  assertEquals(attached.link?.isUp, true);
  host.server = granting("192.0.2.60");
  await host.advance(120_000);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
  assertEquals(attached.cidrs, []);
});

Deno.test('with onExpiry "keep" an expired lease does not change the interface', async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add(C1, { onExpiry: "keep" });
  host.server = silent;
  await host.advance(HOUR_MS + 11_000);
  assertEquals(attached.changes, []);
  host.server = friendly;
  await host.advance(60_000);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("a NAK replaces the address", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.server = (sent) => {
    const { type, message: { xid } } = sent;
    const yiaddr = { family: 4, value: 0xc0000233n } as const;
    if (type === "DISCOVER") return [reply("OFFER", xid, { yiaddr })];
    const isRenewal = sent.source !== "0.0.0.0";
    return [isRenewal ? reply("NAK", xid) : reply("ACK", xid, { yiaddr })];
  };
  await host.advance(HOUR_MS / 2 + 5000);
  assertEquals(attached.cidrs.map(formatCidr), ["192.0.2.51/24"]);
  assertEquals(attached.link?.isUp, true);
});

Deno.test("a renewal with other routes changes the routes, unless onChange is keep", async () => {
  for (const onChange of ["apply", "keep"] as const) {
    const host = new FakeHost();
    const attached = host.interface();
    await host.add(C1, { onChange });
    host.server = ({ message: { xid } }) => [
      reply("ACK", xid, { options: { 3: "c0000202" } }),
    ];
    await host.advance(HOUR_MS / 2 + 5000);
    assertEquals(
      attached.changes,
      onChange === "keep" ? [] : [
        "-route 0.0.0.0/0 via 192.0.2.1",
        "+route 0.0.0.0/0 via 192.0.2.2",
      ],
    );
  }
});

Deno.test("the client uses a changed hardware address and keeps its client identifier", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add(C1, { clientId: { kind: "mac" } });
  attached.set({ macAddress: Uint8Array.of(2, 0, 94, 16, 0, 9) });
  await host.advance(HOUR_MS / 2 + 1000);
  const message = host.sent.at(-1)?.message;
  assertEquals([...message?.chaddr ?? []], [2, 0, 94, 16, 0, 9]);
  const identifier = message?.options.get(61) ?? [];
  assertEquals([...identifier], [1, 2, 0, 94, 16, 0, 1]);
});

Deno.test("option 57 follows the MTU of the interface", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  attached.set({ mtu: 1400 });
  await host.add();
  attached.set({ mtu: 1280 });
  await host.advance(HOUR_MS / 2 + 1000);
  const sizes = host.sent.map((
    { message },
  ) => [...message.options.get(57) ?? []]);
  assertEquals(sizes, [[5, 120], [5, 120], [5, 0]]);
});

Deno.test("a lease that expires without a carrier is sought until there is another", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.server = silent;
  attached.set({ hasCarrier: false });
  await host.advance(HOUR_MS + 11_000);
  assertEquals(host.daemon.status()["leases"], { INIT: 1 });
  host.server = friendly;
  await host.advance(120_000);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
  assertEquals(attached.cidrs.map(formatCidr), ["192.0.2.50/24"]);
});

Deno.test("an ADD that waits recovers a lost lease even if the disk is full", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.server = silent;
  await host.advance(HOUR_MS + 11_000);
  host.leases.isFull = true;
  host.server = friendly;
  await host.settle(host.daemon.allocate(allocate(), anyCaller()));
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("a changed lease does not change an interface that never had its address", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  allocation.confirm();
  host.server = granting("192.0.2.60");
  await host.advance(HOUR_MS / 2 + 1000);
  assertEquals(host.record()?.grant.kind, "leased");
  assertEquals([attached.changes, attached.cidrs], [[], []]);
});

Deno.test("an accepted offer is stored before its REQUEST is sent", async () => {
  const host = new FakeHost();
  host.interface();
  const stored: (string | undefined)[] = [];
  host.server = (sent) => {
    stored.push(`${sent.type} ${host.record()?.grant.kind}`);
    return friendly(sent);
  };
  await host.add();
  assertEquals(stored, ["DISCOVER undefined", "REQUEST offered"]);
});

Deno.test("a lease that cannot be stored after its REQUEST is released", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = (sent) => {
    host.leases.isFull = sent.type === "REQUEST";
    return friendly(sent);
  };
  const pending = host.daemon.allocate(allocate(), anyCaller());
  const { code } = await failure(host.settle(pending));
  assertEquals([code, host.types], [5, ["DISCOVER", "REQUEST", "RELEASE"]]);
  assertEquals([host.leases.files.size, attached.openSockets], [0, 0]);
  assertEquals(host.daemon.status()["leases"], {});
  assertEquals(attached.isWatched, false);
});

Deno.test("no ADD is answered before its lease survives a crash of the machine", async () => {
  const host = new FakeHost();
  host.interface();
  const disk = Promise.withResolvers<void>();
  host.leases.synced = disk.promise;
  const answered: string[] = [];
  const add = async (name: string): Promise<void> => {
    await host.daemon.allocate(allocate(), anyCaller());
    answered.push(name);
  };
  const first = add("first");
  await host.advance(10);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
  const joined = add("joined");
  await host.advance(10);
  assertEquals([answered, host.record()?.grant.kind], [[], "leased"]);
  disk.resolve();
  await Promise.all([first, joined]);
  assertEquals(answered, ["first", "joined"]);
});

Deno.test("a lease that cannot be synced to the disk is released", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  const disk = Promise.withResolvers<void>();
  host.leases.synced = disk.promise;
  const pending = host.daemon.allocate(allocate(), anyCaller());
  const failed = failure(pending);
  await host.advance(10);
  disk.reject(new SystemError("I/O error"));
  const { code, message } = await failed;
  assertEquals([code, message.includes("I/O error")], [5, true]);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals([host.leases.files.size, attached.openSockets], [0, 0]);
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("a DEL while a lease is synced to the disk fails the ADD and removes the lease", async () => {
  const host = new FakeHost();
  host.interface();
  const disk = Promise.withResolvers<void>();
  host.leases.synced = disk.promise;
  const failed = failure(host.daemon.allocate(allocate(), anyCaller()));
  await host.advance(10);
  await host.daemon.release({ attachment: C1 });
  disk.resolve();
  await failed;
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("an address that another host uses is declined, and another is acquired after ten seconds", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  attached.usedElsewhere.push(ip("192.0.2.50"));
  const options = { conflictProbeMs: 500 };
  const pending = host.daemon.allocate(allocate(C1, options), anyCaller());
  await host.advance(600);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "DECLINE"]);
  host.server = granting("192.0.2.60");
  const { result } = await host.settle(pending);
  assertEquals(result.ips.map(({ address }) => formatCidr(address)), [
    "192.0.2.60/24",
  ]);
});

Deno.test("an interface that is gone when the client sends ends an ADD in progress", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = silent;
  const failed = failure(host.daemon.allocate(allocate(), anyCaller()));
  await host.advance(100);
  // Its removal is not reported.
  attached.link = undefined;
  await host.advance(1000);
  assertEquals(
    (await failed).message,
    "the interface was removed while a lease was being acquired",
  );
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("an ADD whose interface is removed releases its offer from the host", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  const failed = failure(host.daemon.allocate(allocate(), anyCaller()));
  await host.advance(100);
  attached.remove("removed");
  await failed;
  await host.advance(0);
  assertEquals([host.typesFromHost, host.leases.files.size], [["RELEASE"], 0]);
});

Deno.test("an ADD fails at once with code 5 if the operating system refuses every message", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  attached.sendError = new SendRefusedError("socket: not permitted", {
    advice: "allow it",
  });
  const { code, message, details } = await failure(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  assertEquals([code, message, details], [
    5,
    "cannot send DHCP messages: socket: not permitted",
    "allow it",
  ]);
  assertEquals(host.daemon.status()["leases"], {});
  assertEquals([attached.openSockets, attached.isWatched], [0, false]);
});

Deno.test("an ADD that could send nothing in its time fails with code 5 and the reason", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  attached.sendError = new SystemError("sendto packet: no buffer space");
  const pending = host.daemon.allocate(
    allocate(C1, { timeoutMs: 5000 }),
    anyCaller(),
  );
  const { code, message } = await failure(host.settle(pending));
  assertEquals([code, message], [
    5,
    "cannot send DHCP messages: sendto packet: no buffer space",
  ]);
  assertEquals(host.daemon.status()["counters"], {
    "failed_not-sent": 1,
    send_errors: host.log.filter((event) => event === "send-failed").length,
  });
});

Deno.test("an ADD that could send once fails with the step that failed", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = () => {
    attached.sendError = new SystemError("sendto packet: no buffer space");
    return [];
  };
  const pending = host.daemon.allocate(
    allocate(C1, { timeoutMs: 5000 }),
    anyCaller(),
  );
  const { code } = await failure(host.settle(pending));
  assertEquals(code, 11);
});

Deno.test("a lease whose renewals are refused is renewed once they are allowed", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.sendError = new SendRefusedError("socket: not permitted");
  await host.advance(HOUR_MS * 3 / 4);
  assertEquals(host.daemon.status()["leases"], { RENEWING: 1 });
  attached.sendError = undefined;
  await host.advance(HOUR_MS / 8);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("the routes of a lease come back with its link, and with a moment of it", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  const route = "+route 0.0.0.0/0 via 192.0.2.1";
  attached.set({ isUp: false, hasCarrier: false });
  assertEquals(attached.changes, []);
  attached.set({ isUp: true, hasCarrier: true });
  assertEquals(attached.changes, [route]);
  attached.notify("set-down");
  assertEquals(attached.changes, [route, route]);
  attached.notify("changed");
  assertEquals(attached.changes, [route, route]);
  assertEquals(host.log.filter((event) => event === "routes-restored"), [
    "routes-restored",
  ]);
});
