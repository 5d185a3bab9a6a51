import { assert, assertEquals } from "@std/assert";
import type { Attachment } from "../../../../lib/cni/attachment.ts";
import type { Allocation } from "../../../../lib/dhcp/daemon/daemon.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import {
  allocate,
  anyCaller,
  FakeHost,
  friendly,
  HOUR_MS,
  type Server,
} from "./fake_host.ts";

/** A host with many containers that records when each message was sent. */
class BusyHost extends FakeHost {
  readonly times: number[] = [];

  /** Answers with an address for each container. */
  serve(answer: Server = friendly): void {
    const addresses = new Map<string, number>();
    this.server = (sent) => {
      this.times.push(this.nowMs);
      const key = `${sent.message.xid}`;
      const last = addresses.get(key) ?? addresses.size + 50;
      addresses.set(key, last);
      return answer(sent).map((message) => ({
        ...message,
        yiaddr: ip(`192.0.2.${last}`),
      }));
    };
  }

  /** Makes simultaneous ADDs. */
  async addMany(count: number): Promise<readonly Allocation[]> {
    const pending = Array.from({ length: count }, (_, index) => {
      this.interface(`/ns/${index}`);
      return this.daemon.allocate(
        allocate(attachmentOf(index), {}, `/ns/${index}`),
        anyCaller(),
      );
    });
    const allocations = await this.settle(Promise.all(pending));
    for (const allocation of allocations) allocation.confirm();
    return allocations;
  }

  /** The most messages in any second. */
  get maxPerSecond(): number {
    const { times } = this;
    return Math.max(
      ...times.map((from) =>
        times.filter((atMs) => atMs >= from && atMs < from + 1000).length
      ),
    );
  }
}

function attachmentOf(index: number): Attachment {
  return { containerId: `c${index}`, networkName: "net", ifName: "eth0" };
}

Deno.test("ten simultaneous ADDs behind a server that takes a second send 20 packets, ten in any second", async () => {
  const host = new BusyHost();
  host.delayMs = 1000;
  host.serve();
  await host.addMany(10);
  assertEquals([host.times.length, host.maxPerSecond], [20, 10]);
});

Deno.test("two simultaneous ADDs repeat their DISCOVERs early", async () => {
  const host = new BusyHost();
  host.delayMs = 1000;
  host.serve();
  await host.addMany(2);
  assertEquals(host.types.slice(0, 4), new Array(4).fill("DISCOVER"));
});

Deno.test("a hundred simultaneous ADDs end in time, ten packets in any second", async () => {
  const host = new BusyHost();
  host.serve();
  const startMs = host.nowMs;
  await host.addMany(100);
  assert(host.nowMs - startMs < 22_000, `${host.nowMs - startMs} ms`);
  assertEquals([host.times.length, host.maxPerSecond], [200, 10]);
});

Deno.test("-packetrate 0 does not limit the packets", async () => {
  const host = new BusyHost("-packetrate", "0");
  host.serve();
  await host.addMany(100);
  assertEquals(host.maxPerSecond, 200);
});

Deno.test("DELs before the others: thirty release at once while ADDs wait, ten in any second", async () => {
  const host = new BusyHost();
  host.serve();
  await host.addMany(30);
  await host.advance(5000);
  host.times.length = 0;
  host.server = () => {
    host.times.push(host.nowMs);
    return [];
  };
  for (let index = 100; index < 110; index++) {
    host.interface(`/ns/${index}`);
    host.daemon.allocate(
      allocate(attachmentOf(index), {}, `/ns/${index}`),
      anyCaller(),
    ).catch(() => {});
  }
  const startMs = host.nowMs;
  const releases = Array.from(
    { length: 30 },
    (_, index) =>
      host.daemon.release({
        attachment: attachmentOf(index),
      }),
  );
  await host.settle(Promise.all(releases));
  assert(host.nowMs - startMs < 4500, `${host.nowMs - startMs} ms`);
  assertEquals(host.types.filter((type) => type === "RELEASE").length, 30);
  assert(host.maxPerSecond <= 10, `${host.maxPerSecond}`);
  await host.advance(HOUR_MS / 4);
});

Deno.test("a stop of the daemon sends the RELEASEs that wait", async () => {
  const host = new BusyHost();
  host.serve();
  await host.addMany(30);
  await host.advance(5000);
  const releases = Array.from(
    { length: 30 },
    (_, index) =>
      host.daemon.release({
        attachment: attachmentOf(index),
      }),
  );
  await host.advance(0);
  assertEquals(host.types.filter((type) => type === "RELEASE").length, 10);
  host.daemon.stop();
  await Promise.all(releases);
  assertEquals(host.types.filter((type) => type === "RELEASE").length, 30);
  assertEquals(host.leases.files.size, 0);
});

Deno.test("renewals that wait longer than an answer takes are sent", async () => {
  const host = new BusyHost("-packetrate", "1");
  host.serve();
  for (let index = 0; index < 30; index++) {
    host.interface(`/ns/${index}`);
    await host.add(attachmentOf(index), {}, `/ns/${index}`);
  }
  host.server = () => [];
  host.sent.length = 0;
  host.scheduler.skip(HOUR_MS / 2);
  await host.restart();
  await host.advance(60_000);
  const clients = new Set(
    host.sent.map(({ message }) => `${message.ciaddr.value}`),
  );
  assertEquals(clients.size, 30);
});

Deno.test("an ADD that fails while its packets wait names the limit", async () => {
  const host = new BusyHost("-packetrate", "1");
  host.serve();
  const outcomes = await host.settle(Promise.allSettled(
    Array.from({ length: 60 }, (_, index) => {
      host.interface(`/ns/${index}`);
      return host.daemon.allocate(
        allocate(attachmentOf(index), {}, `/ns/${index}`),
        anyCaller(),
      );
    }),
  ));
  const messages = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [String(outcome.reason)] : []
  );
  assert(messages.length > 20);
  for (const message of messages) {
    assert(
      message.endsWith(
        ", and another message is waiting because of -packetrate",
      ),
      message,
    );
  }
});

Deno.test("an ADD that fails releases its offer although other packets wait", async () => {
  const host = new BusyHost("-packetrate", "1");
  host.interface();
  host.server = (sent) =>
    sent.type === "REQUEST"
      ? [reply("ACK", sent.message.xid, { options: { 1: "00000000" } })]
      : friendly(sent);
  const pending = host.daemon.allocate(allocate(), anyCaller()).catch(() => {});
  await host.settle(pending);
  await host.advance(5000);
  assertEquals(host.types, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(host.interfaces.at("/ns/a")?.openSockets, 0);
});
