import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { LinkWatch } from "../../../../lib/dhcp/daemon/link_watch.ts";
import type { InterfaceEvent } from "../../../../lib/netlink/notification.ts";
import { testRows } from "../../../support/rows.ts";
import { type FakeInterface, FakeInterfaces } from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

/** A watch on a fake interface. */
class Fixture {
  readonly attached: FakeInterface = new FakeInterfaces({
    scheduler: new FakeScheduler(),
    onSend: () => {},
  }).add("/ns/a", "1");
  readonly events: InterfaceEvent[] = [];
  readonly log: string[] = [];
  readonly watch = new LinkWatch({
    attached: this.attached,
    log: (_level, event) => this.log.push(event),
    onEvent: (event) => this.events.push(event),
  });
}

Deno.test("LinkWatch.open() returns the interface and begins to watch it", () => {
  const { attached, watch, events } = new Fixture();
  assertEquals(watch.open({ setUp: false }), attached.link);
  assertEquals(watch.kind, "veth");
  attached.set({ mtu: 1400 });
  assertEquals(events, ["changed"]);
  watch[Symbol.dispose]();
  attached.set({ mtu: 1500 });
  assertEquals([events.length, attached.isWatched], [1, false]);
});

testRows("LinkWatch.open()", [
  { name: "sets a link up that is down", setUp: true, isUp: true },
  {
    name: "leaves a link down if it is not to be set up",
    setUp: false,
    isUp: false,
  },
], ({ setUp, isUp }) => {
  const { attached, watch, log } = new Fixture();
  attached.set({ isUp: false });
  assertEquals(watch.open({ setUp })?.isUp, isUp);
  assertEquals(attached.link?.isUp, isUp);
  assertEquals(log, isUp ? ["link-set-up"] : []);
});

Deno.test("LinkWatch.open() returns undefined if the interface is gone", () => {
  const { attached, watch } = new Fixture();
  attached.remove();
  assertEquals(watch.open({ setUp: true }), undefined);
});

function refuse(): never {
  throw new SystemError("too many open files");
}

interface Row {
  readonly name: string;
  readonly event: InterfaceEvent;
  /** What happens before the event. */
  readonly prepare?: (attached: FakeInterface) => void;
  readonly want: string;
}

testRows<Row>("LinkWatch.inspect()", [
  {
    name: "changed: the interface is present",
    event: "changed",
    want: "present",
  },
  {
    name: "removed: the interface is gone",
    event: "removed",
    prepare: (attached) => attached.remove(),
    want: "gone interface",
  },
  {
    name: "removed: a late event of an earlier interface",
    event: "removed",
    want: "present",
  },
  {
    name:
      "changed: the interface is gone, and its removal is still to be reported",
    event: "changed",
    prepare: (attached) => attached.remove(),
    want: "gone interface",
  },
  {
    name: "netns-gone: the namespace is gone",
    event: "netns-gone",
    prepare: (attached) => attached.remove("netns-gone"),
    want: "gone namespace",
  },
  {
    name: "netns-gone: a late event of an earlier namespace with the same id",
    event: "netns-gone",
    want: "present",
  },
  {
    name: "changed: the interface cannot be read",
    event: "changed",
    prepare: (attached) => attached.read = refuse,
    want: "unknown",
  },
  {
    name: "netns-gone: the namespace cannot be watched",
    event: "netns-gone",
    prepare: (attached) => attached.watch = refuse,
    want: "gone namespace",
  },
], ({ event, prepare, want }) => {
  const { attached, watch, log } = new Fixture();
  watch.open({ setUp: false });
  prepare?.(attached);
  const status = watch.inspect(event);
  const what = status.kind === "gone" ? ` ${status.what}` : "";
  assertEquals(`${status.kind}${what}`, want);
  assertEquals(log, want === "unknown" ? ["interface-unreadable"] : []);
});

Deno.test("LinkWatch.inspect() watches again after netns-gone", () => {
  const { attached, watch, events } = new Fixture();
  watch.open({ setUp: false });
  watch.inspect("netns-gone");
  attached.notify("changed");
  assertEquals(events, ["changed"]);
});
