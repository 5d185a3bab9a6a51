import { assertEquals } from "@std/assert";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { reply } from "../../../support/dhcp_messages.ts";
import {
  allocate,
  C1,
  failure,
  FakeHost,
  friendly,
  HOUR_MS,
  silent,
} from "./fake_host.ts";
import { attachmentText } from "../../../../lib/cni/attachment.ts";

Deno.test("Daemon.allocate() acquires, writes the lease down and holds no socket", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(attached.openSockets, 0);
  assertEquals(host.record()?.grant.kind, "leased");
  assertEquals(host.record()?.wasSeen, true);
});

Deno.test("Daemon.allocate() refuses the daemon's own namespace, unless that is meant", async () => {
  const host = new FakeHost();
  host.interface("/ns/a", "own");
  const { signal } = new AbortController();
  const { code } = await failure(host.daemon.allocate(allocate(), signal));
  assertEquals([code, host.types], [8, []]);
  const meant = { ...allocate(), netnsOverride: true };
  await host.settle(host.daemon.allocate(meant, signal));
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("Daemon.allocate() returns a living lease without a message", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("Daemon.allocate() shares one acquisition among concurrent calls", async () => {
  const host = new FakeHost();
  host.interface();
  const { signal } = new AbortController();
  const calls = [1, 2, 3].map(() => host.daemon.allocate(allocate(), signal));
  const allocations = await host.settle(Promise.all(calls));
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(
    allocations.map(({ result }) => result.ips.length),
    [1, 1, 1],
  );
});

Deno.test("Daemon.allocate() sets a link up and waits for its carrier", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  attached.set({ isUp: false, hasCarrier: false });
  attached.setState = (state) => {
    attached.changes.push(state);
    attached.set({ isUp: true });
  };
  const pending = host.daemon.allocate(
    allocate(),
    new AbortController().signal,
  );
  await host.advance(700);
  assertEquals(host.types, []);
  attached.set({ hasCarrier: true });
  await host.settle(pending);
  assertEquals(attached.changes, ["up"]);
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("Daemon.allocate() says that nobody answered, code 11, and leaves nothing behind", async () => {
  const host = new FakeHost("-timeout", "2s");
  host.interface();
  host.server = silent;
  const options = { timeoutMs: 5000 };
  const pending = host.daemon.allocate(
    allocate(C1, options),
    new AbortController().signal,
  );
  const startMs = host.nowMs;
  const { code, message } = await failure(host.settle(pending));
  assertEquals(code, 11);
  assertEquals(
    message,
    `no DHCPOFFER received: ${host.types.length} DHCPDISCOVERs unanswered`,
  );
  assertEquals(host.nowMs - startMs, 5000);
  assertEquals([host.leases.files.size, host.daemon.status()["leases"]], [
    0,
    {},
  ]);
});

Deno.test("Daemon.release() cancels a pending ADD, and what it was offered is given back", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  const pending = host.daemon.allocate(
    allocate(),
    new AbortController().signal,
  );
  const failed = failure(pending);
  await host.advance(100);
  assertEquals(host.record()?.grant.kind, "offered");
  await host.daemon.release({ method: "release", attachment: C1 });
  assertEquals((await failed).code, 11);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals([host.leases.files.size, attached.openSockets], [0, 0]);
  assertEquals(attached.isWatched, false);
  await host.advance(HOUR_MS);
  assertEquals(host.types.length, 3);
});

Deno.test("Daemon.allocate() stops and gives back when its only caller hangs up", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = silent;
  const caller = new AbortController();
  const failed = failure(host.daemon.allocate(allocate(), caller.signal));
  await host.advance(1000);
  caller.abort();
  await failed;
  const sent = host.types.length;
  await host.advance(HOUR_MS);
  assertEquals(host.types.length, sent);
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("Daemon.allocate() goes on for the others when one of two callers hangs up", async () => {
  const host = new FakeHost();
  host.interface();
  const first = new AbortController();
  const failed = failure(host.daemon.allocate(allocate(), first.signal));
  const second = host.daemon.allocate(
    allocate(),
    new AbortController().signal,
  );
  await Promise.resolve();
  first.abort();
  await failed;
  const { result } = await host.settle(second);
  assertEquals(result.ips.map(({ address }) => formatCidr(address)), [
    "192.0.2.50/24",
  ]);
});

Deno.test("Allocation.cancel() gives a new lease back", async () => {
  const host = new FakeHost();
  host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), new AbortController().signal),
  );
  await allocation.cancel();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("Allocation.cancel() leaves a lease that an earlier ADD confirmed", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  const again = await host.settle(
    host.daemon.allocate(allocate(), new AbortController().signal),
  );
  await again.cancel();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.record()?.grant.kind, "leased");
});

Deno.test("Daemon.allocate() after a missing DEL moves the lease to the new namespace", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  assertEquals(await host.add(C1, {}, "/ns/b"), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
  assertEquals(host.record()?.location.netnsPath, "/ns/b");
  assertEquals(host.interfaces.at("/ns/a")?.isWatched, false);
});

Deno.test("Daemon.allocate() gives a lease back that cannot be written down", async () => {
  const host = new FakeHost();
  host.interface();
  const pending = host.daemon.allocate(
    allocate(),
    new AbortController().signal,
  );
  const failed = failure(host.settle(pending));
  host.leases.isFull = true;
  const { code, message } = await failed;
  assertEquals(code, 5);
  assertEquals(message.includes("disk full"), true);
  // Not even the offer could be written down, so it was not taken.
  assertEquals(host.types, ["DISCOVER", "RELEASE"]);
  host.leases.isFull = false;
  assertEquals(await host.add(), "192.0.2.50/24");
});

Deno.test("Daemon.release() sends one RELEASE, and none the second time", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  const request = { method: "release", attachment: C1 } as const;
  await Promise.all([
    host.daemon.release(request),
    host.daemon.release(request),
  ]);
  await host.daemon.release(request);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  const release = host.sent.at(-1);
  assertEquals(
    [release?.source, release?.destination],
    ["192.0.2.50", "192.0.2.1"],
  );
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a renewal is by unicast, and moves the deadlines on the disk", async () => {
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

Deno.test("a renewal without an answer holds sockets for ten seconds, not until the next try", async () => {
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

Deno.test("a restarted daemon goes on with a lease, without a message, until T1", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  await host.advance(60_000);
  await host.restart();
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  await host.advance(HOUR_MS / 2);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
});

Deno.test("a restarted daemon renews at once what should have been renewed meanwhile", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.scheduler.skip(HOUR_MS * 3 / 4);
  await host.restart();
  await host.advance(10);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
});

Deno.test("a restarted daemon gives back an offer whose ADD was never answered", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  host.daemon.allocate(allocate(), new AbortController().signal)
    .catch(() => {});
  await host.advance(100);
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a restarted daemon gives back what was deleted meanwhile", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.releaseNotes.leave(C1);
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals([host.leases.files.size, host.releaseNotes.size], [0, 0]);
});

Deno.test("a restarted daemon gives back from the host what has no namespace any more", async () => {
  const host = new FakeHost();
  host.interface("/ns/a", "1");
  await host.add();
  host.interface("/ns/a", "2");
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.typesFromHost, ["RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a restarted daemon gives back a lease whose address was taken off", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.cidrs.length = 0;
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
});

Deno.test("a restarted daemon keeps a lease whose address was never put on", async () => {
  const host = new FakeHost();
  host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), new AbortController().signal),
  );
  allocation.confirm();
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("a lease of an earlier start of the machine is not gone on with", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.bootId = "boot-2";
  await host.restart();
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("an ADD that fails while the daemon gets no turn has its own reason, not the one for those who join in late", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = silent;
  const failed = failure(
    host.daemon.allocate(
      allocate(C1, { timeoutMs: 2000 }),
      new AbortController().signal,
    ),
  );
  await host.advance(1900);
  await host.scheduler.stall(1200);
  const { code, message } = await failed;
  assertEquals(
    [code, message],
    [11, "no DHCPOFFER received: 5 DHCPDISCOVERs unanswered"],
  );
});

Deno.test("a namespace that goes away ends the lease; the host gives it back", async () => {
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

Deno.test("an interface that goes away keeps its file until DEL gives the lease back", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.remove("removed");
  await host.advance(HOUR_MS * 2);
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.leases.files.size, 1);
  await host.daemon.release({ method: "release", attachment: C1 });
  assertEquals(host.typesFromHost, ["RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("an interface that goes away ends a pending ADD", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = silent;
  const failed = failure(
    host.daemon.allocate(allocate(), new AbortController().signal),
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

Deno.test("an expired lease is taken off and the link set down but for the tries to get another", async () => {
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
  // The first DISCOVER goes through a socket of its own: the one of the renewals broke when the link went down.
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

Deno.test("a daemon that is restarted while it seeks goes on seeking", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.server = silent;
  await host.advance(HOUR_MS + 11_000);
  await host.restart();
  host.server = friendly;
  await host.advance(60_000);
  assertEquals(attached.cidrs.map(formatCidr), ["192.0.2.50/24"]);
  assertEquals(attached.link?.isUp, true);
});

Deno.test('with onExpiry "keep" an expired lease leaves the interface alone', async () => {
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

Deno.test("a NAK takes the address off and another one is put on", async () => {
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

Deno.test("another hardware address is followed, the client identifier stays", async () => {
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

Deno.test("Daemon.gc() gives back what is not listed, in this network only", async () => {
  const host = new FakeHost();
  const other = { ...C1, networkName: "other" };
  const kept = { ...C1, containerId: "c2" };
  const stale = { ...C1, containerId: "c3" };
  for (const attachment of [other, kept, stale]) {
    const path = `/ns/${attachmentText(attachment)}`;
    host.interface(path);
    await host.add(attachment, {}, path);
  }
  const attachments = [{ containerId: "c2", ifName: "eth0" }];
  assertEquals(
    await host.daemon.gc({ method: "gc", networkName: "net", attachments }),
    1,
  );
  assertEquals([...host.leases.files.keys()].sort(), [
    "c1/other/eth0",
    "c2/net/eth0",
  ]);
});

Deno.test("Daemon.stop() tells those who wait, and keeps the leases", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  host.server = silent;
  const waiting = { ...C1, containerId: "c2" };
  const failed = failure(
    host.daemon.allocate(
      allocate(waiting, {}, "/ns/b"),
      new AbortController().signal,
    ),
  );
  await host.advance(100);
  host.daemon.stop();
  assertEquals((await failed).code, 11);
  assertEquals([...host.leases.files.keys()], ["c1/net/eth0"]);
  const sent = host.types.length;
  await host.advance(HOUR_MS);
  assertEquals(host.types.length, sent);
});
