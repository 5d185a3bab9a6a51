import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { testRows } from "../../../support/rows.ts";
import {
  allocate,
  anyCaller,
  C1,
  FakeHost,
  friendly,
  granting,
  HOUR_MS,
  silent,
} from "./fake_host.ts";

Deno.test("a restarted daemon resumes a lease without a message until T1", async () => {
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

Deno.test("a restarted daemon renews a lease at once if T1 has passed", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.scheduler.skip(HOUR_MS * 3 / 4);
  await host.restart();
  await host.advance(10);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
});

Deno.test("a restarted daemon releases an offer whose ADD was never answered", async () => {
  const host = new FakeHost();
  host.interface();
  host.server = (sent) => sent.type === "REQUEST" ? [] : friendly(sent);
  host.daemon.allocate(allocate(), anyCaller())
    .catch(() => {});
  await host.advance(100);
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("a restarted daemon releases a lease with a release note", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.releaseNotes.leave(C1);
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals([host.leases.files.size, host.releaseNotes.size], [0, 0]);
});

Deno.test("a restarted daemon releases a lease without namespace from the host", async () => {
  const host = new FakeHost();
  host.interface("/ns/a", "1");
  await host.add();
  host.interface("/ns/a", "2");
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.typesFromHost, ["RELEASE"]);
  assertEquals(host.leases.files.size, 0);
});

testRows("a restarted daemon resumes a lease", [
  { name: "whose address was moved to a bridge", kind: "bridge" },
  { name: "whose address was moved elsewhere", kind: undefined },
], async ({ kind }) => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.cidrs.length = 0;
  if (kind !== undefined) attached.set({ master: { index: 9, kind } });
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
  await host.advance(HOUR_MS / 2 + 1000);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "REQUEST"]);
  assertEquals([attached.cidrs, attached.changes], [[], []]);
});

Deno.test("a restarted daemon resumes a lease whose address never was on the interface", async () => {
  const host = new FakeHost();
  host.interface();
  const allocation = await host.settle(
    host.daemon.allocate(allocate(), anyCaller()),
  );
  allocation.confirm();
  await host.restart();
  assertEquals(host.types, ["DISCOVER", "REQUEST"]);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

Deno.test("a restarted daemon does not resume a lease of an earlier boot", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.bootId = "boot-2";
  await host.restart();
  assertEquals(host.daemon.status()["leases"], {});
});

Deno.test("a restarted daemon continues to seek a lost lease", async () => {
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

Deno.test("a restarted daemon reacquires a lease that expired while it was down, even without a carrier", async () => {
  const host = new FakeHost();
  const attached = host.interface();
  await host.add();
  attached.set({ hasCarrier: false });
  host.scheduler.skip(2 * HOUR_MS);
  await host.restart();
  await host.advance(120_000);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
});

testRows<{
  name: string;
  prepare: (host: FakeHost) => Promise<void>;
  again: (host: FakeHost) => void;
  want: readonly string[];
}>(
  "a restarted daemon completes the change of an interface to",
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
      again: (host) => host.server = granting("192.0.2.60"),
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

Deno.test("a release note stays until the lease can be released", async () => {
  const host = new FakeHost();
  host.interface();
  await host.add();
  host.releaseNotes.leave(C1);
  const findAgain = host.interfaces.findAgain.bind(host.interfaces);
  host.interfaces.findAgain = () => {
    throw new SystemError("EMFILE");
  };
  await host.restart();
  assertEquals([host.releaseNotes.size, host.leases.files.size], [1, 1]);
  host.interfaces.findAgain = findAgain;
  await host.restart();
  assertEquals([host.releaseNotes.size, host.leases.files.size], [0, 0]);
  assertEquals(host.types.at(-1), "RELEASE");
});

Deno.test("a restarted daemon serves although nothing can be removed from the state directory", async () => {
  const host = new FakeHost();
  host.interface();
  host.interface("/ns/b");
  const other = { ...C1, containerId: "c2" };
  await host.add();
  await host.add(other, {}, "/ns/b");
  host.releaseNotes.leave(other);
  host.leases.isReadOnly = true;
  host.releaseNotes.isReadOnly = true;
  await host.restart();
  assertEquals(host.daemon.status().leases, { BOUND: 1 });
  assertEquals(host.types.filter((type) => type === "RELEASE").length, 1);
  await host.advance(HOUR_MS / 2);
  assertEquals(host.types.at(-1), "REQUEST");
  assertEquals(host.log.includes("lease-not-stored"), true);
});
