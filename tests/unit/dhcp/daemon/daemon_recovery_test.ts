import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { formatHex } from "../../../../lib/base/hex.ts";
import type { DhcpMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import {
  allocate,
  C1,
  failure,
  FakeHost,
  friendly,
  HOUR_MS,
  type Sent,
  silent,
} from "./fake_host.ts";
import { attachmentText } from "../../../../lib/cni/attachment.ts";

/** Gives 192.0.2.60, also to those who have another. */
function other60({ type, message: { xid } }: Sent): readonly DhcpMessage[] {
  const yiaddr = ip("192.0.2.60");
  if (type === "DISCOVER") return [reply("OFFER", xid, { yiaddr })];
  return type === "REQUEST" ? [reply("ACK", xid, { yiaddr })] : [];
}

const REL = { method: "release", attachment: C1 } as const;

function anyCaller(): AbortSignal {
  return new AbortController().signal;
}

Deno.test("a lease that expires while the link has no carrier is sought until it is there", async () => {
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

Deno.test("a lease that expired while no daemon ran and the link has no carrier is sought all the same", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.set({ hasCarrier: false });
  host.scheduler.skip(2 * HOUR_MS);
  await host.restart();
  await host.advance(120_000);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("Daemon.allocate() for a container made anew gives its earlier lease back if it fails", async () => {
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
  await host.daemon.release(REL);
  await host.restart();
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("Daemon.release() while a container made anew asks for its earlier lease gives that back", async () => {
  const host = new FakeHost();
  host.interface("/ns/a");
  host.interface("/ns/b");
  await host.add();
  host.server = silent;
  const failed = failure(
    host.daemon.allocate(allocate(C1, {}, "/ns/b"), anyCaller()),
  );
  await host.advance(100);
  await host.daemon.release(REL);
  await failed;
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a container made anew with another identifier gives its earlier lease back first", async () => {
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

Deno.test("Daemon.release() gives back what was requested, although the link went down meanwhile", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  const failed = failure(host.daemon.allocate(allocate(), anyCaller()));
  await host.advance(100);
  attached.set({ hasCarrier: false });
  await host.daemon.release(REL);
  await failed;
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
});

testRows<{
  name: string;
  prepare: (host: FakeHost) => Promise<void>;
  again: (host: FakeHost) => void;
  want: readonly string[];
}>(
  "a daemon that is killed between writing a lease and putting it on the interface: the next one finishes",
  [
    {
      name: "an address after a loss",
      prepare: async (host) => {
        host.server = silent;
        await host.advance(HOUR_MS + 11_000);
      },
      again: (host) => host.server = friendly,
      want: ["192.0.2.50/24"],
    },
    {
      name: "another address",
      prepare: () => Promise.resolve(),
      again: (host) => host.server = other60,
      want: ["192.0.2.60/24"],
    },
  ],
  async ({ prepare, again, want }) => {
    const host = new FakeHost();
    const attached = host.interface();
    await host.add();
    await prepare(host);
    again(host);
    const change = attached.change.bind(attached);
    let isKilled = false;
    attached.change = () => {
      isKilled = true;
      throw new Error("killed");
    };
    for (let turn = 0; turn < 200 && !isKilled; turn++) {
      await host.advance(60_000).catch(() => {});
    }
    attached.change = change;
    await host.restart();
    assertEquals(attached.cidrs.map(formatCidr), want);
    assertEquals(attached.link?.isUp, true);
    assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
    assertEquals(host.record()?.change, undefined);
  },
);

Deno.test("a lease that is lost while the disk is full is recovered for an ADD that waits, and kept", async () => {
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

Deno.test("a deleted lease that cannot be looked at when the daemon starts stays deleted", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  host.releaseNotes.leave(C1);
  const addresses = attached.addresses.bind(attached);
  attached.addresses = () => {
    throw new SystemError("EMFILE");
  };
  await host.restart();
  assertEquals([host.releaseNotes.size, host.leases.files.size], [1, 1]);
  attached.addresses = addresses;
  await host.restart();
  assertEquals([host.releaseNotes.size, host.leases.files.size], [0, 0]);
  assertEquals(host.types.at(-1), "RELEASE");
});

Deno.test("Daemon.release() gives back a lease that could not be taken up", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  const addresses = attached.addresses.bind(attached);
  attached.addresses = () => {
    throw new SystemError("EMFILE");
  };
  await host.restart();
  attached.addresses = addresses;
  assertEquals(host.daemon.status()["leases"], {});
  await host.daemon.release(REL);
  assertEquals([host.types.at(-1), host.leases.files.size], ["RELEASE", 0]);
});

Deno.test("an ADD that returns a living lease takes away a note of its deletion", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.releaseNotes.leave(C1);
  await host.add();
  assertEquals(host.releaseNotes.size, 0);
});

Deno.test("Daemon.allocate() looks whether the interface of a lease is still there, before anybody says so", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  const link = attached.link;
  attached.link = undefined;
  const anew = host.interface("/ns/a", "1");
  anew.link = link;
  assertEquals(await host.add(), "192.0.2.50/24");
  assertEquals(anew.isWatched, true);
});

Deno.test("an address that never was on the interface is another's to change: the interface stays as it is", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  allocation.confirm();
  host.server = other60;
  await host.advance(HOUR_MS / 2 + 1000);
  assertEquals(host.record()?.grant.kind, "leased");
  assertEquals([attached.changes, attached.cidrs], [[], []]);
});

Deno.test("a DEL in the seconds after an unanswered renewal waits for its RELEASE with open sockets", async () => {
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
  await host.settle(host.daemon.release(REL));
  assertEquals(wasOpen, true);
  assertEquals([attached.openSockets, host.leases.files.size], [0, 0]);
});
