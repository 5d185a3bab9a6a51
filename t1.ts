import { TestLink } from "./tests/support/network_namespaces.ts";
import { Mailbox } from "./tests/support/waiting.ts";
import { EventLoop } from "./lib/sys/event_loop.ts";
import { LinkMonitor, type LinkEvent } from "./lib/sys/link_monitor.ts";
import { openLinkControl } from "./lib/sys/link.ts";
using link = new TestLink();
await using loop = new EventLoop((e) => console.error("loop", e));
using monitor = new LinkMonitor(loop);
let ifIndex: number;
const box = new Mailbox<LinkEvent>();
{
  using netns = link.client.open();
  console.log(netns.identity);
  using control = openLinkControl(netns);
  const eth0 = control.find("eth0");
  console.log(eth0, control.find("nope"));
  ifIndex = eth0!.index;
  monitor.watch(netns, ifIndex, (e) => { console.log(e.kind, (e as any).link?.hasCarrier, (e as any).address); box.put(e); });
}
link.server.ip("link set eth0 down");
await box.take("down", (e) => e.kind === "changed" && !e.link.hasCarrier);
link.server.ip("link set eth0 up");
await box.take("up", (e) => e.kind === "changed" && e.link.hasCarrier);
link.client.ip("addr add 192.0.2.7/24 dev eth0");
await box.take("addr", (e) => e.kind === "address-added");
link.client.ip("addr del 192.0.2.7/24 dev eth0");
await box.take("addr", (e) => e.kind === "address-removed");
if (Deno.args[0] === "link") { link.client.ip("link del eth0"); await box.take("removed", (e) => e.kind === "removed"); }
link.client.remove();
await box.take("gone", (e) => e.kind === "netns-gone");
