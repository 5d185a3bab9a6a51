import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { Announcements } from "../../../../lib/dhcp/daemon/announcements.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

/** Announcements on an interface that may refuse them. */
class Fixture {
  readonly scheduler = new FakeScheduler();
  readonly announced: string[] = [];
  readonly log: string[] = [];
  isRefused = false;
  readonly announcements = new Announcements({
    attached: {
      announce: (address) => {
        if (this.isRefused) throw new SystemError("network is down");
        this.announced.push(formatIpAddress(address));
      },
    },
    scheduler: this.scheduler,
    log: (_level, event) => this.log.push(event),
  });
}

Deno.test("Announcements.begin() replaces the address before", async () => {
  const { announcements, announced, scheduler } = new Fixture();
  announcements.begin(ip("192.0.2.50"));
  await scheduler.advance(1000);
  announcements.begin(ip("192.0.2.60"));
  await scheduler.advance(10_000);
  assertEquals(announced, ["192.0.2.50", "192.0.2.60", "192.0.2.60"]);
});

Deno.test("Announcements logs one that cannot be sent, and sends the next", async () => {
  const fixture = new Fixture();
  const { announcements, announced, log, scheduler } = fixture;
  fixture.isRefused = true;
  announcements.begin(ip("192.0.2.50"));
  fixture.isRefused = false;
  await scheduler.advance(2000);
  assertEquals([announced, log], [["192.0.2.50"], ["announcement-failed"]]);
});
