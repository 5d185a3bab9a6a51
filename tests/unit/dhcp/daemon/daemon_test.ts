import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { formatHex } from "../../../../lib/base/hex.ts";
import { toCniError } from "../../../../lib/cni/error.ts";
import { attachmentText } from "../../../../lib/cni/attachment.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { hex } from "../../../support/bytes.ts";
import { testRows } from "../../../support/rows.ts";
import { reply } from "../../../support/dhcp_messages.ts";
import {
  allocate,
  anyCaller,
  C1,
  failure,
  FakeHost,
  friendly,
  HOUR_MS,
  type Server,
  silent,
} from "./fake_host.ts";

const RELEASE = { method: "release", attachment: C1 } as const;

Deno.test("Daemon.allocate() acquires and stores a lease, and holds no socket", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(attached.openSockets, 0);
  assertEquals(host.record()?.grant.kind, "leased");
  assertEquals(host.record()?.wasSeen, true);
});

Deno.test("Daemon.allocate() refuses the daemon's own namespace, unless the runtime overrides it", async () => {
  const host = new FakeHost();
  host.interface("/ns/a", "own");
  const caller = anyCaller();
  const { code } = await failure(host.daemon.allocate(allocate(), caller));
  assertEquals([code, host.types], [8, []]);
  const overridden = { ...allocate(), netnsOverride: true };
  await host.settle(host.daemon.allocate(overridden, caller));
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("Daemon.allocate() returns an existing lease without a message", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("Daemon.allocate() shares one acquisition among concurrent calls", async () => {
  const host = new FakeHost();
  host.interface();
  const caller = anyCaller();
  const calls = [1, 2, 3].map(() => host.daemon.allocate(allocate(), caller));
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
    anyCaller(),
  );
  await host.advance(700);
  assertEquals(host.types, []);
  attached.set({ hasCarrier: true });
  await host.settle(pending);
  assertEquals(attached.changes, ["up"]);
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
});

Deno.test("Daemon.allocate() fails with code 11 if no server answers, and leaves nothing behind", async () => {
  const host = new FakeHost("-timeout", "2s");
  host.interface();
  host.server = silent;
  const options = { timeoutMs: 5000 };
  const pending = host.daemon.allocate(
    allocate(C1, options),
    anyCaller(),
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

Deno.test("Daemon.release() cancels an ADD in progress and releases its offer", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  const pending = host.daemon.allocate(
    allocate(),
    anyCaller(),
  );
  const failed = failure(pending);
  await host.advance(100);
  assertEquals(host.record()?.grant.kind, "offered");
  await host.daemon.release(RELEASE);
  assertEquals((await failed).code, 11);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals([host.leases.files.size, attached.openSockets], [0, 0]);
  assertEquals(attached.isWatched, false);
  await host.advance(HOUR_MS);
  assertEquals(host.types.length, 3);
});

Deno.test("Daemon.allocate() stops when its only caller disconnects", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = silent;
  const caller = new AbortController();
  const failed = failure(
    host.daemon.allocate(allocate(), anyCaller(caller.signal)),
  );
  await host.advance(1000);
  caller.abort();
  await failed;
  const sent = host.types.length;
  await host.advance(HOUR_MS);
  assertEquals(host.types.length, sent);
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("Daemon.allocate() continues for one caller when another disconnects", async () => {
  const host = new FakeHost();
  host.interface();
  const first = new AbortController();
  const failed = failure(
    host.daemon.allocate(allocate(), anyCaller(first.signal)),
  );
  const second = host.daemon.allocate(
    allocate(),
    anyCaller(),
  );
  await Promise.resolve();
  first.abort();
  await failed;
  const { result } = await host.settle(second);
  assertEquals(result.ips.map(({ address }) => formatCidr(address)), [
    "192.0.2.50/24",
  ]);
});

Deno.test("Allocation.cancel() releases a new lease", async () => {
  const host = new FakeHost();
  host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  await allocation.cancel();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

/** Grants an address whose router is outside its subnet. */
const offLink: Server = ({ type, message: { xid, ciaddr } }) => {
  const fields = { ciaddr, options: { 3: "c6336401" } };
  if (type === "DISCOVER") {
    return [reply("OFFER", xid, { options: fields.options })];
  }
  return type === "REQUEST" ? [reply("ACK", xid, fields)] : [];
};

Deno.test("Daemon.allocate() adds an on-link route to a router outside the subnet, in every ADD", async () => {
  const host = new FakeHost();
  host.server = offLink;
  const attached = host.interface();
  await host.add();
  await host.add();
  assertEquals(attached.changes, [
    "+route 198.51.100.1/32",
    "+route 198.51.100.1/32",
  ]);
});

Deno.test("Allocation.cancel() removes that route, after the RELEASE", async () => {
  const host = new FakeHost();
  host.server = offLink;
  const attached = host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  attached.onFlush = () => attached.changes.push("flushed");
  await allocation.cancel();
  assertEquals(attached.changes, [
    "+route 198.51.100.1/32",
    "flushed",
    "-route 198.51.100.1/32",
  ]);
});

Deno.test("Daemon.allocate() succeeds although that route is refused", async () => {
  const host = new FakeHost();
  host.server = offLink;
  const attached = host.interface();
  attached.change = () => {
    throw new SystemError("refused");
  };
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(host.log.includes("interface-change-failed"), true);
});

Deno.test("Allocation.cancel() keeps a lease that an earlier ADD confirmed", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  const again = await host.settle(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  await again.cancel();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.record()?.grant.kind, "leased");
});

Deno.test("Daemon.allocate() without a DEL before moves the lease to the new namespace", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  assertEquals(await host.add(C1, {}, "/ns/b"), "192.0.2.50/24");
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
  assertEquals(host.record()?.location.netnsPath, "/ns/b");
  assertEquals(host.interfaces.at("/ns/a")?.isWatched, false);
});

Deno.test("Daemon.allocate() releases a lease that cannot be stored", async () => {
  const host = new FakeHost();
  host.interface();
  const pending = host.daemon.allocate(
    allocate(),
    anyCaller(),
  );
  const failed = failure(host.settle(pending));
  host.leases.isFull = true;
  const { code, message } = await failed;
  assertEquals(code, 5);
  assertEquals(message.includes("disk full"), true);
  // Not even the offer could be stored, so no REQUEST was sent.
  assertEquals(host.types, ["DISCOVER", "RELEASE"]);
  host.leases.isFull = false;
  assertEquals(await host.add(), "192.0.2.50/24");
});

Deno.test("Daemon.release() sends one RELEASE for any number of calls", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  await Promise.all([
    host.daemon.release(RELEASE),
    host.daemon.release(RELEASE),
  ]);
  await host.daemon.release(RELEASE);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  const release = host.sent.at(-1);
  assertEquals(
    [release?.source, release?.destination],
    ["192.0.2.50", "192.0.2.1"],
  );
  assertEquals(host.leases.files.size, 0);
});

Deno.test("Daemon.allocate() fails with the reason of the client after the process was suspended", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = silent;
  const failed = failure(
    host.daemon.allocate(
      allocate(C1, { timeoutMs: 2000 }),
      anyCaller(),
    ),
  );
  await host.advance(1900);
  await host.scheduler.stall(1200);
  const { code, message } = await failed;
  assertEquals(
    [code, message],
    [11, "no DHCPOFFER received: 4 DHCPDISCOVERs unanswered"],
  );
});

Deno.test("Daemon.gc() releases leases that are not listed, in this network only", async () => {
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

Deno.test("Daemon.stop() fails the calls that wait and keeps the leases", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  host.server = silent;
  const waiting = { ...C1, containerId: "c2" };
  const failed = failure(
    host.daemon.allocate(
      allocate(waiting, {}, "/ns/b"),
      anyCaller(),
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

Deno.test("Daemon.allocate() for a recreated container releases its earlier lease if it fails", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  host.server = silent;
  const options = { timeoutMs: 5000 };
  const pending = host.daemon.allocate(
    allocate(C1, options, "/ns/b"),
    anyCaller(),
  );
  await failure(host.settle(pending));
  assertEquals([host.types.at(-1), host.leases.files.size], ["RELEASE", 0]);
  await host.daemon.release(RELEASE);
  await host.restart();
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("Daemon.release() releases the earlier lease that a recreated container asks for", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  host.server = silent;
  const failed = failure(
    host.daemon.allocate(allocate(C1, {}, "/ns/b"), anyCaller()),
  );
  await host.advance(100);
  await host.daemon.release(RELEASE);
  await failed;
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("Daemon.allocate() for a recreated container with another identifier releases its earlier lease first", async () => {
  const host = new FakeHost();
  const clientId = { kind: "mac" } as const;
  host.server = (sent) =>
    friendly(sent).map((answer) => ({
      ...answer,
      chaddr: sent.message.chaddr,
    }));
  host.interface("/ns/a");
  host.interface("/ns/b").set({ macAddress: hex("02005e100002") });
  await host.add(C1, { clientId });
  await host.add(C1, { clientId }, "/ns/b");
  assertEquals(host.types, [
    "DISCOVER",
    "REQUEST",
    "RELEASE",
    "DISCOVER",
    "REQUEST",
  ]);
  const identifiers = host.sent.slice(2, 4).map(({ message }) =>
    formatHex(message.options.get(61) ?? new Uint8Array())
  );
  assertEquals(identifiers, ["0102005e100001", "0102005e100002"]);
});

Deno.test("Daemon.release() releases a requested address, although the link went down", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  const failed = failure(host.daemon.allocate(allocate(), anyCaller()));
  await host.advance(100);
  attached.set({ hasCarrier: false });
  await host.daemon.release(RELEASE);
  await failed;
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
});

Deno.test("Daemon.release() releases a lease that could not be resumed", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  const findAgain = host.interfaces.findAgain.bind(host.interfaces);
  host.interfaces.findAgain = () => {
    throw new SystemError("EMFILE");
  };
  await host.restart();
  host.interfaces.findAgain = findAgain;
  assertEquals(host.daemon.status()["leases"], {});
  await host.daemon.release(RELEASE);
  assertEquals([host.types.at(-1), host.leases.files.size], ["RELEASE", 0]);
});

Deno.test("Daemon.allocate() removes an earlier release note for the attachment", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.releaseNotes.leave(C1);
  await host.add();
  assertEquals(host.releaseNotes.size, 0);
});

Deno.test("Daemon.allocate() notices a replaced interface before its removal is reported", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  const link = attached.link;
  attached.link = undefined;
  const replaced = host.interface("/ns/a", "1");
  replaced.link = link;
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(replaced.isWatched, true);
});

Deno.test("an interface that is renamed keeps its lease, and the name may return", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  const check = (): void =>
    host.daemon.check({
      method: "check",
      attachment: C1,
      netns: "/ns/a",
      addresses: undefined,
    }, anyCaller());
  for (const name of ["net7", "eth0", "net7"]) {
    attached.set({ name });
    check();
  }
  await host.advance(HOUR_MS / 2 + 1000);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
  await host.restart();
  check();
  await host.settle(host.daemon.release(RELEASE));
  assertEquals(host.types.slice(3), ["RELEASE"]);
  assertEquals(host.typesFromHost, []);
});

Deno.test("Daemon.release() after an unanswered renewal keeps the socket open until the RELEASE has left", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.server = silent;
  await host.advance(HOUR_MS / 2 - 60_000);
  while (attached.openSockets === 0) await host.advance(1000);
  await host.advance(9000);
  let wasOpen: boolean | undefined;
  attached.onFlush = () => {
    wasOpen = attached.openSockets > 0;
  };
  attached.flushMs = 400;
  await host.settle(host.daemon.release(RELEASE));
  assertEquals(wasOpen, true);
  assertEquals([attached.openSockets, host.leases.files.size], [0, 0]);
});

testRows(
  "Daemon.release() sends one RELEASE and succeeds if nothing can be removed,",
  [
    { name: "for a lease with a client", isResumed: true },
    { name: "for a lease that could not be resumed", isResumed: false },
  ],
  async ({ isResumed }) => {
    const host = new FakeHost();
    const attached = host.interface();
    await host.add();
    const addresses = attached.addresses.bind(attached);
    if (!isResumed) {
      attached.addresses = () => {
        throw new SystemError("EMFILE");
      };
    }
    await host.restart();
    attached.addresses = addresses;
    host.leases.isReadOnly = true;
    host.releaseNotes.isReadOnly = true;
    host.releaseNotes.leave(C1);
    for (let call = 0; call < 3; call++) await host.daemon.release(RELEASE);
    const releases = host.types.filter((type) => type === "RELEASE");
    assertEquals(releases.length, 1);
    const failures = host.log.filter((event) => event.endsWith("-not-removed"));
    assertEquals(failures, [
      "lease-not-removed",
      "release-note-not-removed",
      "release-note-not-removed",
      "release-note-not-removed",
    ]);
  },
);

Deno.test("Daemon.allocate() fails if it cannot remove an earlier release note, which would end the lease", async () => {
  const host = new FakeHost();
  host.interface();
  host.releaseNotes.leave(C1);
  host.releaseNotes.isReadOnly = true;
  const { code, message } = await failure(
    host.daemon.allocate(allocate(), anyCaller())
      .catch((error) => Promise.reject(toCniError(error))),
  );
  assertEquals([code, message, host.types], [5, "read-only", []]);
});

Deno.test("Daemon.releaseNoted() releases the leases with release notes, and no others", async () => {
  const host = new FakeHost();
  host.interface();
  host.interface("/ns/b");
  const other = { ...C1, containerId: "c2" };
  await host.add();
  await host.add(other, {}, "/ns/b");
  host.releaseNotes.leave(other);
  host.releaseNotes.leave({ ...C1, containerId: "unknown" });
  await host.daemon.releaseNoted();
  assertEquals(host.types.filter((type) => type === "RELEASE").length, 1);
  assertEquals(host.daemon.status().leases, { BOUND: 1 });
  assertEquals([host.leases.read(C1)?.attachment, host.releaseNotes.size], [
    C1,
    0,
  ]);
});

Deno.test("Daemon.storeLeases() writes the lease files again", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  const files = new Map(host.leases.files);
  host.leases.files.clear();
  host.daemon.storeLeases();
  assertEquals(host.leases.files, files);
});
